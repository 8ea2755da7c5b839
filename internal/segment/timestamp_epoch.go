package segment

import (
	"slices"
	"time"
)

// epochUnits are the units in which numbers count from 1970, told apart by how
// many digits they have before the point. Between microseconds and nanoseconds
// is a gap, where .NET's ticks of today are.
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

// Only what lies between them is an epoch: numbers that are small mean
// something else, and so do those that are large.
var (
	firstEpoch = time.Date(1973, time.March, 3, 0, 0, 0, 0, time.UTC)
	endOfEpoch = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// zeroTimes are the zero time of Go in seconds, milliseconds and microseconds,
// and what its nanoseconds overflow to, all without their minus.
var zeroTimes = []int64{62135596800, 62135596800e3, 62135596800e6, 6795364578871345152}

// readEpoch reads a number as the time that has passed since 1970.
func readEpoch(literal string) (instant, timeReading) {
	n, ok := readDecimal(literal)
	switch {
	case !ok:
		return instant{}, timeUnreadable
	case n.isZero() || n.isZeroTime():
		return instant{}, timeAbsent
	case n.isNegative || n.isDate() || n.isDateAndTime():
		return instant{}, timeUnreadable
	}
	at, ok := n.epoch()
	if !ok || at.Before(firstEpoch) || !at.Before(endOfEpoch) {
		return at, timeUnreadable
	}
	return at, timeRead
}

// epoch reads the number in the unit that its digits say.
func (n decimal) epoch() (instant, bool) {
	if n.count()-n.point > maxFractionDigits {
		return instant{}, false
	}
	for _, unit := range epochUnits {
		if n.point < unit.from || n.point > unit.to {
			continue
		}
		second := n.point - unit.digits
		t := time.Unix(n.between(0, second), n.between(second, second+maxFractionDigits)).UTC()
		return instant{t, digitsOf(t)}, true
	}
	return instant{}, false
}

func (n decimal) isZeroTime() bool {
	return n.isNegative && n.point <= maxWholeDigits && slices.Contains(zeroTimes, n.between(0, n.point))
}

// isDate says whether the number is a date that is written like 20240131.
func (n decimal) isDate() bool {
	return n.point == len("20060102") && n.hasYear() && isIn("20060102", n.whole())
}

// isDateAndTime says whether the number is a date and time that is written
// like 20240131123000, with or without the seconds. One digit for the hour is
// not looked for: from 2033 on, every 80th number of milliseconds would read
// like that.
func (n decimal) isDateAndTime() bool {
	if n.point > maxWholeDigits || !n.hasYear() {
		return false
	}
	return isIn("200601021504", n.whole()) || isIn("20060102150405", n.whole())
}

// hasYear says whether the number begins with a year that somebody may have
// meant. The year 9999 is where databases say never.
func (n decimal) hasYear() bool {
	year := n.between(0, len("2006"))
	return year >= 1900 && year < 2100 || year == 9999
}

// isIn says whether a text is a time in a layout.
func isIn(layout, text string) bool {
	_, err := time.Parse(layout, text)
	return len(text) == len(layout) && err == nil
}
