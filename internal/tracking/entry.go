package tracking

import "benthos-segment/internal/segment"

// entry is a call under way.
type entry struct {
	*segment.Call
	delivery *Delivery
	// place is that of the call in the list of its delivery.
	place  int
	source *source
	// number counts the calls in the order in which they entered.
	number uint64
	claims []claim
	// haul is the one that has the call in hand, if any.
	haul *haul
	// queue is the one that it stands in, if any, between before and after.
	queue         *queue
	before, after *entry
	// isSuspect says that it was refused alone, and that nobody waits for it.
	isSuspect bool
	isSettled bool
	// givenUp says why it is given up. Where it is in hand, it stays in its lines
	// until it is put down.
	givenUp *segment.Violation
}

// claim is the place of a call in one of its lines.
type claim struct {
	id            segment.ID
	entry         *entry
	before, after *claim
}

// lines hold the last claim of each line.
type lines map[segment.ID]*claim

func (l lines) join(c *claim) {
	if last := l[c.id]; last != nil {
		c.before, last.after = last, c
	}
	l[c.id] = c
}

// leave takes a claim out of its line, and returns the one that came after it.
func (l lines) leave(c *claim) *claim {
	switch {
	case c.after != nil:
		c.after.before = c.before
	case c.before != nil:
		l[c.id] = c.before
	default:
		delete(l, c.id)
	}
	if c.before != nil {
		c.before.after = c.after
	}
	return c.after
}

// isBlocked says whether the call has to wait for an earlier one that is not in
// the same hands. The ones before a suspect have been refused as well, if they
// are still there.
func (e *entry) isBlocked(hands *haul) bool {
	for i := range e.claims {
		earlier := e.claims[i].before
		for earlier != nil && earlier.entry.isSuspect {
			earlier = earlier.before
		}
		if earlier != nil && (hands == nil || earlier.entry.haul != hands) {
			return true
		}
	}
	return false
}

// isHeld says whether it is neither ready nor in hand.
func (e *entry) isHeld() bool { return e.queue == nil && e.haul == nil && !e.isSettled }

// queue is a list of calls that are ready to be sent.
type queue struct{ first, last *entry }

func (q *queue) push(e *entry) {
	e.queue, e.before, e.after = q, q.last, nil
	if q.last != nil {
		q.last.after = e
	} else {
		q.first = e
	}
	q.last = e
}

func (q *queue) pushFront(e *entry) {
	e.queue, e.before, e.after = q, nil, q.first
	if q.first != nil {
		q.first.before = e
	} else {
		q.last = e
	}
	q.first = e
}

func (q *queue) remove(e *entry) {
	if e.before != nil {
		e.before.after = e.after
	} else {
		q.first = e.after
	}
	if e.after != nil {
		e.after.before = e.before
	} else {
		q.last = e.before
	}
	e.queue, e.before, e.after = nil, nil, nil
}
