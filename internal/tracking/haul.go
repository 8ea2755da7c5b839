package tracking

import (
	"context"
	"net/http"
	"slices"

	"benthos-segment/internal/segment"
)

// haul is what one worker has in hand of a source: the calls of one request, or
// of the parts that became of it. One of its requests is under way at a time,
// and nothing in it needs a lock.
type haul struct {
	client *Client
	source *source
	// opener is the delivery that it was begun for.
	opener *Delivery
	// patience is for all that is in hand: the parts of a request have as long as
	// it would have had.
	patience patience
	// todo lists the requests to come, the next one first.
	todo []*request
	// suspects lists those that were refused alone and have no verdict yet.
	suspects []*request

	// What follows is guarded by the scheduler.

	// ctx ends when calls in hand are given up by somebody else.
	ctx       context.Context
	interrupt context.CancelFunc
	// reversals is that of the source when the calls in hand were last looked at.
	reversals int
	// isAside says that there are only suspects left, so that it does not count.
	isAside bool
}

// newHaul returns a haul that looks for something to send. The scheduler calls
// it, with a source that has some.
func newHaul(c *Client, src *source) *haul {
	h := &haul{client: c, source: src, opener: src.oldest().delivery}
	h.ctx, h.interrupt = context.WithCancel(context.Background())
	h.todo = []*request{h.request(nil)}
	return h
}

// run sends the requests one after the other, and waits in the end for the
// verdicts on the suspects.
func (h *haul) run() {
	defer h.end()
	h.patience.begin(h.client.conf.Retry, h.source.waitsSince(h.opener.entered))
	for r := h.next(); r != nil; r = h.next() {
		switch end := r.deliver(); {
		case end.gaveUp != nil:
			h.giveUp(r, end.gaveUp)
		case end.comesLater:
			h.putBack(r)
		case end.suspect != nil:
			h.suspects = append(h.suspects, r)
		case end.means == Refused:
			h.split(r, end.answer)
		default:
			h.client.scheduler.settle(r.own.calls, nil)
		}
	}
}

// next returns the request to deliver next: of what was sent before, only a
// suspect without a verdict is left to do.
func (h *haul) next() *request {
	h.takeVerdicts()
	switch {
	case len(h.todo) > 0:
		r := h.todo[0]
		h.todo[0], h.todo = nil, h.todo[1:]
		h.client.scheduler.stepBack(h)
		return r
	case len(h.suspects) > 0:
		h.client.scheduler.stepAside(h)
		return h.suspects[0]
	}
	return nil
}

func (h *haul) hasVerdict() bool {
	return len(h.suspects) > 0 && h.source.gate.verdictOn(h.suspects[0].suspect) != pending
}

// takeVerdicts settles the guilty, and puts the others back to the front.
func (h *haul) takeVerdicts() {
	var innocents []*request
	for h.hasVerdict() {
		r := h.suspects[0]
		h.suspects = h.suspects[1:]
		switch h.source.gate.verdictOn(r.suspect) {
		case guilty:
			h.client.scheduler.settle(r.own.calls, refusedCall(r.suspect.answer))
		case innocent:
			h.patience.last, r.suspect = r.suspect.met, nil
			innocents = append(innocents, r)
			r.observer().Retrying(Setup)
		case rejected:
			met := r.suspect.met
			r.suspect = nil
			h.giveUp(r, setupError(met))
		}
	}
	if len(innocents) > 0 {
		h.todo = append(innocents, h.todo...)
		h.review()
	}
}

// giveUp gives up the calls of a request, and all that wait behind them. What
// was tried together with them has had the same patience.
func (h *haul) giveUp(r *request, why *segment.Violation) {
	if len(r.own.calls) == 0 {
		h.client.scheduler.giveUpOldest(h, why)
		return
	}
	calls := slices.Clone(r.own.calls)
	for _, later := range h.todo {
		if later.own.tries > 0 {
			calls = append(calls, later.own.calls...)
		}
	}
	h.client.scheduler.giveUp(calls, why)
	if r.suspect == nil {
		h.todo = append([]*request{r}, h.todo...)
	}
	h.review()
}

// putBack puts a request that was not sent back to the front.
func (h *haul) putBack(r *request) {
	if r.suspect == nil {
		h.todo = append([]*request{r}, h.todo...)
	}
	h.review()
}

// review puts down what need not or must not be sent any more.
func (h *haul) review() {
	for _, s := range h.client.scheduler.review(h) {
		h.source.gate.withdraw(s.suspect)
		h.client.scheduler.settle(s.own.calls, s.own.calls[0].givenUp)
	}
}

// split puts the parts of a refused request in its place. They are sent in
// order and split again, until the guilty call stands alone.
func (h *haul) split(r *request, last answer) {
	r.observer().Splitting()
	var parts []*request
	for part := range slices.Chunk(r.own.calls, ceil(len(r.own.calls), partsOf(last))) {
		parts = append(parts, h.request(part))
	}
	h.todo = append(parts, h.todo...)
}

func (h *haul) request(calls []*entry) *request {
	return &request{haul: h, own: parcel{calls: calls}}
}

// end lets the source have another haul.
func (h *haul) end() {
	h.interrupt()
	h.client.scheduler.end(h)
	h.source.users.Add(-1)
}

// partsOf says into how many parts a refused request is split. For one guilty
// call, quarters take as many requests as halves do and send a third fewer
// calls again. A request that was too large needs no search: halves fit soonest.
func partsOf(last answer) int {
	if last.status == http.StatusRequestEntityTooLarge {
		return 2
	}
	return 4
}

func ceil(n, by int) int { return (n + by - 1) / by }
