package inbox

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Config bounds an inbox.
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
	// Keeper, if set, is told of every change.
	Keeper Keeper
}

// Inbox holds calls and requests. It is safe for use by several goroutines.
type Inbox struct {
	mu       sync.Mutex
	calls    ring[*Call]
	requests ring[*Request]
	seen     seen
	traits   traitTypes
	totals   Summary
	pulse    pulse
	// failed is the last request that was not answered with success.
	failed *Request
	// deletions counts how often calls were deleted.
	deletions int
	keeper    Keeper
	// changed is closed at the next change; nil while nobody waits for one.
	changed chan struct{}
}

// New returns an empty inbox.
func New(cfg Config) *Inbox {
	b := &Inbox{
		calls:    ring[*Call]{maxEntries: cfg.MaxCalls, maxBytes: cfg.MaxBytes},
		requests: ring[*Request]{maxEntries: cfg.MaxRequests, maxBytes: cfg.MaxBytes},
		seen:     seen{limit: cfg.MaxMessageIDs},
		totals:   emptySummary(cfg.Strict),
		keeper:   cfg.Keeper,
	}
	b.calls.left = func(call *Call) { b.totals.HeldByType[call.Type]-- }
	return b
}

// Add records a request and the calls that it brought, none if it was refused.
// It numbers them, finds the duplicates and counts.
func (b *Inbox) Add(req *Request, calls []Call) {
	b.mu.Lock()
	defer b.mu.Unlock()

	req.Seq = b.requests.next()
	for i := range calls {
		b.addCall(req, i, &calls[i])
	}
	taken := len(calls)
	if taken > 0 && req.Unread > 0 {
		taken += req.Unread
		req.Discarded += req.Unread
		b.totals.addUnread(req)
	}
	b.totals.addRequest(req, taken)
	b.pulse.add(req, taken)
	if req.Status/100 != 2 {
		b.failed = req
	}
	b.requests.push(req)
	b.tell(Change{Request: req, Calls: pointersTo(calls)})
	b.wake()
}

// AddOf records calls that no request of this inbox brought: what an output did
// not send, or has given up. A status is that of the last answer, 0 for none.
func (b *Inbox) AddOf(status int, calls []Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range calls {
		b.addCall(&Request{Status: status}, i, &calls[i])
	}
	b.wake()
}

func pointersTo(calls []Call) []*Call {
	pointers := make([]*Call, len(calls))
	for i := range calls {
		pointers[i] = &calls[i]
	}
	return pointers
}

func (b *Inbox) addCall(req *Request, at int, call *Call) {
	call.Request = req.Seq
	call.Seq = b.calls.next()
	call.Attempt, call.Status = req.attempt(), req.Status
	if req.FirstCall == 0 {
		req.FirstCall = call.Seq
	}
	for _, v := range b.traits.check(call) {
		call.Warnings = append(call.Warnings, v)
		req.AddWarning(at, v)
	}
	switch {
	case !call.Accepted:
		req.Discarded++
	case call.MessageID != "" && b.seen.add(call.MessageID):
		call.Duplicate = true
		req.Accepted++
		req.Duplicates++
	default:
		req.Accepted++
	}
	b.totals.addCall(call)
	b.totals.HeldByType[call.Type]++
	b.calls.push(call)
}

func (b *Inbox) wake() {
	if b.changed == nil {
		return
	}
	close(b.changed)
	b.changed = nil
}

// change returns a channel that is closed at the next change.
func (b *Inbox) change() <-chan struct{} {
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

// Call returns the call of that number, unless it was evicted or deleted, or
// never existed.
func (b *Inbox) Call(seq uint64) (*Call, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	call, ok := b.calls.get(seq)
	return call, ok && call != nil
}

// Request returns the request of that number, if it is held.
func (b *Inbox) Request(seq uint64) (*Request, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests.get(seq)
}

// RequestsAfter returns the requests held with a higher number than seq, in
// order of arrival.
func (b *Inbox) RequestsAfter(seq uint64) []*Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests.after(seq))
}

// Attempts returns the requests held that carried a call with that message id.
func (b *Inbox) Attempts(messageID string) []Attempt {
	attempts := []Attempt{}
	if messageID == "" {
		return attempts
	}
	for _, req := range b.RequestsAfter(0) {
		if slices.Contains(req.MessageIDs, messageID) {
			attempts = append(attempts, Attempt{req.Seq, req.ReceivedAt, req.Status, req.RetryCount, req.Fault})
		}
	}
	return attempts
}

// Summary returns the counters.
func (b *Inbox) Summary() Summary {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.summary()
}

func (b *Inbox) summary() Summary {
	sum := b.totals.clone()
	sum.CallsHeld, sum.CallsDropped = b.calls.held(), b.calls.dropped
	sum.RequestsHeld, sum.RequestsDropped = b.requests.held(), b.requests.dropped
	sum.FirstSeq = b.calls.first()
	sum.LastSeq, sum.LastRequest = b.calls.lastSeq, b.requests.lastSeq
	return sum
}

// Pulse returns the minute that ends with now.
func (b *Inbox) Pulse(now time.Time) Pulse {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pulse.last(now)
}

// LastFailed returns the last request that was not answered with success, nil
// if there was none.
func (b *Inbox) LastFailed() *Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// Remove deletes the calls that match the filter, or none if ctx ends first.
// Their numbers are not used again, and the counters still count them.
func (b *Inbox) Remove(ctx context.Context, f *Filter) (removed int, err error) {
	calls, err := b.Matching(ctx, f)
	if err != nil {
		return 0, err
	}
	chosen := make(map[uint64]bool, len(calls))
	for _, call := range calls {
		chosen[call.Seq] = true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	removed = b.calls.remove(func(c *Call) bool { return chosen[c.Seq] })
	if removed == 0 {
		return 0, nil // Nothing changes for those who follow the calls.
	}
	b.deletions++
	b.tell(Change{Removed: slices.Collect(maps.Keys(chosen))})
	b.wake()
	return removed, nil
}

// Reset forgets everything. Sequence numbers continue, so that a reader's
// cursor stays valid.
func (b *Inbox) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls.reset()
	b.requests.reset()
	b.seen.reset()
	b.traits = nil
	b.pulse = pulse{}
	b.failed = nil
	b.deletions++
	b.totals = emptySummary(b.totals.Strict)
	b.tell(Change{})
	b.wake()
}
