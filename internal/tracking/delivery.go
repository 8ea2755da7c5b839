package tracking

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"benthos-segment/internal/segment"
)

// delivery is one Send under way.
type delivery struct {
	client   *Client
	calls    []segment.Call
	observer Observer
	// slots bounds the requests side by side. One that waits for anything but
	// its answer has none.
	slots chan struct{}
	// fates are written by the lane of the call alone.
	fates []fate
}

// fate is what became of a call.
type fate struct {
	settled bool
	err     error
}

// errors lists the errors of all calls, or nothing where there is none.
func (d *delivery) errors() []error {
	var errs []error
	for i := range d.fates {
		if d.fates[i].err == nil {
			continue
		}
		if errs == nil {
			errs = make([]error, len(d.fates))
		}
		errs[i] = d.fates[i].err
	}
	return errs
}

func (d *delivery) settle(indexes []int, err error) {
	for _, i := range indexes {
		if !d.fates[i].settled {
			d.fates[i] = fate{settled: true, err: err}
		}
	}
}

// lane sends calls that must not overtake each other, one request after the
// other. When a request is given up, so is everything behind it.
func (d *delivery) lane(ctx context.Context, s *source, indexes []int) {
	for _, request := range d.client.limits(s.writeKey).pack(d.calls, indexes) {
		if given := d.deliver(ctx, s, request); given != nil {
			d.settle(indexes, given)
			return
		}
	}
}

// deliver sends one request until its calls are accepted or refused. A
// refused one is cut, and the parts are delivered in order, until the guilty
// call stands alone. It returns why the request was given up, or nil.
func (d *delivery) deliver(ctx context.Context, s *source, indexes []int) *segment.Violation {
	last, given := d.attempts(ctx, s, indexes)
	switch {
	case given != nil:
		return given
	case last.err == nil && last.class() == delivered:
		d.settle(indexes, nil)
		return nil
	case len(indexes) == 1:
		d.settle(indexes, refusedCall(last))
		return nil
	}
	d.observer.Splitting()
	for part := range slices.Chunk(indexes, ceil(len(indexes), partsOf(last))) {
		if given := d.deliver(ctx, s, part); given != nil {
			return given
		}
	}
	return nil
}

// partsOf says into how many parts a refused request is cut. For one guilty
// call, quarters take as many requests as halves do and send a third fewer
// calls again. A request that was too large needs no search: halves fit soonest.
func partsOf(last answer) int {
	if last.status == http.StatusRequestEntityTooLarge {
		return 2
	}
	return 4
}

// attempts sends a request again and again, and returns the answer that
// settles it, or why it is given up.
func (d *delivery) attempts(ctx context.Context, s *source, indexes []int) (answer, *segment.Violation) {
	var content body
	p := newPatience(d.client.conf.Retry)
	renewed := false
	for earlier := 0; ; {
		pass, last, given := d.turn(ctx, s, p, func(by credential) answer {
			// Not before it has a slot: a batch of many sources has as many lanes,
			// and a compressor takes more than half a megabyte.
			if content.head == nil {
				content = d.client.encodeBody(d.client.bodyStart(s.writeKey), d.calls, indexes)
			}
			return d.attempt(ctx, attempt{body: &content, indexes: indexes, earlier: earlier, credential: by})
		})
		if given != nil {
			return answer{}, given
		}
		if last.err != nil && ctx.Err() != nil {
			s.gate.leave(pass)
			return answer{}, stopped()
		}
		p.last = last
		if !last.unsent {
			earlier++
		}
		means := s.judge(last, len(indexes))
		if !renewed && d.renewToken(last) {
			renewed = true
			s.gate.leave(pass)
			d.observer.Retrying(means.String())
			continue
		}
		d.complain(s, means, last.String(), earlier)
		switch means {
		case delivered, refused:
			s.gate.open(pass)
			if s.hasRecovered() {
				d.observer.Recovered(s.fingerprint)
			}
			return last, nil
		case throttled:
			d.throttle(s, pass, p)
		case setup:
			if given := d.hold(s, pass, p); given != nil {
				return answer{}, given
			}
		case transient:
			s.gate.leave(pass)
			if given := p.backOff(ctx); given != nil {
				return answer{}, given
			}
		}
		d.observer.Retrying(means.String())
	}
}

// renewToken makes the next attempt get a new access token, where the last one
// was refused for its token. A token may be revoked at any time, so that this
// is worth one attempt at once.
func (d *delivery) renewToken(last answer) bool {
	if !last.isAboutToken() {
		return false
	}
	d.client.tokens.reject(last.token)
	return true
}

