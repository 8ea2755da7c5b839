package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a text that strangers wrote safe to show: a terminal obeys control
// characters, and others make a text read backwards or take the next one for a
// part of it. Each of them is written as its number.
func Clean(text string) string {
	if !strings.ContainsFunc(text, isUnsafe) && utf8.ValidString(text) {
		return text
	}
	var clean strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&clean, `\x%02x`, text[i])
		case isUnsafe(r):
			clean.WriteString(escaped(r))
		default:
			clean.WriteString(text[i : i+size])
		}
		i += size
	}
	return clean.String()
}

// CleanJSON does the same for JSON, which stays what it is: such characters stand
// in its strings only.
func CleanJSON(text string) string {
	if !strings.ContainsFunc(text, isUnsafe) {
		return text
	}
	var clean strings.Builder
	for _, r := range text {
		switch {
		case r > 0xffff && isUnsafe(r):
			fmt.Fprintf(&clean, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		case isUnsafe(r):
			clean.WriteString(escaped(r))
		default:
			clean.WriteRune(r)
		}
	}
	return clean.String()
}

// isUnsafe says whether a character does something beside being seen. A joiner
// of emoji does no harm.
func isUnsafe(r rune) bool {
	const zeroWidthJoiner = '\u200d'
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != zeroWidthJoiner
}

func escaped(r rune) string {
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
