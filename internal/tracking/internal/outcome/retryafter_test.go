package outcome

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func FuzzRetryAfter(f *testing.F) {
	for _, header := range []string{
		"0", "1", "300", "301", "-1", "1e3", "99999999999999999999999", " 5", "5 ", "0x10", "+3",
		"Fri, 31 Dec 1999 23:59:59 GMT", "Friday, 31-Dec-99 23:59:59 GMT", "Fri Dec 31 23:59:59 1999", "", "\x00", "٣",
	} {
		f.Add(header, int64(946684740))
	}
	f.Fuzz(func(t *testing.T, header string, now int64) {
		wait := RetryAfter(header, time.Unix(now, 0))

		assert.GreaterOrEqual(t, wait, time.Duration(0))
		assert.LessOrEqual(t, wait, maxRetryAfter)
		if digits := strings.TrimSpace(header); isDigits(digits) && strings.Trim(digits, "0") != "" {
			assert.Positive(t, wait, "so many seconds are a wait")
		}
	})
}

func TestRetryAfterReadsSecondsAndDates(t *testing.T) {
	now := time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"30":                             30 * time.Second,
		"300":                            300 * time.Second,
		"301":                            300 * time.Second,
		"Fri, 31 Dec 1999 23:59:59 GMT":  59 * time.Second,
		"Friday, 31-Dec-99 23:59:59 GMT": 59 * time.Second,
		"Fri Dec 31 23:59:59 1999":       59 * time.Second,
		"Fri, 31 Dec 1999 23:58:59 GMT":  0,
		"Sat, 01 Jan 2050 00:00:00 GMT":  300 * time.Second,
		"soon":                           0,
		"":                               0,
		"-5":                             0,
		"1.5":                            0,
	} {
		assert.Equal(t, want, RetryAfter(header, now), header)
	}
}
