package timestamp

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

const (
	minFractionDigits = 3
	maxFractionDigits = 9
)

// Append writes a time as Segment is sent it: RFC 3339 in UTC, with
// milliseconds, or more digits where it was given with more.
func Append(dst []byte, at Time) []byte {
	// The time package writes this layout much faster than any other. It leaves
	// out zeros at the end of a fraction, and the point if all digits are zero.
	dst = append(dst, '"')
	whole := len(dst) + len("2006-01-02T15:04:05")
	dst = at.AppendFormat(dst, time.RFC3339Nano)
	dst = dst[:len(dst)-len("Z")]
	if len(dst) == whole {
		dst = append(dst, '.')
	}
	for len(dst) <= whole+max(minFractionDigits, at.Digits) {
		dst = append(dst, '0')
	}
	return append(dst, `Z"`...)
}

// IsCanonical reports whether a value is a time that is written as Append would
// write it, which is how most of them come. It is there for speed: it leaves
// days that not every month has, and years before 1000, to Read, which knows
// the calendar and the zero time.
func IsCanonical(value jsontext.Value) bool {
	const form = `"0000-00-00T00:00:00.`
	end := len(value) - len(`Z"`)
	if digits := end - len(form); digits < minFractionDigits || digits > maxFractionDigits || string(value[end:]) != `Z"` {
		return false
	}
	if value[1] == '0' {
		return false
	}
	for i, b := range value[:end] {
		switch {
		case i >= len(form) || form[i] == '0':
			if !jsonscan.IsDigit(b) {
				return false
			}
		case b != form[i]:
			return false
		}
	}
	two := func(at int) int { return int(value[at]-'0')*10 + int(value[at+1]-'0') }
	month, day, hour, minute, second := two(6), two(9), two(12), two(15), two(18)
	return month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour < 24 && minute < 60 && second < 60
}
