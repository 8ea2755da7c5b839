package segment

import (
	"encoding/binary"
	"math/bits"
)

// The functions here read JSON text, RFC 8259. Each is given the place at which
// something begins and returns the place behind it, or, where the text breaks
// the grammar, the complement of the place where it does: a negative number.
// That is what most of the time of a conversion is spent on, so that it is
// written out here: jsontext takes twice as long. The tests compare the two.
//
// Bytes that are not UTF-8 pass, as do lone surrogates; whoever minds them has
// looked before.

// maxDepth is how many values may stand inside each other, which is what
// jsontext takes as well.
const maxDepth = 10_000

// skipBlanks returns the place of what comes after blanks.
func skipBlanks(text []byte, at int) int {
	for at < len(text) && text[at] <= ' ' && isBlankByte[text[at]] {
		at++
	}
	return at
}

var isBlankByte = [' ' + 1]bool{' ': true, '\t': true, '\r': true, '\n': true}

// skipValue passes over a value that is inside depth others.
func skipValue(text []byte, at, depth int) int {
	if at >= len(text) {
		return ^at
	}
	switch text[at] {
	case '"':
		return skipString(text, at)
	case '{':
		return skipObject(text, at, depth)
	case '[':
		return skipArray(text, at, depth)
	case 't':
		return skipWord(text, at, "true")
	case 'f':
		return skipWord(text, at, "false")
	case 'n':
		return skipWord(text, at, "null")
	default:
		return skipNumber(text, at)
	}
}

func skipObject(text []byte, at, depth int) int {
	if depth == maxDepth {
		return ^at
	}
	at, isOver := skipOpening(text, at, '}')
	for !isOver {
		if at = skipName(text, at); at < 0 {
			return at
		}
		if at = skipColon(text, at); at < 0 {
			return at
		}
		if at = skipValue(text, at, depth+1); at < 0 {
			return at
		}
		at, isOver = skipSeparator(text, at, '}')
	}
	return at
}

func skipArray(text []byte, at, depth int) int {
	if depth == maxDepth {
		return ^at
	}
	at, isOver := skipOpening(text, at, ']')
	for !isOver {
		if at = skipValue(text, at, depth+1); at < 0 {
			return at
		}
		at, isOver = skipSeparator(text, at, ']')
	}
	return at
}

// skipOpening passes over a bracket, and over its closing one where nothing is
// between them: then the object or array is over.
func skipOpening(text []byte, at int, closing byte) (next int, isOver bool) {
	at = skipBlanks(text, at+1)
	if at < len(text) && text[at] == closing {
		return at + 1, true
	}
	return at, false
}

// skipSeparator passes over the comma in front of another element, or over
// the closing bracket. The object or array is over where the text is broken,
// too.
func skipSeparator(text []byte, at int, closing byte) (next int, isOver bool) {
	at = skipBlanks(text, at)
	switch {
	case at >= len(text):
		return ^at, true
	case text[at] == ',':
		return skipBlanks(text, at+1), false
	case text[at] == closing:
		return at + 1, true
	default:
		return ^at, true
	}
}

// skipName passes over the name of a member.
func skipName(text []byte, at int) int {
	if at >= len(text) || text[at] != '"' {
		return ^at
	}
	return skipString(text, at)
}

// skipColon passes over what stands between the name of a member and its
// value.
func skipColon(text []byte, at int) int {
	at = skipBlanks(text, at)
	if at >= len(text) || text[at] != ':' {
		return ^at
	}
	return skipBlanks(text, at+1)
}

// skipString passes over a string, eight bytes at a time while none of them
// ends it, is an escape or must not be there.
func skipString(text []byte, at int) int {
	for at++; ; {
		for len(text)-at >= 8 {
			found := specialBytes(binary.LittleEndian.Uint64(text[at:]))
			if found != 0 {
				at += bits.TrailingZeros64(found) / 8
				break
			}
			at += 8
		}
		switch {
		case at >= len(text):
			return ^at
		case text[at] == '"':
			return at + 1
		case text[at] == '\\':
			if at = skipEscape(text, at); at < 0 {
				return at
			}
		case text[at] < ' ':
			return ^at
		default:
			at++
		}
	}
}

// specialBytes marks, by their highest bit, the quotes, backslashes and control
// characters in eight bytes. The lowest mark is right; above it a subtraction
// may have borrowed from the next byte.
func specialBytes(eight uint64) uint64 {
	const (
		each    = 0x0101010101010101
		highest = 0x80 * each
	)
	quotes := eight ^ each*'"'
	backslashes := eight ^ each*'\\'
	return ((quotes-each)&^quotes | (backslashes-each)&^backslashes | (eight-each*' ')&^eight) & highest
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

func isHex(b byte) bool { return isDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'f' }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func skipWord(text []byte, at int, word string) int {
	for i := range len(word) {
		if at+i >= len(text) || text[at+i] != word[i] {
			return ^(at + i)
		}
	}
	return at + len(word)
}

func skipNumber(text []byte, at int) int {
	if at < len(text) && text[at] == '-' {
		at++
	}
	if at < len(text) && text[at] == '0' {
		at++
	} else if at = skipDigits(text, at); at < 0 {
		return at
	}
	if at < len(text) && text[at] == '.' {
		if at = skipDigits(text, at+1); at < 0 {
			return at
		}
	}
	if at >= len(text) || text[at]|0x20 != 'e' {
		return at
	}
	at++
	if at < len(text) && (text[at] == '+' || text[at] == '-') {
		at++
	}
	return skipDigits(text, at)
}

// skipDigits passes over one digit at least.
func skipDigits(text []byte, at int) int {
	first := at
	for at < len(text) && isDigit(text[at]) {
		at++
	}
	if at == first {
		return ^at
	}
	return at
}
