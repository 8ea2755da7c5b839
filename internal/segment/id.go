package segment

import (
	"bytes"
	"hash/maphash"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// ID stands for an id of a person. Within the process, the same id always has the
// same ID, and two different ids nearly always have different ones. If two
// people do get the same ID, their calls are only sent in a stricter order than
// necessary.
type ID uint64

// idSeed keeps a sender from choosing ids with the same ID.
var idSeed = maphash.MakeSeed()

// IDOf returns the ID of an id, which is given unescaped and without quotes, or 0
// for an empty one.
func IDOf(text []byte) ID {
	if len(text) == 0 {
		return 0
	}
	return max(1, ID(maphash.Bytes(idSeed, text)))
}

// id returns the ID of the id in a field.
func (d *document) id(f field) ID {
	if !d.has(f) {
		return 0
	}
	return IDOf(jsonscan.Unquote(d.value[f]))
}

// normaliseID turns a number into a string, and drops an empty string, which web
// SDKs send for somebody who is not logged in.
func (c *Converter) normaliseID(f field) {
	value := c.doc.value[f]
	switch jsonscan.KindOf(value) {
	case '0':
		start := len(c.scratch)
		c.scratch = append(appendNumericID(append(c.scratch, '"'), value), '"')
		c.doc.value[f] = c.scratch[start:]
	case '"':
		if !jsonscan.IsText(value) {
			c.doc.drop(f)
		}
	}
}

// quotedID returns an id as a string, or nil if the value is not an id.
func quotedID(value jsontext.Value) jsontext.Value {
	switch {
	case jsonscan.IsText(value):
		return value
	case jsonscan.KindOf(value) == '0':
		return append(appendNumericID(jsontext.Value{'"'}, value), '"')
	default:
		return nil
	}
}

// maxIDDigits is how long a number may become when it is written without its
// exponent. Longer numbers are nobody's id, and a few bytes must not become a
// giant id.
const maxIDDigits = 100

// appendNumericID writes a number as the text of an id, with all of its digits.
// A whole number is written without fraction and exponent, because 55520,
// 55520.0 and 5.552E4 mean the same person.
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
