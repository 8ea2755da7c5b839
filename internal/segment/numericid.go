package segment

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonscan"
)

// maxIDDigits is how long a number may get that is written without its
// exponent. What is longer is no id of anybody, but a few bytes would become a
// giant one.
const maxIDDigits = 100

// appendNumericID writes a number as the text of an id, with every digit that
// it has. A whole number is written without fraction and exponent, because
// what encodes it once as 55520 and once as 55520.0 or 5.552E4 means one
// person.
func appendNumericID(dst []byte, literal jsontext.Value) []byte {
	if literal[0] != '-' && literal[0] != '0' && !bytes.ContainsAny(literal, ".eE") {
		return append(dst, literal...) // As nearly all come.
	}
	n, ok := jsonscan.ParseDecimal(string(literal))
	digits := strings.TrimRight(n.Whole+n.Fraction, "0")
	isWhole := ok && len(digits) <= n.Point && n.Point <= maxIDDigits
	switch {
	case n.IsZero():
		return append(dst, '0')
	case !isWhole:
		return append(dst, literal...)
	case n.IsNegative:
		dst = append(dst, '-')
	}
	dst = append(dst, digits...)
	for range n.Point - len(digits) {
		dst = append(dst, '0')
	}
	return dst
}
