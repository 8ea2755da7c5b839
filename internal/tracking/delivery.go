package tracking

import (
	"context"
	"slices"
	"time"

	"benthos-segment/internal/segment"
)

const (
	// usualCalls is how many a batch may have whose buffers are kept.
	usualCalls = 20_000
	// maxKeptSlabs bounds the buffers that are kept.
	maxKeptSlabs = 16
)

// Delivery is a batch under way.
type Delivery struct {
	client   *Client
	ctx      context.Context
	calls    []segment.Call
	observer Observer
	slab
	// entered is when it did.
	entered time.Time
	// unwatch ends the watch over the context.
	unwatch func() bool
	// done is closed when it may return.
	done chan struct{}

	// What follows is guarded by the scheduler.

	// left counts the calls that are not settled.
	left               int
	hasGivenUp, isDone bool
	// violations holds those of the calls that were not accepted, or nothing.
	violations []*segment.Violation
}

// slab is the memory for the calls of a batch under way.
type slab struct {
	entries []entry
	claims  []claim
}

// takeSlab returns one that was given back, if there is one. A sync.Pool would
// lose them in every other garbage collection, of which a busy sender sees
// several for each batch.
func (c *Client) takeSlab() slab {
	select {
	case kept := <-c.slabs:
		return kept
	default:
		return slab{}
	}
}

// giveSlab keeps the memory of a batch for the next ones, if it is usual.
func (c *Client) giveSlab(used slab) {
	if len(used.entries) > usualCalls {
		return
	}
	clear(used.entries)
	clear(used.claims)
	select {
	case c.slabs <- used:
	default:
	}
}

// Enter takes a batch in. Of two calls for the same person, the one whose batch
// enters first is accepted first, however many batches are under way. What waits
// for nothing is sent at once.
//
// Enter does not wait for anything to be sent, and does not bound how much is
// under way. Whoever needs an order calls it for one batch after the other, and
// must call Wait for each.
func (c *Client) Enter(ctx context.Context, calls []segment.Call, observer Observer) *Delivery {
	d := &Delivery{
		client: c, ctx: ctx, calls: calls, observer: observer,
		left: len(calls), done: make(chan struct{}),
	}
	if len(calls) == 0 || ctx.Err() != nil {
		d.refuseEntry()
		return d
	}
	d.slab, d.entered = c.takeSlab(), time.Now()
	d.fill()
	c.scheduler.enter(d)
	d.unwatch = context.AfterFunc(ctx, c.scheduler.stop)
	return d
}

// refuseEntry ends a delivery that did not enter.
func (d *Delivery) refuseEntry() {
	if len(d.calls) > 0 {
		d.violations = slices.Repeat([]*segment.Violation{stopped()}, len(d.calls))
	}
	close(d.done)
}

// fill makes the entries of the calls.
func (d *Delivery) fill() {
	d.entries = slices.Grow(d.entries[:0], len(d.calls))[:len(d.calls)]
	// Claims are pointed at: there must be room for all of them.
	d.claims = slices.Grow(d.claims[:0], 3*len(d.calls))
	for first := 0; first < len(d.calls); {
		next := first + 1
		for next < len(d.calls) && d.calls[next].WriteKey == d.calls[first].WriteKey {
			next++
		}
		src := d.client.sources.get(d.calls[first].WriteKey, next-first)
		for ; first < next; first++ {
			e := &d.entries[first]
			*e = entry{Call: &d.calls[first], delivery: d, place: first, source: src}
			d.claim(e)
		}
	}
}

// claim makes the claims of a call, one for each id.
func (d *Delivery) claim(e *entry) {
	from := len(d.claims)
	for i, id := range [...]segment.ID{e.UserID, e.AnonymousID, e.PreviousID} {
		if id == 0 || i > 0 && id == e.UserID || i > 1 && id == e.AnonymousID {
			continue
		}
		// A line belongs to one source. Where two sources get the same by chance, a
		// call waits for one that it need not wait for.
		d.claims = append(d.claims, claim{id: id ^ e.source.salt, entry: e})
	}
	e.claims = d.claims[from:len(d.claims):len(d.claims)]
}

// settle notes what became of a call, whose violation is nil if it was accepted.
func (d *Delivery) settle(e *entry, why *segment.Violation) {
	d.left--
	if why == nil {
		return
	}
	if d.violations == nil {
		d.violations = make([]*segment.Violation, len(d.calls))
	}
	d.violations[e.place] = why
}

// Wait returns when every call is settled, or soon after the context of the
// batch has ended: nil when all of them have been accepted, and else one
// violation for each call, nil for those accepted. The reason is refused where
// the server does not want this very call, and else undelivered.
func (d *Delivery) Wait() []*segment.Violation {
	<-d.done
	if d.entries == nil {
		return d.violations
	}
	d.unwatch()
	d.client.scheduler.returned(d)
	d.client.giveSlab(d.slab)
	d.slab = slab{}
	return d.violations
}
