package segment

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
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
	n, ok := readDecimal(string(literal))
	digits := strings.TrimRight(n.front+n.back, "0")
	isWhole := ok && len(digits) <= n.point && n.point <= maxIDDigits
	switch {
	case n.isZero():
		return append(dst, '0')
	case !isWhole:
		return append(dst, literal...)
	case n.isNegative:
		dst = append(dst, '-')
	}
	dst = append(dst, digits...)
	for range n.point - len(digits) {
		dst = append(dst, '0')
	}
	return dst
}
