package tracking

import (
	"slices"
	"sync"

	"benthos-segment/internal/segment"
)

// scheduler says which call may be sent when. Calls of any number of batches are
// under way at a time; each has entered in the order of its batch. These hold:
//
//  1. A line is the calls of a source under way that have an id in common, as
//     their user id, anonymous id or previous id, in the order in which they
//     entered. A call stands in one to three lines, from entering until it is
//     settled. A link between ids binds from the call that brings it, and there
//     is no state for what is not under way.
//  2. A call is ready when those before it in each of its lines are settled, or
//     are suspect. To look at its neighbours is enough, since they have had to
//     wait for theirs.
//  3. A haul takes ready calls, and calls that wait for nothing but what it has
//     taken. So a call is in hand only when all that come before it are settled,
//     suspect, or in the same hands. A haul sends one request at a time, in its
//     order, so that nothing is overtaken: neither in it nor by it.
//  4. A suspect holds nobody, and what comes after it in its lines may be sent.
//     If it is found innocent, it holds them again: by the invariants in
//     suspect.go none of them has been accepted and none is under way, so that
//     none has overtaken it. Whatever of them is in other hands is put down
//     before these send anything more.
//  5. Whoever gives a call up gives up all that come after it in its lines, and
//     after those in theirs. What enters later starts afresh: it waits only for
//     those that are still in hand. A refused call is settled like an accepted
//     one.
//  6. Each source has one haul at most that has not taken anything. It takes its
//     calls when everything else that it needs to send them is there, so that
//     what comes in meanwhile goes with them. Requests are as small as the time
//     allows and as large as the traffic makes them.
//
// The lock of a gate may be held when that of the scheduler is taken, and never
// the other way round.
type scheduler struct {
	client *Client
	// perSource bounds the hauls of one source, so that one that fails has as
	// many requests to repeat, and not one for each call that comes in.
	perSource int
	// most bounds the hauls of all. Each has a goroutine.
	most int

	mu      sync.Mutex
	lines   lines
	entered uint64
	// deliveries lists those that have not returned, in the order in which they
	// entered.
	deliveries []*Delivery
	// turns lists the sources that have calls to send, as they take turns.
	turns   []*source
	running int
	demand  demand
	// filling is kept for its memory.
	filling filling
}

// backlog is what is scheduled for a source.
type backlog struct {
	// fresh are the calls that were ready when they entered, freed those that had
	// to wait for others and need not any more.
	fresh, freed queue
	// hauls counts those that have something to send, or look for it; entering
	// is the one that has taken nothing so far.
	hauls    int
	entering *haul
	// hasTurn says that it is in turns.
	hasTurn bool
	// reversals counts how often suspects were found innocent.
	reversals int
	// ready is the size of the calls in the queues.
	ready int
	// isStuck says that the last answer was not about the calls.
	isStuck bool
}

func (b *backlog) hasReady() bool { return b.fresh.first != nil || b.freed.first != nil }

// oldest returns the call that is ready and entered first.
func (b *backlog) oldest() *entry {
	if b.freed.first == nil || b.fresh.first != nil && b.fresh.first.number < b.freed.first.number {
		return b.fresh.first
	}
	return b.freed.first
}

// enter takes the calls of a batch in.
func (s *scheduler) enter(d *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = append(s.deliveries, d)
	if s.lines == nil {
		s.lines = make(lines)
	}
	for i := range d.entries {
		e := &d.entries[i]
		s.entered++
		e.number = s.entered
		for c := range e.claims {
			s.lines.join(&e.claims[c])
		}
		if !e.isBlocked(nil) {
			s.enqueue(e, &e.source.fresh)
			s.offer(e.source)
		}
	}
}

// offer gives a source a turn, if it has use for one.
func (s *scheduler) offer(src *source) {
	if src.hasTurn || src.entering != nil || src.hauls >= s.perSource || !src.hasReady() {
		return
	}
	src.hasTurn = true
	s.turns = append(s.turns, src)
	if s.running < s.most {
		s.running++
		go s.work()
	}
}

// work runs hauls until there is nothing to send.
func (s *scheduler) work() {
	for h := s.next(); h != nil; h = s.next() {
		h.run()
	}
}

