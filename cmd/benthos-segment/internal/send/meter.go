package send

import (
	"sync"
	"time"
)

// meter measures how fast a run is.
type meter struct {
	s       *session
	started time.Time
	// first is what was settled by earlier runs, in bytes.
	first, total int64

	mu      sync.Mutex
	samples []sample
}

// sample is how many calls were sent by then.
type sample struct {
	at   time.Time
	sent int64
}

const (
	// lately is what the speed is measured over.
	lately = 10 * time.Second
	// sampled is how often a sample is taken at the most.
	sampled = 100 * time.Millisecond
	// meaningful is how long a run has to last before it says how long it takes.
	meaningful = 2 * time.Second
)

func newMeter(s *session) *meter {
	m := &meter{s: s, started: time.Now()}
	m.first = s.settledBytes()
	for _, name := range s.conf.files {
		info := infoOf(name)
		if !info.isFile() {
			m.total = 0
			return m
		}
		m.total += info.Size
	}
	return m
}

func (s *session) settledBytes() (total int64) {
	for _, at := range s.ledger.positions() {
		total += at.bytes
	}
	return total
}

// now says how far the run is.
func (m *meter) now() status {
	state := status{
		sent: m.s.figures.sum(figureSent), retries: m.s.figures.sum(figureRetries),
		refused: m.s.letters.refused(), done: m.s.settledBytes(), total: m.total,
	}
	now := time.Now()
	state.perSecond = m.speed(now, state.sent)
	if fresh, elapsed := state.done-m.first, now.Sub(m.started); m.total > state.done && fresh > 0 && elapsed > meaningful {
		state.left = time.Duration(float64(elapsed) * float64(m.total-state.done) / float64(fresh))
	}
	return state
}

// speed is that of the last seconds.
func (m *meter) speed(now time.Time, sent int64) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.samples) == 0 {
		m.samples = append(m.samples, sample{m.started, 0})
	}
	for len(m.samples) > 1 && now.Sub(m.samples[0].at) > lately {
		m.samples = m.samples[1:]
	}
	oldest := m.samples[0]
	if now.Sub(m.samples[len(m.samples)-1].at) >= sampled {
		m.samples = append(m.samples, sample{now, sent})
	}
	if elapsed := now.Sub(oldest.at).Seconds(); elapsed > 0 {
		return float64(sent-oldest.sent) / elapsed
	}
	return 0
}
