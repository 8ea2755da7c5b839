package tracking

import (
	"cmp"
	"context"
	"slices"

	"benthos-segment/internal/segment"
)

// limits are what one request may hold: the bytes of its calls with a comma
// after each, and their number.
type limits struct {
	bytes, calls int
}

// load is how much of a request some calls take up.
type load struct {
	bytes, calls int
}

func (l load) with(call *segment.Call) load {
	return load{l.bytes + len(call.JSON) + len(","), l.calls + 1}
}

func (l load) fits(in limits) bool { return l.bytes <= in.bytes && l.calls <= in.calls }

// isNearly says whether a request is worth sending without being filled up.
func (l load) isNearly(full limits) bool {
	return 4*l.bytes >= 3*full.bytes || 4*l.calls >= 3*full.calls
}

// filling is a haul that takes its calls.
type filling struct {
	scheduler *scheduler
	haul      *haul
	full      limits
	taken     []*entry
	load      load
	// isSorted says that they were taken in the order in which they entered.
	isSorted bool
	// isBeside says that other requests of the source may go at the same time.
	isBeside bool
	// following lists the call at hand and those that wait for nothing else.
	following []*entry
}

// fill takes calls for a haul that has none, as many as one request may hold. It
// takes one person after the other with all of their calls, since what it leaves
// of a person has to wait for its answer. It may find none that is ready.
func (s *scheduler) fill(h *haul, full limits) []*entry {
	taken, isSorted := s.gather(h, full)
	if !isSorted {
		// As they came: guilty calls often come in a row, and are found sooner.
		slices.SortFunc(taken, func(a, b *entry) int { return cmp.Compare(a.number, b.number) })
	}
	return taken
}

func (s *scheduler) gather(h *haul, full limits) (taken []*entry, isSorted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	src := h.source
	f := &s.filling
	f.scheduler, f.haul, f.full, f.isSorted = s, h, full, true
	f.isBeside = s.perSource > 1 && s.client.pace == nil
	isLate := h.patience.hasEnded(0)
	for e := src.oldest(); e != nil && (!isLate || h.isFor(e)) && f.takeAll(e); e = src.oldest() {
	}
	h.reversals, src.entering = src.reversals, nil
	s.offer(src)
	taken, isSorted = slices.Clone(f.taken), f.isSorted
	f.forget()
	return taken, isSorted
}

// forget keeps nothing but memory, and that only if it is worth keeping.
func (f *filling) forget() {
	if max(cap(f.taken), cap(f.following)) > usualCalls {
		*f = filling{}
		return
	}
	clear(f.taken[:cap(f.taken)])
	clear(f.following[:cap(f.following)])
	*f = filling{taken: f.taken[:0], following: f.following[:0]}
}

// isFor says whether a call has waited for as long as the haul has had patience.
// One that has come in since has a patience of its own.
func (h *haul) isFor(e *entry) bool { return !e.delivery.entered.After(h.patience.started) }

// takeAll takes a ready call with those that wait for nothing else, and says
// whether there may be room for more. Where there is not for all of these and
// the request is nearly full, it leaves them together for the next one: what was
// cut off would wait for an answer, and then often travel alone.
func (f *filling) takeAll(first *entry) bool {
	if first.isBlocked(nil) {
		// It was ready while a suspect held nobody.
		f.scheduler.dequeue(first)
		return true
	}
	before := f.load
	f.following = append(f.following[:0], first)
	for i := 0; i < len(f.following); i++ {
		e := f.following[i]
		if e.haul != nil {
			continue
		}
		next := f.load.with(e.Call)
		if f.load.calls > 0 && !next.fits(f.full) {
			if f.isBeside && before.calls > 0 && before.isNearly(f.full) {
				f.putDown(before)
			}
			return false
		}
		f.load = next
		f.take(e)
	}
	return true
}

func (f *filling) take(e *entry) {
	f.scheduler.dequeue(e)
	e.haul = f.haul
	if n := len(f.taken); n > 0 && f.taken[n-1].number > e.number {
		f.isSorted = false
	}
	f.taken = append(f.taken, e)
	for i := range e.claims {
		if after := e.claims[i].after; after != nil && f.isFree(after.entry) {
			f.following = append(f.following, after.entry)
		}
	}
}

