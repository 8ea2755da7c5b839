package timestamp

import (
	"slices"
	"strconv"
	"time"

	"benthos-segment/internal/segment/jsonscan"
)

// epochUnits are the units in which numbers count from 1970, told apart by the
// number of digits before the point. There is a gap between microseconds and
// nanoseconds, where today's ticks of .NET are.
var epochUnits = [...]struct {
	// from and to are the fewest and the most digits.
	from, to int
	// digits is how many of them are below a second.
	digits int
}{
	{8, 11, 0},
	{12, 14, 3},
	{15, 17, 6},
	{19, 19, 9},
}

// Only numbers between these count from 1970: smaller and larger ones mean
// something else.
var (
	firstEpoch = time.Date(1973, time.March, 3, 0, 0, 0, 0, time.UTC)
	endOfEpoch = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// zeroTimes are the zero time of Go in seconds, milliseconds and microseconds,
// and the number to which its nanoseconds overflow, all without their minus
// sign.
var zeroTimes = []int64{62135596800, 62135596800e3, 62135596800e6, 6795364578871345152}

// readEpoch reads a number as the time that has passed since 1970.
func readEpoch(literal string) (Time, Result) {
	n, ok := parseDecimal(literal)
	switch {
	case !ok:
		return Time{}, Unreadable
	case n.IsZero() || n.isZeroTime():
		return Time{}, Absent
	case n.IsNegative || n.isDate() || n.isDateAndTime():
		return Time{}, Unreadable
	}
	at, ok := n.epoch()
	if !ok || at.Before(firstEpoch) || !at.Before(endOfEpoch) {
		return at, Unreadable
	}
	return at, Readable
}

// decimal is a number that may count from 1970.
type decimal struct{ jsonscan.Decimal }

func parseDecimal(literal string) (decimal, bool) {
	n, ok := jsonscan.ParseDecimal(literal)
	return decimal{n}, ok
}

// epoch reads the number in the unit that its number of digits tells.
func (n decimal) epoch() (Time, bool) {
	if n.Count()-n.Point > maxFractionDigits {
		return Time{}, false
	}
	for _, unit := range epochUnits {
		if n.Point < unit.from || n.Point > unit.to {
			continue
		}
		second := n.Point - unit.digits
		t := time.Unix(n.Digits(0, second), n.Digits(second, second+maxFractionDigits)).UTC()
		return Of(t), true
	}
	return Time{}, false
}

func (n decimal) isZeroTime() bool {
	return n.IsNegative && n.Point <= jsonscan.MaxWholeDigits && slices.Contains(zeroTimes, n.Digits(0, n.Point))
}

// isDate reports whether the number is a date that is written like 20240131.
func (n decimal) isDate() bool {
	return n.Point == len("20060102") && n.hasYear() && isIn("20060102", strconv.FormatInt(n.Integer(), 10))
}

// isDateAndTime reports whether the number is a date and time that is written
// like 20240131123000, with or without the seconds. Hours of one digit do not
// count: from 2033 on, every 80th number of milliseconds would look like that.
func (n decimal) isDateAndTime() bool {
	if n.Point > jsonscan.MaxWholeDigits || !n.hasYear() {
		return false
	}
	return isIn("200601021504", strconv.FormatInt(n.Integer(), 10)) || isIn("20060102150405", strconv.FormatInt(n.Integer(), 10))
}

// hasYear reports whether the number begins with a year that somebody may have
// meant. Databases write the year 9999 for never.
func (n decimal) hasYear() bool {
	year := n.Digits(0, len("2006"))
	return year >= 1900 && year < 2100 || year == 9999
}

// isIn reports whether a text is a time in a layout.
func isIn(layout, text string) bool {
	_, err := time.Parse(layout, text)
	return len(text) == len(layout) && err == nil
}
