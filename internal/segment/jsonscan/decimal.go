package jsonscan

import (
	"strconv"
	"strings"
)

// Decimal is a JSON number with all of its digits: a float64 would lose some of
// a time in nanoseconds.
type Decimal struct {
	IsNegative bool
	// Whole and Fraction are the digits before and after the point as it was
	// written, without leading zeros.
	Whole, Fraction string
	// Point is how many digits come before the point once the exponent is
	// applied. It may be more than there are, or negative.
	Point int
}

const (
	// MaxWholeDigits is how many digits before the point fit into an int64.
	MaxWholeDigits = 19
	// maxExponent is more than any time needs.
	maxExponent = 400
)

// ParseDecimal takes a number literal apart. It is not ok where the exponent is
// out of all proportion.
func ParseDecimal(literal string) (n Decimal, ok bool) {
	literal, n.IsNegative = strings.CutPrefix(literal, "-")
	mantissa, exponent := literal, ""
	if at := strings.IndexAny(literal, "eE"); at >= 0 {
		mantissa, exponent = literal[:at], literal[at+1:]
	}
	n.Whole, n.Fraction, _ = strings.Cut(mantissa, ".")
	n.Whole = strings.TrimLeft(n.Whole, "0")
	n.Point = len(n.Whole)
	if n.Point == 0 {
		zeros := len(n.Fraction)
		n.Fraction = strings.TrimLeft(n.Fraction, "0")
		n.Point = len(n.Fraction) - zeros
	}
	if exponent == "" || n.IsZero() {
		return n, true
	}
	shift, err := strconv.Atoi(exponent)
	n.Point += shift
	return n, err == nil && max(shift, -shift) <= maxExponent
}

// IsZero reports whether the number is zero.
func (n Decimal) IsZero() bool { return n.Count() == 0 }

// Count returns how many digits there are.
func (n Decimal) Count() int { return len(n.Whole) + len(n.Fraction) }

// Digits returns the digits from one position to another as a number, with
// zeros after the last digit. They must fit into an int64: MaxWholeDigits.
func (n Decimal) Digits(from, to int) (number int64) {
	for i := from; i < to; i++ {
		number *= 10
		switch {
		case i < len(n.Whole):
			number += int64(n.Whole[i] - '0')
		case i < n.Count():
			number += int64(n.Fraction[i-len(n.Whole)] - '0')
		}
	}
	return number
}

// Integer returns the part before the point, which must fit into an int64.
func (n Decimal) Integer() int64 { return n.Digits(0, n.Point) }
