package jsonscan

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mistakeAt says what is at the offset at which a text is broken, and how to
// fix it. It never quotes the text, which may hold what nobody should see.
func mistakeAt(text []byte, at int) string {
	f := failureAt(text, at)
	b := text[at]
	switch {
	case b == 0:
		return `a NUL byte; remove NUL bytes, or write \u0000 inside a string`
	case f.token >= 0 && text[f.token] == '"':
		return inString(b)
	case f.token >= 0:
		return wordAt(text[f.token:])
	}
	if found := strangeAt(text[at:]); found != "" {
		return found
	}
	switch f.want {
	case wantValue:
		return f.notValue(b)
	case wantName:
		return notName(b)
	case wantColon:
		return "no colon after the name of a member; write one"
	case wantComma:
		return notComma(b)
	default:
		return "something after the end of the JSON value; remove it, or split the payload there"
	}
}

// inString describes a byte that must not be in a string as it is.
func inString(b byte) string {
	switch {
	case b == '\n' || b == '\r':
		return `a line break inside a string; write it as \n, or do not split the payload at it`
	case b == '\t':
		return `a tab inside a string; write it as \t`
	case b < ' ':
		return fmt.Sprintf(`a control character inside a string; write it as \u%04x`, b)
	case b == '\\':
		return "a backslash before a character that JSON has no escape for; double the backslash"
	default:
		return `an escape \u without four hexadecimal digits; write four`
	}
}

// strangeAt describes characters that JSON never has outside of strings.
func strangeAt(rest []byte) string {
	switch r, _ := utf8.DecodeRune(rest); {
	case r == '\'' || r == '`':
		return "a single quote; write double quotes around text and names"
	case r == '\\':
		return "a backslash, as in JSON that was quoted; unquote the payload once"
	case r == '/' || r == '#':
		return "a comment, which JSON does not have; remove it"
	case r == '\ufeff':
		return "a byte order mark after the start of the payload; remove it"
	case unicode.In(r, unicode.Quotation_Mark) && r != '"':
		return "a typographic quotation mark; write a straight double quote"
	case r >= utf8.RuneSelf && (unicode.IsSpace(r) || unicode.In(r, unicode.Cf)):
		return "a blank that JSON does not allow, such as a no-break space; write a plain space"
	case r < ' ' || r == 0x7f:
		return "a control character; remove it"
	default:
		return ""
	}
}

const (
	tooDeep        = "a value nested more than 10,000 deep; nest values less deeply"
	nothingBetween = "a comma with nothing before it; write null, or remove the comma"
	commaTooMuch   = "a closing bracket right after a comma; remove the comma"
	closesNothing  = "a closing bracket without an opening one; remove it"
	noValue        = "no value after the name of a member; write null, or leave the member out"
)

func (f *failure) notValue(b byte) string {
	switch isMember := len(f.open) > 0 && f.open[len(f.open)-1] == '{'; {
	case b == '{' || b == '[':
		return tooDeep
	case isMember && (b == ',' || b == '}'):
		return noValue
	case b == ',':
		return nothingBetween
	case (b == ']' || b == '}') && len(f.open) == 0:
		return closesNothing
	case b == ']':
		return commaTooMuch
	default:
		return wordAt(f.text[f.at:])
	}
}

func notName(b byte) string {
	switch {
	case b == '}':
		return commaTooMuch
	case b == ',':
		return nothingBetween
	case isWordByte(b) || b >= utf8.RuneSelf:
		return "a name without quotes; write double quotes around names"
	default:
		return "something that is not a name where the name of a member belongs; write names in double quotes"
	}
}

func notComma(b byte) string {
	switch b {
	case '}', ']':
		return "a closing bracket of the wrong kind; write the one that matches the opening bracket"
	case '=', ':':
		return "a colon or an equals sign in place of a comma; write a comma"
	default:
		return "no comma between two values or members; write one"
	}
}

// wordAt describes a word or a number that JSON does not have.
func wordAt(text []byte) string {
	end := 0
	for end < len(text) && isWordByte(text[end]) {
		end++
	}
	word := strings.ToLower(string(text[:min(end, maxKnownWord)]))
	unsigned := strings.TrimLeft(word, "+-")
	switch unsigned {
	case "nan":
		return "NaN, which JSON does not have, although Python's json.dumps writes it; write null"
	case "infinity", "inf":
		return "Infinity, which JSON does not have, although Python's json.dumps writes it; write null"
	case "none", "true", "false":
		return "None, True or False, which is how Python writes them; write null, true or false, or use json.dumps"
	case "undefined":
		return "JavaScript's undefined; write null, or use JSON.stringify"
	case "null", "nil":
		return "a misspelled null; write null in lower case"
	}
	return numberAt(word, unsigned)
}

// maxKnownWord is longer than every known word, and long enough to tell a
// number from text.
const maxKnownWord = 64

func numberAt(word, unsigned string) string {
	switch {
	case unsigned == "" && word != "-":
		return "something that JSON does not allow there"
	case strings.HasPrefix(unsigned, "0x"):
		return "a hexadecimal number; write it in decimal, or in quotes"
	case len(unsigned) > 1 && unsigned[0] == '0' && IsDigit(unsigned[1]):
		return "a number with a leading zero; remove the zero, or write the number in quotes"
	case word[0] == '+':
		return "a number with a plus sign; remove the sign"
	case unsigned != "" && unsigned[0] == '.':
		return "a number that begins with its decimal point; write a zero before it"
	case strings.Trim(word, "0123456789") == "-" || isBegunNumber(unsigned):
		return "an incomplete number; write its digits, or null"
	default:
		return "text without quotes; write double quotes around it"
	}
}

// isBegunNumber reports whether one more digit would complete a number.
func isBegunNumber(unsigned string) bool { return unsigned != "" && IsNumber(unsigned+"0") }
