package jsonscan

import (
	"bytes"
	"unicode/utf8"
)

// notUTF8 describes bytes that are not UTF-8.
func notUTF8(rest []byte) string {
	switch {
	case !utf8.FullRune(rest):
		return "an incomplete character; the payload was cut off in the middle of it"
	case bytes.HasPrefix(rest, []byte("\xc0\x80")):
		return "a NUL byte in Java's modified UTF-8, which is not UTF-8; encode the payload as UTF-8"
	case rest[0] == 0xed && rest[1] >= 0xa0:
		return "half of a character in CESU-8 or Java's modified UTF-8, which is not UTF-8; encode the payload as UTF-8"
	default:
		return "a byte that is not UTF-8, as in text in Latin-1 or Windows-1252; encode the payload as UTF-8"
	}
}
