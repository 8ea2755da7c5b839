package ingest

import "bytes"

// WithoutNaN returns a text in which NaN, Infinity and -Infinity outside of
// strings are null, and whether there were any. They are not JSON, and the SDKs
// for Python send them all the same: one of them would cost its whole batch.
func WithoutNaN(text []byte) (repaired []byte, found bool) {
	if !bytes.Contains(text, nan) && !bytes.Contains(text, infinity) {
		return text, false
	}
	copied, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == 'N' || c == 'I' || c == '-':
			length := lengthOfNaN(text[i:])
			if length == 0 {
				continue
			}
			repaired = append(append(repaired, text[copied:i]...), "null"...)
			i += length - 1
			copied, found = i+1, true
		}
	}
	if !found {
		return text, false
	}
	return append(repaired, text[copied:]...), true
}

var (
	nan      = []byte("NaN")
	infinity = []byte("Infinity")
)

func lengthOfNaN(text []byte) int {
	number := bytes.TrimPrefix(text, []byte("-"))
	signed := len(text) - len(number)
	switch {
	case bytes.HasPrefix(number, infinity):
		return signed + len(infinity)
	case signed == 0 && bytes.HasPrefix(number, nan):
		return len(nan)
	default:
		return 0
	}
}
