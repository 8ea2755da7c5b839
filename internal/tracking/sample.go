package tracking

import (
	"container/list"
	"sync"

	"benthos-segment/internal/segment"
)

const (
	// maxSamples bounds the write keys that a sample is kept of, and
	// maxSampleBytes what all samples take up. Those that were accepted longest
	// ago go first.
	maxSamples     = 256
	maxSampleBytes = 8 << 20
)

// samples keeps the call of each write key that was accepted last.
type samples struct {
	mu    sync.Mutex
	byKey map[string]*list.Element
	// order has those at its front that were accepted last.
	order list.List
	bytes int
}

type sample struct {
	writeKey string
	call     []byte
}

// keep keeps the last call of a parcel that was accepted.
func (s *samples) keep(writeKey string, p *parcel) {
	if p.isSample {
		return
	}
	call := p.calls[len(p.calls)-1].JSON
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.of(writeKey)
	s.bytes -= cap(kept.call)
	// The memory of the call belongs to its batch.
	kept.call = append(kept.call[:0], call...)
	s.bytes += cap(kept.call)
	for len(s.byKey) > maxSamples || s.bytes > maxSampleBytes {
		s.dropOldest()
	}
}

// of returns the sample of a write key, which moves to the front.
func (s *samples) of(writeKey string) *sample {
	if known, exists := s.byKey[writeKey]; exists {
		s.order.MoveToFront(known)
		return known.Value.(*sample)
	}
	if s.byKey == nil {
		s.byKey = make(map[string]*list.Element)
	}
	kept := &sample{writeKey: writeKey}
	s.byKey[writeKey] = s.order.PushFront(kept)
	return kept
}

func (s *samples) dropOldest() {
	oldest := s.order.Remove(s.order.Back()).(*sample)
	delete(s.byKey, oldest.writeKey)
	s.bytes -= cap(oldest.call)
}

func (s *samples) has(writeKey string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, exists := s.byKey[writeKey]
	return exists
}

// parcel returns the sample of a write key to be sent, or nil.
func (s *samples) parcel(writeKey string) *parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, exists := s.byKey[writeKey]
	if !exists {
		return nil
	}
	call := append([]byte(nil), known.Value.(*sample).call...)
	return &parcel{calls: []*entry{{Call: &segment.Call{JSON: call}}}, isSample: true}
}
