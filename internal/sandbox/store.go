package sandbox

import (
	"context"
	"strconv"
	"sync"
	"time"

	"benthos-segment/internal/segment"
)

// store keeps what the sandbox received. Records are not changed once they are
// in it, so readers take a list of them and look at it without the lock.
type store struct {
	mu       sync.Mutex
	calls    ring[*Call]
	requests ring[*Request]
	seen     seen
	totals   Summary
	pulse    pulse
	// refusal is the last request that was not answered with success.
	refusal *Request
	// wipes counts how often calls were deleted.
	wipes int
	// changed is closed at the next change; nil while nobody waits for one.
	changed chan struct{}
}

// Summary counts what came in since the start or the last reset, whether it is
// still held or not.
type Summary struct {
	Strict bool `json:"strict"`
	// Requests counts requests, RequestsByStatus by the status they were
	// answered with; "cut" are those whose connection was cut instead.
	Requests         int            `json:"requests"`
	RequestsByStatus map[string]int `json:"requests_by_status"`
	// Calls counts the calls of requests that were not refused: Accepted and
	// Discarded. Refused counts the calls of the others, each time they came.
	Calls     int `json:"calls"`
	Accepted  int `json:"accepted"`
	Discarded int `json:"discarded"`
	Refused   int `json:"refused"`
	// Of the accepted ones, Duplicates came again and Unique did not.
	Duplicates int            `json:"duplicates"`
	Unique     int            `json:"unique"`
	ByType     map[string]int `json:"by_type"`
	// Violations counts by code, also those of requests that were refused.
	Violations map[string]int `json:"violations"`
	// Warnings counts the same way what Segment takes all the same.
	Warnings map[string]int `json:"warnings"`
	// Bytes counts bodies after decompression, BytesOnWire before.
	Bytes       int64 `json:"bytes"`
	BytesOnWire int64 `json:"bytes_on_wire"`
	// CallsDropped and RequestsDropped are no longer held, because newer ones
	// needed the room.
	CallsHeld       int    `json:"calls_held"`
	CallsDropped    int    `json:"calls_dropped"`
	RequestsHeld    int    `json:"requests_held"`
	RequestsDropped int    `json:"requests_dropped"`
	LastSeq         uint64 `json:"last_seq"`
	LastRequest     uint64 `json:"last_request"`
}

func newStore(cfg Config) *store {
	s := &store{
		calls:    ring[*Call]{maxEntries: cfg.MaxCalls, maxBytes: cfg.MaxBytes},
		requests: ring[*Request]{maxEntries: cfg.MaxRequests, maxBytes: cfg.MaxBytes},
		seen:     seen{limit: cfg.MaxMessageIDs},
	}
	s.totals = emptySummary(cfg.Strict)
	return s
}

func emptySummary(strict bool) Summary {
	return Summary{
		Strict:           strict,
		RequestsByStatus: map[string]int{},
		ByType:           map[string]int{},
		Violations:       map[string]int{},
		Warnings:         map[string]int{},
	}
}

// add records a request and the calls that it brought; none where it was
// refused. It numbers them, finds the duplicates and counts.
func (s *store) add(req *Request, calls []Call) {
	s.mu.Lock()
	defer s.mu.Unlock()

	req.Seq = s.requests.next()
	for i := range calls {
		s.addCall(req, &calls[i])
	}
	taken := len(calls)
	if taken > 0 && req.Unread > 0 {
		taken += req.Unread
		s.countUnread(req)
	}
	s.countRequest(req, taken)
	s.pulse.add(req, taken)
	if req.Status/100 != 2 {
		s.refusal = req
	}
	s.requests.push(req)
	s.wake()
}

func (s *store) addCall(req *Request, call *Call) {
	call.Request = req.Seq
	call.Seq = s.calls.next()
	call.Attempt, call.Status = req.attempt(), req.Status
	if req.FirstCall == 0 {
		req.FirstCall = call.Seq
	}
	s.totals.Calls++
	s.totals.ByType[call.Type]++
	switch {
	case !call.Accepted:
		req.Discarded++
		s.totals.Discarded++
	case call.MessageID != "" && s.seen.add(call.MessageID):
		call.Duplicate = true
		req.Accepted++
		req.Duplicates++
		s.totals.Accepted++
		s.totals.Duplicates++
	default:
		req.Accepted++
		s.totals.Accepted++
		s.totals.Unique++
	}
	for _, v := range call.Violations {
		s.totals.Violations[v.Code]++
	}
	for _, v := range call.Warnings {
		s.totals.Warnings[v.Code]++
	}
	s.calls.push(call)
}

// countUnread counts the calls that nobody looked at, all of which are discarded
// for what is wrong with their request.
func (s *store) countUnread(req *Request) {
	req.Discarded += req.Unread
	s.totals.Calls += req.Unread
	s.totals.Discarded += req.Unread
	s.totals.ByType[segment.UnknownType.String()] += req.Unread
	for _, v := range req.Violations {
		s.totals.Violations[v.Code] += req.Unread
	}
}

