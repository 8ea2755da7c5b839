package tracking

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"time"

	"benthos-segment/internal/tracking/internal/notice"
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

	mu       sync.Mutex
	reported [Refused + 1]time.Time

	// users counts the lanes that need it; guarded by sources.mu.
	users int
}

func newSource(writeKey string, fresh refusals) *source {
	fresh.writeKey = writeKey
	sum := sha256.Sum256([]byte(writeKey))
	return &source{
		writeKey:      writeKey,
		fingerprint:   hex.EncodeToString(sum[:4]),
		authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(writeKey+":")),
		gate:          gate{refusals: fresh},
	}
}

// isDue says whether to report trouble of a class now. Each class has its own
// time: a set-up that goes wrong after a restart of the server is news.
func (s *source) isDue(means Class) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, last := time.Now(), &s.reported[means]
	if !last.IsZero() && now.Sub(*last) < reminder {
		return false
	}
	*last = now
	return true
}

// hasRecovered says whether trouble was reported and is over.
func (s *source) hasRecovered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reported == [Refused + 1]time.Time{} {
		return false
	}
	s.reported = [Refused + 1]time.Time{}
	return true
}

// isIdle says whether no lane needs the source, and nothing waits for it.
func (s *source) isIdle() bool { return s.users == 0 && !s.gate.isShut() }

// sources remembers the sources that calls were sent to.
type sources struct {
	mu    sync.Mutex
	byKey map[string]*source
	// fresh is what a new source starts with.
	fresh refusals
}

// get returns the source of a write key, which counts as used until it is
// released.
func (s *sources) get(writeKey string) *source {
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
	known.users++
	return known
}

// use keeps a source in memory until it is released once more.
func (s *sources) use(known *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known.users++
}

func (s *sources) release(known *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known.users--
}

// forgetIdle makes room where write keys are many.
func (s *sources) forgetIdle() {
	if len(s.byKey) < maxSources {
		return
	}
	for writeKey, known := range s.byKey {
		if known.isIdle() {
			delete(s.byKey, writeKey)
		}
	}
}
