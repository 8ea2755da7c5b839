package outcome

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The table of the design. Every status that it does not name follows from its
// first digit.
func TestEveryStatusHasItsClass(t *testing.T) {
	named := map[Class][]int{
		Throttled: {429},
		Transient: {408, 410, 421, 425, 460},
		Setup: {
			101, 401, 403, 404, 405, 407, 411, 415, 426, 428, 431, 451,
			501, 505, 511,
		},
	}
	want := map[int]Class{}
	for status := range 1000 {
		switch status / 100 {
		case 2:
			want[status] = Delivered
		case 3:
			want[status] = Setup
		case 4:
			want[status] = Refused
		default:
			want[status] = Transient
		}
	}
	for class, statuses := range named {
		for _, status := range statuses {
			want[status] = class
		}
	}
	for status, class := range want {
		assert.Equal(t, class.String(), Classify(status, 0, nil).String(), "status %d", status)
	}
}

// A Retry-After counts where the request is sent again anyway, and nowhere else.
func TestARetryAfterThrottlesWhatPasses(t *testing.T) {
	for status, want := range map[int]Class{
		503: Throttled, 408: Throttled, 421: Throttled, 425: Throttled, 429: Throttled,
		200: Delivered, 401: Setup, 405: Setup, 301: Setup, 400: Refused, 413: Refused,
	} {
		assert.Equal(t, want.String(), Classify(status, time.Second, nil).String(), "status %d", status)
	}
}
