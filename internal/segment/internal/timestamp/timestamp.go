// Package timestamp reads a point in time in the spellings that SDKs, databases
// and languages have for it, and writes it as Segment is sent it.
package timestamp

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// Time is a point in time, in UTC, with the number of fraction digits that it
// was given with, so that microseconds of a sender stay microseconds. The time
// has no finer fraction than that.
type Time struct {
	time.Time
	Digits int
}

// Of returns a time with as many fraction digits as it takes to write it.
func Of(t time.Time) Time {
	digits := maxFractionDigits
	for rest := t.Nanosecond(); digits > 0 && rest%10 == 0; rest /= 10 {
		digits--
	}
	return Time{t, digits}
}

// IsWritable reports whether RFC 3339 can write the year.
func (t Time) IsWritable() bool { return t.isIn(writableYears) }

// Result is what came of reading a value as a time.
type Result uint8

const (
	// Absent is no value, or a value that stands for it: an empty text, zero, or
	// the year 1, which is the zero time of Go and .NET.
	Absent Result = iota
	// Unreadable is a value that is not taken for a time.
	Unreadable
	// Readable is a time.
	Readable
)

// Read reads a JSON value as a point in time: a text that puts the year first,
// or a number that counts from 1970, also as text.
func Read(value jsontext.Value) (Time, Result) {
	switch jsonscan.KindOf(value) {
	case 0:
		return Time{}, Absent
	case '"':
		return readText(jsonscan.Unquote(value))
	case '0':
		return readEpoch(string(value))
	default:
		return Time{}, Unreadable
	}
}

func readText(text []byte) (Time, Result) {
	if len(text) == 0 {
		return Time{}, Absent
	}
	if at, ok := parse(text); ok && at.isIn(usualYears) {
		return at, Readable
	}
	return readOddText(bytes.TrimSpace(text))
}

// readOddText reads the rare texts: a number, a zero, or not a time.
func readOddText(text []byte) (Time, Result) {
	at, ok := parse(text)
	switch {
	case isZeroDate(text) || ok && isZeroYear(text, at):
		return at, Absent
	case ok && at.IsWritable():
		return at, Readable
	case !ok && jsonscan.IsNumber(string(text)):
		return readEpoch(string(text))
	default:
		return at, Unreadable
	}
}

// IsUnreadable reports whether a finished call has something else in place of a
// time. There an empty text does not count as absent.
func IsUnreadable(value jsontext.Value) bool {
	_, result := Read(value)
	return result == Unreadable || jsonscan.KindOf(value) == '"' && !jsonscan.IsText(value)
}

// isZeroYear reports whether the time is in the year 1, as it is written or as
// it would be sent.
func isZeroYear(text []byte, at Time) bool {
	return bytes.HasPrefix(text, []byte("0001-")) || at.isIn(zeroYear)
}

// isZeroDate reports whether a text is the date that MySQL gives to rows
// without one. There is no such month.
func isZeroDate(text []byte) bool { return bytes.HasPrefix(text, []byte("0000-00-00")) }

// years is a range of years, by the seconds at which it begins and ends: it
// takes longer to compute the year of a time than to read it.
type years struct{ from, to int64 }

var (
	zeroYear = yearsOf(1, 1)
	// usualYears are near neither the zero time nor the end of the calendar,
	// in any zone.
	usualYears = yearsOf(3, 9998)
	// writableYears are those that RFC 3339 can write.
	writableYears = yearsOf(0, 9999)
)

func yearsOf(first, last int) years {
	startOf := func(year int) int64 { return time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC).Unix() }
	return years{startOf(first), startOf(last + 1)}
}

func (t Time) isIn(y years) bool { return t.Unix() >= y.from && t.Unix() < y.to }
