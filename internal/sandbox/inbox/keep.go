package inbox

// Keeper keeps what the inbox holds beyond the process.
type Keeper interface {
	// Keep notes a change. It is called for each in their order, while the inbox
	// waits, so it must not take long.
	Keep(Change)
}

// Change is what happened to an inbox.
type Change struct {
	// Request and Calls were added; nil if nothing was.
	Request *Request
	Calls   []*Call
	// Removed are the numbers of calls that were deleted.
	Removed []uint64
	State
}

// State is an inbox but for its calls and requests.
type State struct {
	// Summary has the counters, and the first and last call.
	Summary Summary `json:"summary"`
	// FirstRequest is the first request held, or the next one. What came before
	// the first call and the first request is not held any more.
	FirstRequest uint64 `json:"first_request"`
	Deletions    int    `json:"deletions"`
}

// Held is what an inbox held when its process ended.
type Held struct {
	State
	// Calls and Requests are in the order of their numbers. Those that were
	// deleted are missing.
	Calls    []*Call
	Requests []*Request
}

// tell tells the keeper what happened, if there is one.
func (b *Inbox) tell(change Change) {
	if b.keeper == nil {
		return
	}
	change.State = State{Summary: b.summary(), FirstRequest: b.requests.first(), Deletions: b.deletions}
	b.keeper.Keep(change)
}

// Restore takes up where an inbox was left, which nobody uses yet. Message ids of
// calls that were evicted before are forgotten, and so is the last minute.
func (b *Inbox) Restore(held Held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	strict := b.totals.Strict
	b.totals = emptySummary(strict)
	b.totals.restore(&held.Summary)
	b.deletions = held.Deletions
	b.calls.restore(held.Calls, held.Summary.FirstSeq, held.Summary.LastSeq, func(c *Call) uint64 { return c.Seq })
	b.requests.restore(held.Requests, held.FirstRequest, held.Summary.LastRequest, func(r *Request) uint64 { return r.Seq })
	b.calls.dropped, b.requests.dropped = held.Summary.CallsDropped, held.Summary.RequestsDropped
	for _, call := range held.Calls {
		b.totals.HeldByType[call.Type]++
		b.traits.check(call)
		if call.Accepted && call.MessageID != "" {
			b.seen.add(call.MessageID)
		}
	}
	// The bounds may be narrower than before.
	b.calls.trim()
	b.requests.trim()
}
