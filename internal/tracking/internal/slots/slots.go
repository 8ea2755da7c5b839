// Package slots bounds the requests that are under way side by side: by what
// is configured, and by less than that while the server refuses them for being
// too many.
package slots

import (
	"context"
	"sync"
	"time"
)

// Slots are as many as may be taken at a time. It is safe for concurrent use.
//
// The limit begins at the top and is halved when the server throttles or fails.
// It grows again, by a sixteenth, when all slots were taken and nothing failed.
// Either happens once in the time of an answer. That the answers take longer
// says nothing: it was measured, and only held back what a slow server took.
type Slots struct {
	// tokens holds one for each slot that is taken, and for each one withheld.
	tokens chan struct{}

	mu       sync.Mutex
	limit    int
	withheld int
	// usual is what the answers of requests that got through take.
	usual time.Duration
	// since is when the limit was last looked at. What is learned before then is
	// about requests that were sent under another limit.
	since        time.Time
	hasFailed    bool
	wereAllInUse bool
}

// New returns slots of which so many may be taken at the most.
func New(most int) *Slots {
	return &Slots{tokens: make(chan struct{}, most), limit: most}
}

// Take waits for a slot, and says whether it came before the context ended.
func (s *Slots) Take(ctx context.Context) bool {
	select {
	case s.tokens <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if len(s.tokens) == cap(s.tokens) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.wereAllInUse = true
	}
	return true
}

// Free gives a slot back.
func (s *Slots) Free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.withheld < cap(s.tokens)-s.limit {
		s.withheld++
		return
	}
	<-s.tokens
}

// Learn adjusts the limit to what became of a request, which took so long.
func (s *Slots) Learn(took time.Duration, hasFailed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Before(s.since) {
		return
	}
	if !hasFailed {
		s.note(took)
	}
	s.hasFailed = s.hasFailed || hasFailed
	if now.Sub(s.since) < s.usual {
		return
	}
	s.since = now
	switch {
	case s.hasFailed:
		s.limit = max(1, s.limit/2)
		s.since = now.Add(s.usual)
	case s.wereAllInUse:
		s.limit = min(cap(s.tokens), s.limit+1+s.limit/16)
	}
	s.hasFailed, s.wereAllInUse = false, false
	s.withhold()
}

// withhold keeps back what is above the limit, as far as it is not taken, and
// gives back what is not.
func (s *Slots) withhold() {
	for s.withheld > cap(s.tokens)-s.limit {
		<-s.tokens
		s.withheld--
	}
	for s.withheld < cap(s.tokens)-s.limit {
		select {
		case s.tokens <- struct{}{}:
			s.withheld++
		default:
			// Free does the rest.
			return
		}
	}
}

// note averages what answers take, of which the last few count.
func (s *Slots) note(took time.Duration) {
	const weight = 4
	if s.usual == 0 {
		s.usual = took
		return
	}
	s.usual += (took - s.usual) / weight
}

// Limit returns how many may be taken now.
func (s *Slots) Limit() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// Taken returns how many are taken.
func (s *Slots) Taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tokens) - s.withheld
}
