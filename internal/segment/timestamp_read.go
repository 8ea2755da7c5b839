package segment

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonscan"
)

// timeReading is what came of reading a value as a time.
type timeReading uint8

const (
	// timeAbsent is nothing, or what stands for nothing: an empty text, zero, or
	// the year 1, which is the zero time of Go and .NET.
	timeAbsent timeReading = iota
	timeUnreadable
	timeRead
)

// readTime reads a JSON value as a point in time: a text that puts the year
// first, or a number that counts from 1970, as text too.
func readTime(value jsontext.Value) (instant, timeReading) {
	switch jsonscan.KindOf(value) {
	case 0:
		return instant{}, timeAbsent
	case '"':
		return readTimeText(jsonscan.Unquote(value))
	case '0':
		return readEpoch(string(value))
	default:
		return instant{}, timeUnreadable
	}
}

func readTimeText(text []byte) (instant, timeReading) {
	if len(text) == 0 {
		return instant{}, timeAbsent
	}
	if at, ok := parseTime(text); ok && at.isIn(usualYears) {
		return at, timeRead
	}
	return readOddText(bytes.TrimSpace(text))
}

// readOddText reads what few texts are: a number, a zero, or no time.
func readOddText(text []byte) (instant, timeReading) {
	at, ok := parseTime(text)
	switch {
	case isZeroDate(text) || ok && isZeroYear(text, at):
		return at, timeAbsent
	case ok && at.isIn(writableYears):
		return at, timeRead
	case !ok && jsonscan.IsNumber(string(text)):
		return readEpoch(string(text))
	default:
		return at, timeUnreadable
	}
}

// isUnreadableTime says whether a finished call has something else in place of
// a time. There an empty text does not count as absent.
func isUnreadableTime(value jsontext.Value) bool {
	_, read := readTime(value)
	return read == timeUnreadable || jsonscan.KindOf(value) == '"' && !jsonscan.IsText(value)
}

// isZeroYear says whether the time is of the year 1, as it is written or as it
// would be sent.
func isZeroYear(text []byte, at instant) bool {
	return bytes.HasPrefix(text, []byte("0001-")) || at.isIn(zeroYear)
}

// isZeroDate knows the date that MySQL gives to rows without one. There is no
// such month.
func isZeroDate(text []byte) bool { return bytes.HasPrefix(text, []byte("0000-00-00")) }

// years are some years, by the seconds at which they begin and end: to work
// out the year of a time takes longer than to read it.
type years struct{ from, to int64 }

var (
	zeroYear = yearsOf(1, 1)
	// usualYears are those that are neither near the zero time nor the end of
	// the calendar, in whatever zone.
	usualYears = yearsOf(3, 9998)
	// writableYears are those that RFC 3339 can write.
	writableYears = yearsOf(0, 9999)
)

func yearsOf(first, last int) years {
	startOf := func(year int) int64 { return time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC).Unix() }
	return years{startOf(first), startOf(last + 1)}
}

func (i instant) isIn(y years) bool { return i.Unix() >= y.from && i.Unix() < y.to }

// digitsOf returns how many fraction digits it takes to write t.
func digitsOf(t time.Time) int {
	digits := maxFractionDigits
	for rest := t.Nanosecond(); digits > 0 && rest%10 == 0; rest /= 10 {
		digits--
	}
	return digits
}
