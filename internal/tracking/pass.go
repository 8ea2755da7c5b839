package tracking

import (
	"context"
	"time"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/oauth"
)

// pass is the permission to send something once. It owns what that takes: a
// ticket of the gate, a credential and a slot. Only admit makes one, and it ends
// exactly once, with what is to be learned from the answer.
type pass struct {
	client *Client
	gate   *gate
	ticket ticket
	// parcel is what to send: the request, or a sample in its place.
	parcel *parcel
	// missing stands for the answer where there is no credential. Such a pass
	// has no slot.
	missing *answer
	credential
	// turn is the pace that it has the turn at, or nil.
	turn    *pace
	hasSlot bool
	// writer is what the body is made with, until it is made.
	writer  *bodyWriter
	isEnded bool
}

// admit waits until the request may be sent: the gate of its write key is open,
// the limits of the rate agree, there is a token where one is needed, and one of the
// slots is free. Or it says why the request is not sent now.
//
// The slot comes last, so that a request that waits for anything but its answer
// has none. The wait for it may be long, so that what came before is looked at
// once more.
func (r *request) admit() (*pass, *ruling) {
	hasAccess := r.client.conf.RateLimit == nil
	for {
		if stop := r.enter(); stop != nil {
			return nil, stop
		}
		r.shorten()
		gaveUp := r.prepare(&hasAccess)
		if gaveUp == nil && r.ctx.Err() == nil && r.fits() && r.pass.begin(r.client.tokens) {
			if r.bind() {
				r.pass.charge()
				return &r.pass, nil
			}
			r.pass.end(ruling{})
			return nil, &ruling{comesLater: true}
		}
		r.pass.end(ruling{})
		if gaveUp != nil {
			return nil, &ruling{gaveUp: gaveUp}
		}
	}
}

// bind says whether there is something to send with the pass that may be sent. A
// request that holds nothing takes its calls now.
func (r *request) bind() bool {
	if r.pass.missing != nil || r.pass.parcel.isSample {
		return true
	}
	if len(r.own.calls) > 0 {
		return r.client.scheduler.isCurrent(r.haul)
	}
	full := r.client.limits(r.source.writeKey)
	full.bytes = r.source.reach.Limit(full.bytes)
	if r.pass.ticket.alone {
		full.calls = 1
	}
	r.own.calls = r.client.scheduler.fill(r.haul, full)
	return len(r.own.calls) > 0
}

// enter waits for a ticket of the gate. Where there is a verdict by then on what
// the haul has sent before, or something is given up, the haul looks at that
// first.
func (r *request) enter() *ruling {
	for {
		if r.ctx.Err() != nil {
			return &ruling{comesLater: true}
		}
		ticket, blocked := r.source.gate.enter(r.suspect != nil)
		if blocked == nil {
			return r.take(ticket)
		}
		if r.hasVerdict() {
			return &ruling{comesLater: true}
		}
		if gaveUp := r.await(blocked); gaveUp != nil {
			return &ruling{gaveUp: gaveUp}
		}
	}
}

// take makes a pass of a ticket.
func (r *request) take(t ticket) *ruling {
	r.pass = pass{client: r.client, gate: &r.source.gate, ticket: t, parcel: &r.own}
	if t.asks {
		r.pass.parcel = r.client.samples.parcel(r.source.writeKey)
	}
	if r.hasVerdict() || r.pass.parcel == nil {
		r.pass.end(ruling{})
		return &ruling{comesLater: true}
	}
	return nil
}

// prepare gets what a pass needs beside its ticket.
func (r *request) prepare(hasAccess *bool) *segment.Violation {
	if !*hasAccess {
		if gaveUp := r.awaitRateLimit(); gaveUp != nil {
			return gaveUp
		}
		*hasAccess = true
	}
	r.pass.credential, r.pass.missing = r.client.authorize(r.ctx, r.source)
	if r.pass.missing != nil {
		return nil
	}
	r.awaitTurn()
	r.awaitSlot()
	r.awaitWriter()
	return nil
}

