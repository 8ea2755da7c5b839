package journal

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Config bounds a journal.
type Config struct {
	// Strict is shown in the summary.
	Strict bool
	// MaxCalls and MaxBytes bound the calls that are held; newer calls evict the
	// oldest.
	MaxCalls int
	MaxBytes int64
	// MaxRequests bounds the requests, which may take another MaxBytes.
	MaxRequests int
	// MaxMessageIDs is how many message ids are remembered at least, to find
	// duplicates even after their calls were evicted.
	MaxMessageIDs int
}

// Journal holds calls and requests. It is safe for use by several goroutines.
type Journal struct {
	mu       sync.Mutex
	calls    ring[*Call]
	requests ring[*Request]
	seen     seen
	totals   Summary
	pulse    pulse
	// failed is the last request that was not answered with success.
	failed *Request
	// deletions counts how often calls were deleted.
	deletions int
	// changed is closed at the next change; nil while nobody waits for one.
	changed chan struct{}
}

// New returns an empty journal.
func New(cfg Config) *Journal {
	return &Journal{
		calls:    ring[*Call]{maxEntries: cfg.MaxCalls, maxBytes: cfg.MaxBytes},
		requests: ring[*Request]{maxEntries: cfg.MaxRequests, maxBytes: cfg.MaxBytes},
		seen:     seen{limit: cfg.MaxMessageIDs},
		totals:   emptySummary(cfg.Strict),
	}
}

// Add records a request and the calls that it brought, none if it was refused.
// It numbers them, finds the duplicates and counts.
func (j *Journal) Add(req *Request, calls []Call) {
	j.mu.Lock()
	defer j.mu.Unlock()

	req.Seq = j.requests.next()
	for i := range calls {
		j.addCall(req, &calls[i])
	}
	taken := len(calls)
	if taken > 0 && req.Unread > 0 {
		taken += req.Unread
		req.Discarded += req.Unread
		j.totals.addUnread(req)
	}
	j.totals.addRequest(req, taken)
	j.pulse.add(req, taken)
	if req.Status/100 != 2 {
		j.failed = req
	}
	j.requests.push(req)
	j.wake()
}

func (j *Journal) addCall(req *Request, call *Call) {
	call.Request = req.Seq
	call.Seq = j.calls.next()
	call.Attempt, call.Status = req.attempt(), req.Status
	if req.FirstCall == 0 {
		req.FirstCall = call.Seq
	}
	switch {
	case !call.Accepted:
		req.Discarded++
	case call.MessageID != "" && j.seen.add(call.MessageID):
		call.Duplicate = true
		req.Accepted++
		req.Duplicates++
	default:
		req.Accepted++
	}
	j.totals.addCall(call)
	j.calls.push(call)
}

func (j *Journal) wake() {
	if j.changed == nil {
		return
	}
	close(j.changed)
	j.changed = nil
}

// change returns a channel that is closed at the next change.
func (j *Journal) change() <-chan struct{} {
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return j.changed
}

// Call returns the call of that number, unless it was evicted or deleted, or
// never existed.
func (j *Journal) Call(seq uint64) (*Call, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	call, ok := j.calls.get(seq)
	return call, ok && call != nil
}

// Request returns the request of that number, if it is held.
func (j *Journal) Request(seq uint64) (*Request, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.requests.get(seq)
}

// RequestsAfter returns the requests held with a higher number than seq, in
// order of arrival.
func (j *Journal) RequestsAfter(seq uint64) []*Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.requests.after(seq))
}

// Attempts returns the requests held that carried a call with that message id.
func (j *Journal) Attempts(messageID string) []Attempt {
	attempts := []Attempt{}
	if messageID == "" {
		return attempts
	}
	for _, req := range j.RequestsAfter(0) {
		if slices.Contains(req.MessageIDs, messageID) {
			attempts = append(attempts, Attempt{req.Seq, req.ReceivedAt, req.Status, req.RetryCount, req.Fault})
		}
	}
	return attempts
}

// Summary returns the counters.
func (j *Journal) Summary() Summary {
	j.mu.Lock()
	defer j.mu.Unlock()
	sum := j.totals.clone()
	sum.CallsHeld, sum.CallsDropped = j.calls.held(), j.calls.dropped
	sum.RequestsHeld, sum.RequestsDropped = j.requests.held(), j.requests.dropped
	sum.LastSeq, sum.LastRequest = j.calls.lastSeq, j.requests.lastSeq
	return sum
}

// Pulse returns the minute that ends with now.
func (j *Journal) Pulse(now time.Time) Pulse {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pulse.last(now)
}

// LastFailed returns the last request that was not answered with success, nil
// if there was none.
func (j *Journal) LastFailed() *Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failed
}

// Remove deletes the calls that match the filter, or none if ctx ends first.
// Their numbers are not used again, and the counters still count them.
func (j *Journal) Remove(ctx context.Context, f *Filter) (removed int, err error) {
	calls, err := j.Matching(ctx, f)
	if err != nil {
		return 0, err
	}
	chosen := make(map[uint64]bool, len(calls))
	for _, call := range calls {
		chosen[call.Seq] = true
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	removed = j.calls.remove(func(c *Call) bool { return chosen[c.Seq] })
	if removed == 0 {
		return 0, nil // Nothing changes for those who follow the calls.
	}
	j.deletions++
	j.wake()
	return removed, nil
}

// Reset forgets everything. Sequence numbers continue, so that a reader's
// cursor stays valid.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls.reset()
	j.requests.reset()
	j.seen.reset()
	j.pulse = pulse{}
	j.failed = nil
	j.deletions++
	j.totals = emptySummary(j.totals.Strict)
	j.wake()
}
