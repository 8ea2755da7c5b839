package segment

import "strings"

// place is where a text of JSON is broken, and what the grammar wants there.
type place struct {
	text []byte
	at   int
	// open are the brackets that are open.
	open []byte
	// want is what may stand there.
	want want
	// token is where the string or the word begins that the place is inside of,
	// or -1.
	token int
}

type want uint8

const (
	// wantValue is after a bracket, a colon or, in an array, a comma.
	wantValue want = iota
	// wantName is after a brace or, in an object, a comma.
	wantName
	wantColon
	// wantComma is after a value: a comma or a closing bracket.
	wantComma
	wantEnd
)

// placeIn goes through a text again, up to where it is broken. The text before
// is good, so that it takes little to follow it; that it is gone through twice is
// for the few that are not.
func placeIn(text []byte, at int) place {
	p := place{text: text, at: at, token: -1}
	for i := skipBlanks(text, 0); i < at && p.token < 0; i = skipBlanks(text, i) {
		i = p.follow(i)
	}
	return p
}

// follow goes over one token, and returns the place after it.
func (p *place) follow(i int) int {
	switch b := p.text[i]; b {
	case '{', '[':
		p.open = append(p.open, b)
		p.want = wantValue
		if b == '{' {
			p.want = wantName
		}
		return i + 1
	case '}', ']':
		p.open = p.open[:len(p.open)-1]
		p.after()
		return i + 1
	case ',':
		p.want = wantValue
		if p.open[len(p.open)-1] == '{' {
			p.want = wantName
		}
		return i + 1
	case ':':
		p.want = wantValue
		return i + 1
	default:
		return p.followToken(i)
	}
}

// after says what may follow a value.
func (p *place) after() {
	p.want = wantComma
	if len(p.open) == 0 {
		p.want = wantEnd
	}
}

func (p *place) followToken(i int) int {
	end := p.tokenEnd(i)
	switch {
	case end < 0:
		p.token = i
		return p.at
	case p.want == wantName:
		p.want = wantColon
	default:
		p.after()
	}
	return end
}

// tokenEnd returns where a string, a word or a number ends that begins at i, or
// a negative number where the place is inside of it.
func (p *place) tokenEnd(i int) int {
	if p.text[i] == '"' {
		t := jsonText{bytes: p.text[:p.at]}
		return t.skipString(i)
	}
	end := i
	for end < p.at && strings.IndexByte(",:]} \t\r\n", p.text[end]) < 0 {
		end++
	}
	if end == p.at && (isWordByte(p.text[end]) || isIncomplete(p.text[i:end])) {
		return -1
	}
	return end
}

func isWordByte(b byte) bool {
	return isDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'z' || b == '.' || b == '+' || b == '-' || b == '_' || b == '$'
}

// isIncomplete says whether no value of JSON is written so.
func isIncomplete(token []byte) bool {
	t := jsonText{bytes: token}
	return t.skipValue(0, 0) != len(token)
}