// next returns a haul for the source whose turn it is, or nil.
func (s *scheduler) next() *haul {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.turns) > 0 {
		src := s.turns[0]
		s.turns[0], s.turns = nil, s.turns[1:]
		src.hasTurn = false
		if src.hasReady() {
			src.hauls++
			src.users.Add(1)
			src.entering = newHaul(s.client, src)
			return src.entering
		}
	}
	s.turns = nil
	s.running--
	return nil
}

// ready puts a call into the queue if nothing holds it.
func (s *scheduler) ready(e *entry) {
	if e.queue == nil && e.haul == nil && e.givenUp == nil && !e.isBlocked(nil) {
		s.enqueue(e, &e.source.freed)
		s.offer(e.source)
	}
}

// settle takes calls out that were accepted or refused.
func (s *scheduler) settle(calls []*entry, why *segment.Violation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range calls {
		s.leave(e, why)
	}
}

// leave takes a call out of everything.
func (s *scheduler) leave(e *entry, why *segment.Violation) {
	e.isSettled, e.haul = true, nil
	s.dequeue(e)
	for i := range e.claims {
		if after := s.lines.leave(&e.claims[i]); after != nil {
			s.ready(after.entry)
		}
	}
	e.source.users.Add(-1)
	e.delivery.settle(e, why)
	if e.delivery.left == 0 {
		s.letReturn()
	}
}

// giveUp gives up calls, and all that wait behind them. Those in hand are settled
// by the haul that has them.
func (s *scheduler) giveUp(calls []*entry, why *segment.Violation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandon(calls, why)
}

func (s *scheduler) abandon(calls []*entry, why *segment.Violation) {
	var lost []*entry
	lose := func(e *entry) {
		if e.givenUp == nil && !e.isSettled {
			e.givenUp, e.delivery.hasGivenUp = why, true
			lost = append(lost, e)
		}
	}
	for _, e := range calls {
		lose(e)
	}
	for i := 0; i < len(lost); i++ {
		for c := range lost[i].claims {
			if after := lost[i].claims[c].after; after != nil {
				lose(after.entry)
			}
		}
	}
	for _, e := range lost {
		if e.haul != nil {
			e.haul.interrupt()
			continue
		}
		src := e.source
		s.leave(e, why)
		if src.entering != nil && !src.hasReady() {
			src.entering.interrupt()
		}
	}
}

// giveUpOldest gives up what is ready and has waited as long as a haul that is
// given up without having taken anything.
func (s *scheduler) giveUpOldest(h *haul, why *segment.Violation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []*entry
	for _, q := range []*queue{&h.source.freed, &h.source.fresh} {
		for e := q.first; e != nil; e = e.after {
			if h.isFor(e) {
				calls = append(calls, e)
			}
		}
	}
	s.abandon(calls, why)
}

// stop gives up the calls of the batches whose context has ended.
func (s *scheduler) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deliveries {
		if d.left == 0 || d.ctx.Err() == nil {
			continue
		}
		calls := make([]*entry, len(d.entries))
		for i := range d.entries {
			calls[i] = &d.entries[i]
		}
		s.abandon(calls, stopped())
	}
}

// letReturn lets the batches return that are settled. One with calls that were
// given up waits for those before it that have some, too, so that the calls come
// again in their order.
func (s *scheduler) letReturn() {
	hasGivenUp := false
	for _, d := range s.deliveries {
		if d.left == 0 && !d.isDone && !(d.hasGivenUp && hasGivenUp) {
			d.isDone = true
			close(d.done)
		}
		hasGivenUp = hasGivenUp || d.hasGivenUp
	}
}

// returned forgets a batch.
func (s *scheduler) returned(d *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.deliveries, d)
	s.deliveries = slices.Delete(s.deliveries, i, i+1)
	if len(s.lines) == 0 && len(d.entries) > usualCalls {
		// What one giant batch needed is not worth keeping.
		s.lines = nil
	}
	s.letReturn()
}

// held counts the calls that wait for earlier ones.
func (s *scheduler) held() (calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deliveries {
		for i := range d.entries {
			if d.entries[i].isHeld() {
				calls++
			}
		}
	}
	return calls
}

// suspect says that a call has been refused alone: it holds nobody.
func (s *scheduler) suspect(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.isSuspect = true
	for i := range e.claims {
		if after := e.claims[i].after; after != nil {
			s.ready(after.entry)
		}
	}
}

// reinstate says that a suspect is innocent: it holds what comes after it. What
// is in the queue by now is looked at again when it is taken.
func (s *scheduler) reinstate(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.isSuspect = false
	e.source.reversals++
}