// isFree says whether a call waits for nothing but what was taken. Lines of two
// sources may be the same by chance.
func (f *filling) isFree(e *entry) bool {
	return e.haul == nil && e.source == f.haul.source && !e.isBlocked(f.haul)
}

// putDown leaves what was taken last, up to an earlier load.
func (f *filling) putDown(to load) {
	cut := f.taken[to.calls:]
	for _, e := range cut {
		e.haul = nil
	}
	if len(cut) > 0 {
		f.scheduler.enqueueFirst(cut[0], &cut[0].source.freed)
	}
	f.taken, f.load = f.taken[:to.calls], to
}

// fitting counts the calls that the attempt at hand may carry: one, where the
// gate lets no more through, and else as many as get through, but one at least.
func (r *request) fitting() int {
	calls := r.own.calls
	switch {
	case len(calls) <= 1 || r.pass.parcel.isSample:
		return len(calls)
	case r.pass.ticket.alone:
		return 1
	}
	most := limits{bytes: r.source.reach.Limit(r.client.conf.MaxRequestBytes), calls: len(calls)}
	n, held := 1, load{}.with(calls[0].Call)
	for ; n < len(calls); n++ {
		if held = held.with(calls[n].Call); !held.fits(most) {
			break
		}
	}
	return n
}

func (r *request) fits() bool { return r.fitting() == len(r.own.calls) }

// shorten leaves for later what the attempt at hand may not carry. It has been
// tried as often as the rest.
func (r *request) shorten() {
	n := r.fitting()
	if n == len(r.own.calls) {
		return
	}
	later := r.haul.request(r.own.calls[n:])
	later.own.tries = r.own.tries
	r.todo = append([]*request{later}, r.todo...)
	r.own.calls, r.own.body = r.own.calls[:n:n], body{}
}

// isCurrent says whether what a haul has in hand may still be sent.
func (s *scheduler) isCurrent(h *haul) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return h.reversals == h.source.reversals && h.ctx.Err() == nil
}

// review puts down what a haul has in hand and is given up, and what has to wait
// for others again. It returns the suspects among it, which have to be withdrawn
// first.
func (s *scheduler) review(h *haul) (withdrawn []*request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.ctx.Err() != nil {
		h.ctx, h.interrupt = context.WithCancel(context.Background())
	}
	h.reversals = h.source.reversals
	h.todo = slices.DeleteFunc(h.todo, func(r *request) bool {
		if len(r.own.calls) == 0 {
			return h.source.entering != h || !h.source.hasReady()
		}
		s.sift(r)
		return len(r.own.calls) == 0
	})
	h.suspects = slices.DeleteFunc(h.suspects, func(r *request) bool {
		isGivenUp := r.own.calls[0].givenUp != nil
		if isGivenUp {
			withdrawn = append(withdrawn, r)
		}
		return isGivenUp
	})
	return withdrawn
}

// sift puts down the calls of a request that must not be sent.
func (s *scheduler) sift(r *request) {
	kept := r.own.calls[:0:0]
	for _, e := range r.own.calls {
		switch {
		case e.givenUp != nil:
			s.leave(e, e.givenUp)
		case e.isBlocked(r.haul):
			e.haul = nil
			s.ready(e)
		default:
			kept = append(kept, e)
		}
	}
	if len(kept) < len(r.own.calls) {
		r.own.calls, r.own.body = kept, body{}
	}
}

// stepAside lets another haul of the source go on while this one waits for its
// verdicts, and stepBack ends that.
func (s *scheduler) stepAside(h *haul) { s.setAside(h, true) }
func (s *scheduler) stepBack(h *haul)  { s.setAside(h, false) }

func (s *scheduler) setAside(h *haul, isAside bool) {
	if h.isAside == isAside {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h.isAside = isAside
	if isAside {
		h.source.hauls--
		s.offer(h.source)
		return
	}
	h.source.hauls++
}

// end forgets a haul that has nothing left to do.
func (s *scheduler) end(h *haul) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.source.entering == h {
		h.source.entering = nil
	}
	if !h.isAside {
		h.source.hauls--
	}
	s.offer(h.source)
}