func (s *store) countRequest(req *Request, taken int) {
	s.totals.Requests++
	s.totals.RequestsByStatus[statusName(req.Status)]++
	s.totals.Bytes += req.Bytes
	s.totals.BytesOnWire += req.BytesOnWire
	s.totals.Refused += req.Calls - taken
	// Those of calls that are held are counted with the calls, and a request
	// that a fault refused comes again.
	if taken > 0 || req.Fault != nil {
		return
	}
	for _, v := range req.Violations {
		s.totals.Violations[v.Code]++
	}
	for _, v := range req.Warnings {
		s.totals.Warnings[v.Code]++
	}
}

func statusName(status int) string {
	if status == 0 {
		return "cut"
	}
	return strconv.Itoa(status)
}

func (s *store) wake() {
	if s.changed == nil {
		return
	}
	close(s.changed)
	s.changed = nil
}

// callsAfter returns the calls that are held of those after seq, and a channel
// that is closed when there may be more.
func (s *store) callsAfter(seq uint64) ([]*Call, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.calls.after(seq)
	calls := make([]*Call, 0, len(held))
	for _, call := range held {
		if call != nil { // deleted
			calls = append(calls, call)
		}
	}
	return calls, s.change()
}

// matching returns the calls that are held and meet the filter. It looks at them
// without the lock, as long as ctx lasts: a filter may take its time over the
// text of all calls.
func (s *store) matching(ctx context.Context, f *Filter) ([]*Call, error) {
	held, _ := s.callsAfter(f.Since)
	calls := held[:0]
	for _, call := range held {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f.Matches(call) {
			calls = append(calls, call)
		}
	}
	return calls, nil
}

// change returns a channel that is closed at the next change.
func (s *store) change() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// page is a part of the calls, for a reader who follows them.
type page struct {
	calls []*Call
	// next is the last call that this page covers; first and last are those
	// that are held.
	next, first, last uint64
	wipes             int
	changed           <-chan struct{}
}

// page returns the next calls after seq, n at most.
func (s *store) page(seq uint64, n int) page {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := page{first: s.calls.first(), last: s.calls.lastSeq, wipes: s.wipes, changed: s.change()}
	held := s.calls.after(seq)
	held = held[:min(n, len(held))]
	p.next = max(seq, p.first-1) + uint64(len(held))
	for _, call := range held {
		if call != nil {
			p.calls = append(p.calls, call)
		}
	}
	return p
}

// remove deletes the calls that meet the filter, or none of them where ctx ends.
// Their numbers stay taken, and the counters count them.
func (s *store) remove(ctx context.Context, f *Filter) (removed int, err error) {
	calls, err := s.matching(ctx, f)
	if err != nil {
		return 0, err
	}
	chosen := make(map[uint64]bool, len(calls))
	for _, call := range calls {
		chosen[call.Seq] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	removed = s.calls.remove(func(c *Call) bool { return chosen[c.Seq] })
	if removed == 0 {
		// Nothing changes for those who read along.
		return 0, nil
	}
	s.wipes++
	s.wake()
	return removed, nil
}

// vitals returns what the page shows beside the calls.
func (s *store) vitals(now time.Time) (Summary, Pulse, *Request) {
	summary := s.summary()
	s.mu.Lock()
	defer s.mu.Unlock()
	return summary, s.pulse.last(now), s.refusal
}

func (s *store) call(seq uint64) (*Call, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call, ok := s.calls.get(seq)
	return call, ok && call != nil
}

func (s *store) requestsAfter(seq uint64) []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Request(nil), s.requests.after(seq)...)
}

func (s *store) request(seq uint64) (*Request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests.get(seq)
}

func (s *store) summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.totals
	sum.RequestsByStatus = copyOf(sum.RequestsByStatus)
	sum.ByType = copyOf(sum.ByType)
	sum.Violations = copyOf(sum.Violations)
	sum.Warnings = copyOf(sum.Warnings)
	sum.CallsHeld, sum.CallsDropped = s.calls.held(), s.calls.dropped
	sum.RequestsHeld, sum.RequestsDropped = s.requests.held(), s.requests.dropped
	sum.LastSeq, sum.LastRequest = s.calls.lastSeq, s.requests.lastSeq
	return sum
}

// await blocks until n calls that match f came in, counting those held when it
// starts, until the time is up, or until ctx ends. It returns how many there
// are.
func (s *store) await(ctx context.Context, timeout time.Duration, f Filter, n int) (matched int, reached bool) {
	patience := time.NewTimer(timeout)
	defer patience.Stop()
	seq := f.Since
	for {
		calls, changed := s.callsAfter(seq)
		for _, call := range calls {
			if ctx.Err() != nil {
				return matched, false
			}
			if f.Matches(call) {
				matched++
			}
			seq = call.Seq
		}
		// Without a filter, calls that made room already count too.
		if f.isZero() {
			matched = s.summary().Calls
		}
		if matched >= n {
			return matched, true
		}
		select {
		case <-patience.C:
			return matched, false
		case <-ctx.Done():
			return matched, false
		case <-changed:
		}
	}
}

func (s *store) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.reset()
	s.requests.reset()
	s.seen.reset()
	s.pulse = pulse{}
	s.refusal = nil
	s.wipes++
	s.totals = emptySummary(s.totals.Strict)
	s.wake()
}

func copyOf(counts map[string]int) map[string]int {
	copied := make(map[string]int, len(counts))
	for name, n := range counts {
		copied[name] = n
	}
	return copied
}
