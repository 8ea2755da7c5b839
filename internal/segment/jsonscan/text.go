package jsonscan

// jsonText is a text of JSON, RFC 8259, with marks where they pay. Each method
// and function here takes the offset at which something begins and returns the
// offset after it. Where the text breaks the grammar, it returns the bitwise
// complement of the offset of the fault, which is a negative number. Most of
// the time of a conversion is spent here, so that the grammar is written out by
// hand: jsontext takes two to three times as long. The tests compare the two.
//
// The methods do not check for UTF-8, which Scanner.Start has done before. Lone
// surrogates pass.
type jsonText struct {
	bytes []byte
	marks marks
}

// MaxDepth is how deep values may be nested. jsontext has the same limit.
const MaxDepth = 10_000

// SkipBlanks returns the offset of the first byte that is not a blank.
func SkipBlanks(text []byte, at int) int {
	for at < len(text) && text[at] <= ' ' && isBlankByte[text[at]] {
		at++
	}
	return at
}

var isBlankByte = [' ' + 1]bool{' ': true, '\t': true, '\r': true, '\n': true}

// skipValue passes over a value that is nested in depth others.
func (t *jsonText) skipValue(at, depth int) int {
	if at >= len(t.bytes) {
		return ^at
	}
	switch t.bytes[at] {
	case '"':
		return t.skipString(at)
	case '{':
		return t.skipObject(at, depth)
	case '[':
		return t.skipArray(at, depth)
	case 't':
		return skipWord(t.bytes, at, "true")
	case 'f':
		return skipWord(t.bytes, at, "false")
	case 'n':
		return skipWord(t.bytes, at, "null")
	default:
		return skipNumber(t.bytes, at)
	}
}

// skipObject handles the usual case of each step, a short string without
// blanks around it, inline: a call would take as long as the step.
func (t *jsonText) skipObject(at, depth int) int {
	if depth == MaxDepth {
		return ^at
	}
	text := t.bytes
	at, isOver := skipOpening(text, at, '}')
	for !isOver {
		if at >= len(text) || text[at] != '"' {
			return ^at
		}
		if end := t.nearEnd(at + 1); end > 0 {
			at = end
		} else if at = t.skipRest(at + 1); at < 0 {
			return at
		}
		if at+1 < len(text) && text[at] == ':' && text[at+1] > ' ' {
			at++
		} else if at = skipColon(text, at); at < 0 {
			return at
		}
		if at >= len(text) || text[at] != '"' {
			at = t.skipValue(at, depth+1)
		} else if end := t.nearEnd(at + 1); end > 0 {
			at = end
		} else {
			at = t.skipRest(at + 1)
		}
		if at < 0 {
			return at
		}
		if at+1 < len(text) && text[at] == ',' && text[at+1] > ' ' {
			at++
		} else {
			at, isOver = skipSeparator(text, at, '}')
		}
	}
	return at
}

func (t *jsonText) skipArray(at, depth int) int {
	if depth == MaxDepth {
		return ^at
	}
	at, isOver := skipOpening(t.bytes, at, ']')
	for !isOver {
		if at = t.skipValue(at, depth+1); at < 0 {
			return at
		}
		at, isOver = skipSeparator(t.bytes, at, ']')
	}
	return at
}

// skipOpening passes over an opening bracket, and over the closing one of an
// object or array that is empty: then it is over.
func skipOpening(text []byte, at int, closing byte) (next int, isOver bool) {
	at = SkipBlanks(text, at+1)
	if at < len(text) && text[at] == closing {
		return at + 1, true
	}
	return at, false
}

// skipSeparator passes over the comma before another element, or over the
// closing bracket. The object or array is also over where the text is broken.
func skipSeparator(text []byte, at int, closing byte) (next int, isOver bool) {
	at = SkipBlanks(text, at)
	switch {
	case at >= len(text):
		return ^at, true
	case text[at] == ',':
		return SkipBlanks(text, at+1), false
	case text[at] == closing:
		return at + 1, true
	default:
		return ^at, true
	}
}

// skipName passes over the name of a member.
func (t *jsonText) skipName(at int) int {
	if at >= len(t.bytes) || t.bytes[at] != '"' {
		return ^at
	}
	return t.skipString(at)
}

// skipColon passes over the colon between the name of a member and its value,
// and over the blanks around it.
func skipColon(text []byte, at int) int {
	at = SkipBlanks(text, at)
	if at >= len(text) || text[at] != ':' {
		return ^at
	}
	return SkipBlanks(text, at+1)
}

// skipString passes over a string.
func (t *jsonText) skipString(at int) int {
	if end := t.nearEnd(at + 1); end > 0 {
		return end
	}
	return t.skipRest(at + 1)
}

// skipRest passes over the rest of a string.
func (t *jsonText) skipRest(at int) int {
	for {
		at = t.special(at)
		if at >= len(t.bytes) {
			return ^at
		}
		switch t.bytes[at] {
		case '"':
			return at + 1
		case '\\':
			if at = skipEscape(t.bytes, at); at < 0 {
				return at
			}
		default:
			return ^at
		}
	}
}

func skipEscape(text []byte, at int) int {
	if at+1 >= len(text) {
		return ^len(text)
	}
	switch text[at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 2
	case 'u':
		return skipHex(text, at+2)
	default:
		return ^at
	}
}

// skipHex passes over the four digits of an escaped character.
func skipHex(text []byte, at int) int {
	for range 4 {
		if at >= len(text) || !isHex(text[at]) {
			return ^at
		}
		at++
	}
	return at
}

func isHex(b byte) bool { return IsDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'f' }

func skipWord(text []byte, at int, word string) int {
	for i := range len(word) {
		if at+i >= len(text) || text[at+i] != word[i] {
			return ^(at + i)
		}
	}
	return at + len(word)
}
