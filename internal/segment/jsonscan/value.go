package jsonscan

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// KindOf returns the byte with which a value begins, '0' for every number, and
// 0 for no value.
func KindOf(value jsontext.Value) byte {
	switch {
	case len(value) == 0:
		return 0
	case IsDigit(value[0]) || value[0] == '-':
		return '0'
	default:
		return value[0]
	}
}

// IsValue reports whether a text is one JSON value and nothing else.
func IsValue(text []byte) bool {
	t := jsonText{bytes: text}
	return utf8.Valid(text) && t.skipValue(0, 0) == len(text)
}

// IsText reports whether value is a string that is not empty.
func IsText(value jsontext.Value) bool {
	return KindOf(value) == '"' && len(value) > len(`""`)
}

// IsEmpty reports whether dropping the value would lose nothing: it is absent,
// null, or an empty string, object or array.
func IsEmpty(value jsontext.Value) bool {
	switch KindOf(value) {
	case 0, 'n':
		return true
	case '"':
		return !IsText(value)
	case '{':
		return IsEmptyObject(value)
	case '[':
		return IsEmptyArray(value)
	default:
		return false
	}
}

// IsEmptyObject reports whether value is an empty object or absent.
func IsEmptyObject(value jsontext.Value) bool {
	return len(value) == 0 ||
		value[0] == '{' && SkipBlanks(value, 1) == len(value)-1
}

// IsEmptyArray reports whether value is an empty array, which is how PHP writes
// an empty object.
func IsEmptyArray(value jsontext.Value) bool {
	return KindOf(value) == '[' && SkipBlanks(value, 1) == len(value)-1
}

// Unquote returns the text of a JSON string, in place where it has no
// escapes. A lone surrogate becomes U+FFFD, so that the result must never be
// sent.
func Unquote(quoted jsontext.Value) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return text
}

// UnquoteText returns the text of a string, and the empty text for any other
// value.
func UnquoteText(value jsontext.Value) string {
	if KindOf(value) != '"' {
		return ""
	}
	return string(Unquote(value))
}
