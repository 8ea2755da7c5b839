// Package reach says how large a request may be to get through within its timeout.
package reach

import (
	"sync"
	"time"
)

const (
	// usualTimeouts is how many in a row say nothing of the size of a request:
	// most are about a network or a server that is away for a while.
	usualTimeouts = 2
	// enoughAnswers is how many there have to be after a time-out until requests
	// grow. Where a link is slow, or where something on the way swallows all that is
	// larger than it likes, growing costs the next time-out.
	enoughAnswers = 16
)

// Reach is how large the requests of a source may be, so that they get through
// within the timeout. A link that is too slow for a full one is too slow for it
// each time; so is a server that takes its time for each call.
//
// When some in a row have timed out, it is half of what timed out, down to single
// calls. After enough answers it is twice what got through. It is safe for
// concurrent use.
type Reach struct {
	mu sync.Mutex
	// bytes is the size, as far as it is known; timeouts counts the time-outs
	// since nothing was. It bounds requests when these are more than usual.
	bytes, timeouts int
	// lastTimeout is when the last one of them was counted.
	lastTimeout time.Time
	// answers counts those since a time-out.
	answers int
}

// Limit returns how many bytes the calls of a request may have, of so many that
// they may have at the most.
func (r *Reach) Limit(most int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timeouts <= usualTimeouts {
		return most
	}
	return min(r.bytes, most)
}

// TimedOut learns that a request of some calls was not answered. Of those side
// by side, one counts.
func (r *Reach) TimedOut(bytes int, sent time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timeouts == 0 || bytes/2 < r.bytes {
		r.bytes = bytes / 2
	}
	if r.timeouts == 0 || sent.After(r.lastTimeout) {
		r.timeouts++
		r.lastTimeout = time.Now()
	}
	r.answers = 0
}

// GotThrough learns that a request was accepted, of so many bytes that one may
// have, and says whether requests are bounded.
func (r *Reach) GotThrough(bytes, most int) (isBounded bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timeouts <= usualTimeouts {
		if bytes > r.bytes {
			r.timeouts = 0
		}
		return false
	}
	r.answers++
	if r.answers >= enoughAnswers {
		r.bytes = max(r.bytes, 2*bytes)
	}
	if r.bytes >= most {
		r.timeouts = 0
	}
	return true
}
