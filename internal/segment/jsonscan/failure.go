package jsonscan

import "strings"

// failure is the state of the grammar at the offset at which a text is broken.
type failure struct {
	text []byte
	at   int
	// open are the brackets that are open.
	open []byte
	// want is what the grammar allows there.
	want want
	// token is the offset of the string or the word that the failure is inside
	// of, or -1.
	token int
}

type want uint8

const (
	// wantValue follows an opening bracket, a colon or, in an array, a comma.
	wantValue want = iota
	// wantName follows an opening brace or, in an object, a comma.
	wantName
	wantColon
	// wantComma follows a value: a comma or a closing bracket.
	wantComma
	wantEnd
)

// failureAt goes through a text again, up to where it is broken. The text
// before that is good and easy to follow. Only broken texts are read twice.
func failureAt(text []byte, at int) failure {
	f := failure{text: text, at: at, token: -1}
	for i := SkipBlanks(text, 0); i < at && f.token < 0; i = SkipBlanks(text, i) {
		i = f.follow(i)
	}
	return f
}

// follow goes over one token, and returns the offset after it.
func (f *failure) follow(i int) int {
	switch b := f.text[i]; b {
	case '{', '[':
		f.open = append(f.open, b)
		f.want = wantValue
		if b == '{' {
			f.want = wantName
		}
		return i + 1
	case '}', ']':
		f.open = f.open[:len(f.open)-1]
		f.afterValue()
		return i + 1
	case ',':
		f.want = wantValue
		if f.open[len(f.open)-1] == '{' {
			f.want = wantName
		}
		return i + 1
	case ':':
		f.want = wantValue
		return i + 1
	default:
		return f.followToken(i)
	}
}

// afterValue sets what may follow a value.
func (f *failure) afterValue() {
	f.want = wantComma
	if len(f.open) == 0 {
		f.want = wantEnd
	}
}

func (f *failure) followToken(i int) int {
	end := f.tokenEnd(i)
	switch {
	case end < 0:
		f.token = i
		return f.at
	case f.want == wantName:
		f.want = wantColon
	default:
		f.afterValue()
	}
	return end
}

// tokenEnd returns the offset after the string, word or number that begins at
// i, or a negative number where the failure is inside of it.
func (f *failure) tokenEnd(i int) int {
	if f.text[i] == '"' {
		t := jsonText{bytes: f.text[:f.at]}
		return t.skipString(i)
	}
	end := i
	for end < f.at && strings.IndexByte(",:[]{}\" \t\r\n", f.text[end]) < 0 {
		end++
	}
	if end == f.at && (isWordByte(f.text[end]) || isIncomplete(f.text[i:end])) {
		return -1
	}
	return end
}

func isWordByte(b byte) bool {
	return IsDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'z' || b == '.' || b == '+' || b == '-' || b == '_' || b == '$'
}

// isIncomplete reports whether the token is not a JSON value.
func isIncomplete(token []byte) bool {
	t := jsonText{bytes: token}
	return t.skipValue(0, 0) != len(token)
}
