package tracking

import (
	"encoding/base64"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/internal/notice"
	"benthos-segment/internal/tracking/internal/reach"
)

const (
	// reminder is how often trouble that stays is reported.
	reminder = notice.Interval
	// maxSources bounds the sources that are remembered while idle.
	maxSources = 10_000
)

// source is what we know of one source at Segment, by its write key.
type source struct {
	writeKey string
	// fingerprint tells sources apart in a log, and does not give the key away.
	fingerprint   string
	authorization string
	gate          gate
	reach         reach.Reach

	mu       sync.Mutex
	reported [Refused + 1]time.Time
	// troubled is the latest generation of the gate at which that was, recovered
	// the one at which requests last got through.
	troubled, recovered int
	// failingSince is when requests began to meet nothing but failures, or zero.
	failingSince time.Time

	// users counts the calls under way and the hauls that need it. It only rises
	// from 0 with sources.mu.
	users atomic.Int64

	// salt tells the lines of this source from those of others.
	salt segment.ID
	// backlog is guarded by the scheduler.
	backlog
}

func newSource(writeKey string, fresh refusals) *source {
	fresh.writeKey = writeKey
	return &source{
		writeKey:      writeKey,
		fingerprint:   ingest.Fingerprint(writeKey),
		authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(writeKey+":")),
		gate:          gate{refusals: fresh},
		salt:          segment.ID(rand.Uint64()),
	}
}

// isDue says whether to report trouble of a class now, met at a generation of the
// gate. Each class has its own time: a set-up that goes wrong after a restart of
// the server is news.
func (s *source) isDue(means Class, generation int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isDueLocked(means, generation)
}

// isWaitDue is isDue for what waits for the gate, which may have been opened
// since the wait began.
func (s *source) isWaitDue(blocked *wait) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return blocked.generation > s.recovered && s.isDueLocked(blocked.reason, blocked.generation)
}

func (s *source) isDueLocked(means Class, generation int) bool {
	now, last := time.Now(), &s.reported[means]
	if !last.IsZero() && now.Sub(*last) < reminder {
		return false
	}
	*last = now
	s.troubled = max(s.troubled, generation)
	return true
}

// hasRecovered learns that a request got through, sent at a generation of the
// gate, and says whether trouble was reported and is over. What was sent before
// the gate was shut for it tells nothing of that.
func (s *source) hasRecovered(generation int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recovered = max(s.recovered, generation)
	if generation < s.troubled || s.reported == [Refused + 1]time.Time{} {
		return false
	}
	s.reported = [Refused + 1]time.Time{}
	return true
}

// learn notes whether requests fail that the server has not asked to wait.
func (s *source) learn(means Class) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case means != Transient && means != Setup:
		s.failingSince = time.Time{}
	case s.failingSince.IsZero():
		s.failingSince = time.Now()
	}
}

// waitsSince returns when the patience with a call begins that entered at some
// time and is taken up now: where requests have been failing, others have been
// tried in its place.
func (s *source) waitsSince(entered time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failingSince.IsZero():
		return time.Now()
	case s.failingSince.After(entered):
		return s.failingSince
	default:
		return entered
	}
}

// isIdle says whether no call needs the source, and the server has not asked to
// wait longer. A gate may be shut for ever after its calls were given up.
func (s *source) isIdle() bool { return s.users.Load() == 0 && !s.gate.isWaiting() }

// sources remembers the sources that calls were sent to.
type sources struct {
	mu    sync.Mutex
	byKey map[string]*source
	// most is how many there may be before it is worth looking for idle ones.
	most int
	// fresh is what a new source starts with.
	fresh refusals
}

// get returns the source of a write key, for so many calls to use it.
func (s *sources) get(writeKey string, calls int) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, exists := s.byKey[writeKey]
	if !exists {
		s.forgetIdle()
		known = newSource(writeKey, s.fresh)
		if s.byKey == nil {
			s.byKey = make(map[string]*source)
		}
		s.byKey[writeKey] = known
	}
	known.users.Add(int64(calls))
	return known
}

// forgetIdle makes room where write keys are many.
func (s *sources) forgetIdle() {
	if len(s.byKey) < max(s.most, maxSources) {
		return
	}
	for writeKey, known := range s.byKey {
		if known.isIdle() {
			delete(s.byKey, writeKey)
		}
	}
	// Where few are idle, each new one would look at all of them.
	s.most = 2 * len(s.byKey)
}
