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
// calls. After enough answers it is twice what got through, and half of that again
// if it times out. Where a size has got through before, a single time-out is not
// about the size: one of many servers may hang. It is safe for concurrent use.
type Reach struct {
	mu sync.Mutex
	// bytes bounds requests, unless it is 0.
	bytes int
	// proven is the largest that got through since requests were bounded.
	proven int
	// timeouts counts those in a row without anything like the smallest of them, of
	// late bytes, having got through.
	timeouts, late int
	// lastTimeout is when the last one of them was counted.
	lastTimeout time.Time
	// answers counts those since requests shrank.
	answers int
}

// Limit returns how many bytes the calls of a request may have, of so many that
// they may have at the most.
func (r *Reach) Limit(most int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes == 0 {
		return most
	}
	return min(r.bytes, most)
}

// TimedOut learns that a request of some calls was not answered. Of those side
// by side, one counts.
func (r *Reach) TimedOut(bytes int, sent time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(bytes, sent)
	isBounded := r.bytes > 0
	mayBeSize := r.timeouts > usualTimeouts || isBounded && bytes > r.proven
	if !mayBeSize || isBounded && bytes/2 >= r.bytes {
		return
	}
	r.bytes, r.answers = bytes/2, 0
	r.proven, r.late = min(r.proven, r.bytes), r.bytes
}

func (r *Reach) count(bytes int, sent time.Time) {
	if r.timeouts == 0 || bytes < r.late {
		r.late = bytes
	}
	if r.timeouts == 0 || sent.After(r.lastTimeout) {
		r.timeouts++
		r.lastTimeout = time.Now()
	}
}

// GotThrough learns that a request was accepted, of so many bytes that one may
// have, and says whether it was as large as the bound lets one be, about.
func (r *Reach) GotThrough(bytes, most int) (isBounded bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if 2*bytes > r.late {
		r.timeouts = 0
	}
	if r.bytes == 0 {
		return false
	}
	isBounded = 2*bytes > r.bytes
	r.proven = max(r.proven, bytes)
	r.answers++
	if r.answers >= enoughAnswers {
		r.bytes = max(r.bytes, 2*bytes)
	}
	if r.bytes >= most {
		r.bytes, r.proven = 0, 0
	}
	return isBounded
}