// begin says whether everything that was got for the pass still counts. If so,
// what it is for is under way.
func (p *pass) begin(tokens *oauth.Tokens) bool {
	if p.missing != nil {
		return true
	}
	return (tokens == nil || tokens.IsGood(p.token)) && p.gate.begin(&p.ticket)
}

// end gives back what the pass owns. The gate learns from a ruling what it
// means for the requests that come after.
func (p *pass) end(next ruling) {
	if p.isEnded {
		panic("tracking: a pass has ended twice")
	}
	p.isEnded = true
	// Not before the gate has learned: whoever waits for the slot looks at it.
	defer p.freeSlot()
	p.leaveTurn()
	p.freeWriter()
	switch {
	case next.gaveUp != nil || next.comesLater || next.isAtOnce:
		p.gate.leave(p.ticket)
	case next.means == Throttled:
		p.gate.throttle(p.ticket, next.pause, next.met)
	case next.means == Setup:
		p.gate.hold(p.ticket, next.met)
	case next.means == Delivered:
		p.gate.accept(p.ticket)
	case next.means == Refused && p.ticket.asks:
		p.gate.refuseSample(p.ticket, next.met)
	case next.suspect != nil:
		p.gate.refuse(p.ticket, next.suspect)
	case next.means == Refused:
		p.gate.resume(p.ticket)
	default:
		p.gate.leave(p.ticket)
	}
}

func (p *pass) freeSlot() {
	if p.hasSlot {
		p.client.slots.Free()
	}
}

// awaitRateLimit waits for the rate limit. One that fails, as one may that is
// kept on another machine, says nothing of the calls. The wait is not the fault
// of the request.
func (r *request) awaitRateLimit() *segment.Violation {
	for {
		resume := r.patience.excuse()
		err := r.client.conf.RateLimit(r.ctx)
		resume()
		if err == nil {
			return nil
		}
		if r.ctx.Err() != nil {
			return nil
		}
		r.report(Transient, symptom{text: "an error of the rate limit"})
		if gaveUp := r.patience.backOff(r.ctx); gaveUp != nil {
			return gaveUp
		}
	}
}

// authorize waits until there is something to authorize a request with, or says
// in the place of an answer why there is not.
func (c *Client) authorize(ctx context.Context, s *source) (credential, *answer) {
	if c.tokens == nil {
		return credential{authorization: s.authorization}, nil
	}
	token, err := c.tokens.Get(ctx)
	if err != nil {
		return credential{}, unsent(err)
	}
	return credential{authorization: "Bearer " + token, token: token}, nil
}

// awaitSlot waits until fewer requests are under way than may be, which is not
// the fault of this one.
func (r *request) awaitSlot() {
	defer r.patience.excuse()()
	r.pass.hasSlot = r.client.slots.Take(r.ctx)
}

// await waits for the gate to change. A wait that the server has asked for is
// excused, and so is one for a verdict; one for a set-up to be fixed is not.
func (r *request) await(blocked *wait) *segment.Violation {
	var ended <-chan time.Time
	if blocked.reason != Setup {
		defer r.patience.excuse()()
	} else if r.patience.isLimited() {
		ended = time.After(max(r.patience.left(), 0))
	}
	if blocked.isNews {
		r.reportWait(blocked)
	}
	var open <-chan time.Time
	if blocked.remaining > 0 {
		open = time.After(blocked.remaining)
	}
	remind := time.NewTicker(reminder)
	defer remind.Stop()
	for {
		select {
		case <-open:
			return nil
		case <-blocked.changed:
			return nil
		case <-ended:
			return r.patience.givenUp(blocked.met.text)
		case <-r.ctx.Done():
			return nil
		case <-remind.C:
			if blocked.reason != 0 {
				r.reportWait(blocked)
			}
		}
	}
}

func stopped() *segment.Violation {
	return undelivered("the output was stopped before the server had accepted the call")
}
