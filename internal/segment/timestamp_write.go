package segment

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonscan"
)

const (
	minFractionDigits = 3
	maxFractionDigits = 9
)

// appendTime writes a time as Segment is sent it: RFC 3339 in UTC, with
// milliseconds or as many digits more as it was given with.
func appendTime(dst []byte, at instant) []byte {
	// The time package writes this layout much faster than any other. It leaves
	// out the zeros at the end of a fraction, and the point where all are.
	dst = append(dst, '"')
	whole := len(dst) + len("2006-01-02T15:04:05")
	dst = at.AppendFormat(dst, time.RFC3339Nano)
	dst = dst[:len(dst)-len("Z")]
	if len(dst) == whole {
		dst = append(dst, '.')
	}
	for len(dst) <= whole+max(minFractionDigits, at.digits) {
		dst = append(dst, '0')
	}
	return append(dst, `Z"`...)
}

// isSent says whether a value is a time, and written as appendTime would write
// it, which is how most of them come. It is for the cost: days that not every
// month has are left to those who know a calendar, and years before 1000 to
// those who know the zero time.
func isSent(value jsontext.Value) bool {
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
