package segment

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mistakeAt says what there is at the place where a text of JSON is broken,
// and how to fix it, in words of its own: what a payload holds is shown to
// nobody.
func mistakeAt(text []byte, at int) string {
	p := placeIn(text, at)
	b := text[at]
	switch {
	case b == 0:
		return `a NUL byte; take NUL bytes out, or write \u0000 inside a string`
	case p.token >= 0 && text[p.token] == '"':
		return inString(b)
	case p.token >= 0:
		return wordAt(text[p.token:])
	}
	if found := strangeAt(text[at:]); found != "" {
		return found
	}
	switch p.want {
	case wantValue:
		return p.notValue(b)
	case wantName:
		return notName(b)
	case wantColon:
		return "no colon after the name of a member; write one"
	case wantComma:
		return notComma(b)
	default:
		return "something after the end of the event; take it out, or split the payload there"
	}
}

// inString is about a byte that no string may hold as it is.
func inString(b byte) string {
	switch {
	case b == '\n' || b == '\r':
		return `a line break inside a string; write it as \n, or do not split the payload there`
	case b == '\t':
		return `a tab inside a string; write it as \t`
	case b < ' ':
		return fmt.Sprintf(`a control character inside a string; write it as \u%04x`, b)
	case b == '\\':
		return "a backslash before a character that JSON has no escape for; double the backslash"
	default:
		return `an escape \u without four hexadecimal digits; write four of them`
	}
}

// strangeAt knows characters that JSON has no use for outside of strings.
func strangeAt(rest []byte) string {
	switch r, _ := utf8.DecodeRune(rest); {
	case r == '\'' || r == '`':
		return "a single quote; JSON wants double quotes around text and names"
	case r == '\\':
		return "a backslash, as in JSON that was quoted; unquote the payload once"
	case r == '/' || r == '#':
		return "a comment, which JSON does not have; take it out"
	case r == '\ufeff':
		return "a byte order mark that is not the first of the payload; take it out"
	case unicode.In(r, unicode.Quotation_Mark) && r != '"':
		return "a typographic quotation mark; write a straight double quote"
	case r >= utf8.RuneSelf && (unicode.IsSpace(r) || unicode.In(r, unicode.Cf)):
		return "a blank that JSON does not know, such as a no-break space; write a plain one"
	case r < ' ' || r == 0x7f:
		return "a control character; take it out"
	default:
		return ""
	}
}

const (
	tooDeep        = "more than 10,000 values inside each other; send less deep ones"
	nothingBetween = "a comma with nothing before it; write null, or take the comma out"
	commaTooMuch   = "a bracket that closes right after a comma; take the comma out"
	closesNothing  = "a bracket that closes nothing; take it out"
	noValue        = "no value after the name of a member; write null, or leave the member out"
)

func (p *place) notValue(b byte) string {
	switch isMember := len(p.open) > 0 && p.open[len(p.open)-1] == '{'; {
	case b == '{' || b == '[':
		return tooDeep
	case isMember && (b == ',' || b == '}'):
		return noValue
	case b == ',':
		return nothingBetween
	case (b == ']' || b == '}') && len(p.open) == 0:
		return closesNothing
	case b == ']':
		return commaTooMuch
	default:
		return wordAt(p.text[p.at:])
	}
}

func notName(b byte) string {
	switch {
	case b == '}':
		return commaTooMuch
	case b == ',':
		return nothingBetween
	case isWordByte(b) || b >= utf8.RuneSelf:
		return "a name without quotes; JSON wants double quotes around names"
	default:
		return "something where the name of a member should be; JSON wants names in double quotes"
	}
}

func notComma(b byte) string {
	switch b {
	case '}', ']':
		return "a bracket that does not fit the one that it closes; write the other kind"
	case '=', ':':
		return "a colon or an equals sign where JSON wants a comma; write a comma"
	default:
		return "no comma between two values or members; write one"
	}
}

// wordAt is about a word or a number that JSON does not have.
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
		return "None, True or False as Python writes them; write null, true or false, or use json.dumps"
	case "undefined":
		return "JavaScript's undefined; write null, or use JSON.stringify"
	case "null", "nil":
		return "a null in another spelling than JSON's; write null in small letters"
	}
	return numberAt(word, unsigned)
}

// maxKnownWord is longer than any word that is known, and than what tells a
// number from a text.
const maxKnownWord = 64

func numberAt(word, unsigned string) string {
	switch {
	case unsigned == "" && word != "-":
		return "something that JSON does not allow there"
	case strings.HasPrefix(unsigned, "0x"):
		return "a hexadecimal number; write it in decimal, or in quotes"
	case len(unsigned) > 1 && unsigned[0] == '0' && isDigit(unsigned[1]):
		return "a number with a zero before it; take the zero out, or write the number in quotes"
	case word[0] == '+':
		return "a number with a plus before it; take the plus out"
	case unsigned != "" && unsigned[0] == '.':
		return "a number that begins with its point; write a zero before it"
	case strings.Trim(word, "0123456789") == "-" || isBegunNumber(unsigned):
		return "an incomplete number; write its digits, or null"
	default:
		return "text without quotes; JSON wants double quotes around it"
	}
}

// isBegunNumber says whether another digit would make a number of it.
func isBegunNumber(unsigned string) bool { return unsigned != "" && isNumber(unsigned+"0") }
