package tracking

import (
	"encoding/base64"
	"sync"
	"time"
)

const (
	// reminder is how often trouble that stays is reported.
	reminder = time.Minute
	// suspiciousRefusals is how many single calls in a row a source that never
	// accepted one may refuse before it is the source and not the calls.
	suspiciousRefusals = 16
	// maxSources bounds the sources that are remembered while idle.
	maxSources = 10_000
)

// source is what we know of one source at Segment, by its write key.
type source struct {
	writeKey      string
	authorization string
	gate          gate

	mu       sync.Mutex
	accepted bool
	refusals int
	reported [len(classNames)]time.Time

	// users counts the lanes that hold on to it; guarded by sources.mu.
	users int
}

func newSource(writeKey string) *source {
	return &source{
		writeKey:      writeKey,
		authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(writeKey+":")),
	}
}

// judge says what an answer means, with what is known of the source. Segment
// answers most wrong keys with 200, and the few that it notices with 400, as
// if the calls were wrong.
func (s *source) judge(a answer, calls int) class {
	s.mu.Lock()
	defer s.mu.Unlock()
	means := a.class()
	switch {
	case means == delivered:
		s.accepted, s.refusals = true, 0
	case means == refused && !s.accepted:
		if calls == 1 {
			s.refusals++
		}
		if s.refusals >= suspiciousRefusals {
			return setup
		}
	}
	return means
}

// isDue says whether to report trouble of a class now. Each class has its own
// time: a set-up that goes wrong after a restart of the server is news.
func (s *source) isDue(means class) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, last := time.Now(), &s.reported[means]
	if !last.IsZero() && now.Sub(*last) < reminder {
		return false
	}
	*last = now
	return true
}

// isIdle says whether nobody holds on to the source, nor waits for it.
func (s *source) isIdle() bool { return s.users == 0 && !s.gate.isShut() }

// sources remembers the sources that calls were sent to.
type sources struct {
	mu    sync.Mutex
	byKey map[string]*source
}

// get returns the source of a write key and holds it.
func (s *sources) get(writeKey string) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, exists := s.byKey[writeKey]
	if !exists {
		s.forgetIdle()
		known = newSource(writeKey)
		if s.byKey == nil {
			s.byKey = make(map[string]*source)
		}
		s.byKey[writeKey] = known
	}
	known.users++
	return known
}

// hold keeps a source in memory until put is called once more.
func (s *sources) hold(known *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known.users++
}

func (s *sources) put(known *source) {
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
