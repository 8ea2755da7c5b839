package segment

import (
	"strconv"
	"strings"
)

// decimal is a number of JSON with every digit: a float64 would lose some of
// nanoseconds.
type decimal struct {
	isNegative bool
	// front and back are the digits before and after the point as it was
	// written, together without zeros in front.
	front, back string
	// point is how many digits are before the point. It may be more than there
	// are, or negative.
	point int
}

const (
	// maxWholeDigits is how many digits before the point fit into an int64.
	maxWholeDigits = 19
	// maxExponent is more than any time needs.
	maxExponent = 400
)

// readDecimal takes a number of JSON apart. One with an exponent out of all
// proportion is left.
func readDecimal(literal string) (n decimal, ok bool) {
	literal, n.isNegative = strings.CutPrefix(literal, "-")
	mantissa, exponent := literal, ""
	if at := strings.IndexAny(literal, "eE"); at >= 0 {
		mantissa, exponent = literal[:at], literal[at+1:]
	}
	n.front, n.back, _ = strings.Cut(mantissa, ".")
	n.front = strings.TrimLeft(n.front, "0")
	n.point = len(n.front)
	if n.point == 0 {
		zeros := len(n.back)
		n.back = strings.TrimLeft(n.back, "0")
		n.point = len(n.back) - zeros
	}
	if exponent == "" || n.isZero() {
		return n, true
	}
	shift, err := strconv.Atoi(exponent)
	n.point += shift
	return n, err == nil && max(shift, -shift) <= maxExponent
}

func (n decimal) isZero() bool { return n.count() == 0 }

// count returns how many digits there are.
func (n decimal) count() int { return len(n.front) + len(n.back) }

// between returns the number that is written from one place to another, with
// zeros where there are no digits any more. It has to fit: maxWholeDigits.
func (n decimal) between(from, to int) (number int64) {
	for i := from; i < to; i++ {
		number *= 10
		switch {
		case i < len(n.front):
			number += int64(n.front[i] - '0')
		case i < n.count():
			number += int64(n.back[i-len(n.front)] - '0')
		}
	}
	return number
}

// whole returns what is before the point, which has to fit.
func (n decimal) whole() string { return strconv.FormatInt(n.between(0, n.point), 10) }
