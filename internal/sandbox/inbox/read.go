package inbox

import (
	"context"
	"time"
)

// Matching returns the calls held that match the filter, in order of arrival.
// It looks at them without the lock, as long as ctx lasts: matching the text of
// all calls takes time.
func (b *Inbox) Matching(ctx context.Context, f *Filter) ([]*Call, error) {
	held, _ := b.callsAfter(f.Since)
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

// callsAfter returns the calls held with a higher number than seq, and a
// channel that is closed when there may be more.
func (b *Inbox) callsAfter(seq uint64) ([]*Call, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.calls.after(seq)
	calls := make([]*Call, 0, len(held))
	for _, call := range held {
		if call != nil { // deleted
			calls = append(calls, call)
		}
	}
	return calls, b.change()
}

// Await blocks until n calls that match f have arrived, counting those held when
// it starts, until the timeout has passed, or until ctx ends. It returns how
// many there are.
func (b *Inbox) Await(ctx context.Context, timeout time.Duration, f Filter, n int) (matched int, reached bool) {
	patience := time.NewTimer(timeout)
	defer patience.Stop()
	seq := f.Since
	for {
		calls, changed := b.callsAfter(seq)
		for _, call := range calls {
			if ctx.Err() != nil {
				return matched, false
			}
			if f.Matches(call) {
				matched++
			}
			seq = call.Seq
		}
		// Without a filter, calls that were evicted already count as well.
		if f.isZero() {
			matched = b.Summary().Calls
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

// Excerpt is a run of calls, for a reader who follows them.
type Excerpt struct {
	Calls []*Call
	// Next is the last call that the excerpt covers. First and Last are the
	// first and the last of those held.
	Next, First, Last uint64
	// Deletions is how often calls were deleted.
	Deletions int
	// Changed is closed at the next change.
	Changed <-chan struct{}
}

// Read returns the calls after seq, at most n.
func (b *Inbox) Read(seq uint64, n int) Excerpt {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := Excerpt{First: b.calls.first(), Last: b.calls.lastSeq, Deletions: b.deletions, Changed: b.change()}
	held := b.calls.after(seq)
	held = held[:min(n, len(held))]
	e.Next = max(seq, e.First-1) + uint64(len(held))
	for _, call := range held {
		if call != nil {
			e.Calls = append(e.Calls, call)
		}
	}
	return e
}