// complain tells the observer of a request that does not get through. What
// passes by itself within the first attempts is nobody's business, and a short
// wait neither.
func (d *delivery) complain(s *source, means class, what string, attempts int) {
	const usual = 2
	switch means {
	case transient:
		if attempts <= usual {
			return
		}
	case setup:
		if d.client.conf.RejectOnSetupError {
			// Nothing is stuck: the calls are given up, which says why.
			return
		}
	default:
		return
	}
	d.report(s, means, what)
}

func (d *delivery) report(s *source, means class, what string) {
	if s.isDue(means) {
		d.observer.Stuck(Trouble{Source: s.fingerprint, Class: means.String(), Answer: what})
	}
}

// throttle makes all lanes of the write key wait as long as the server asks,
// and up to a tenth more, so that a fleet does not come back at one instant.
// Where it does not say how long, the wait grows as that of a retry.
func (d *delivery) throttle(s *source, pass ticket, p *patience) {
	pause := p.last.retryAfter
	if pause == 0 {
		pause = p.nextWait()
	} else {
		pause += time.Duration(rand.Int64N(int64(pause)/10 + 1))
	}
	d.observer.Throttled(pause)
	s.gate.throttle(pass, pause, p.last.String())
}

// hold makes all lanes of the write key wait until somebody has mended the
// set-up, or gives the request up where that is wanted.
func (d *delivery) hold(s *source, pass ticket, p *patience) *segment.Violation {
	if d.client.conf.RejectOnSetupError {
		s.gate.leave(pass)
		return undelivered("the last attempt met " + p.last.String() + ", which is about the set-up")
	}
	s.gate.hold(pass, p.last.String())
	return nil
}

// turn waits until the request may be sent: the gate of its write key is
// open, the rate limit agrees, there is a token where one is needed, and one of
// the slots is free. Then it sends the request, or returns in its place why
// there is no token. A wait for the token, or at a gate that is shut because of
// the set-up, tries the request's patience; the others are not its fault.
func (d *delivery) turn(
	ctx context.Context, s *source, p *patience, send func(credential) answer,
) (ticket, answer, *segment.Violation) {
	limited := d.client.conf.RateLimit == nil
	for {
		pass, blocked := s.gate.enter()
		if blocked != nil {
			if given := d.await(ctx, s, p, blocked); given != nil {
				return ticket{}, answer{}, given
			}
			continue
		}
		if !limited {
			if given := d.access(ctx, s, p, pass); given != nil {
				return ticket{}, answer{}, given
			}
			limited = true
		}
		if missing := d.client.authorize(ctx); missing != nil {
			return pass, *missing, nil
		}
		if given := d.takeSlot(ctx, s, p, pass); given != nil {
			return ticket{}, answer{}, given
		}
		// Both may have been good when the wait for the slot began.
		by, isAuthorized := d.client.credential(ctx, s)
		if isAuthorized && s.gate.admits(pass) {
			defer func() { <-d.slots }()
			return pass, send(by), nil
		}
		<-d.slots
		s.gate.leave(pass)
	}
}

// access waits for the rate limit. One that fails, as one may that is kept on
// another machine, says nothing of the calls.
func (d *delivery) access(ctx context.Context, s *source, p *patience, pass ticket) *segment.Violation {
	for {
		resume := p.pause()
		err := d.client.conf.RateLimit(ctx)
		resume()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			s.gate.leave(pass)
			return stopped()
		}
		d.report(s, transient, "an error of the rate limit")
		if given := p.backOff(ctx); given != nil {
			s.gate.leave(pass)
			return given
		}
	}
}

func (d *delivery) takeSlot(ctx context.Context, s *source, p *patience, pass ticket) *segment.Violation {
	defer p.pause()()
	select {
	case d.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		s.gate.leave(pass)
		return stopped()
	}
}

// await waits for the gate to change. A wait that the server has asked for is
// excused; one for a set-up to be mended is not.
func (d *delivery) await(ctx context.Context, s *source, p *patience, blocked *wait) *segment.Violation {
	if blocked.reason == throttled {
		defer p.pause()()
	}
	var ended <-chan time.Time
	if p.limit > 0 && blocked.reason != throttled {
		ended = time.After(max(p.left(), 0))
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
			return p.givenUp(blocked.why)
		case <-ctx.Done():
			return stopped()
		case <-remind.C:
			d.report(s, blocked.reason, blocked.why)
		}
	}
}

func stopped() *segment.Violation {
	return undelivered("the output was stopped before the server had accepted the call")
}
