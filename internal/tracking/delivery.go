package tracking

import (
	"context"
	"math/rand/v2"
	"time"

	"benthos-segment/internal/segment"
)

// delivery is one Send under way.
type delivery struct {
	client   *Client
	calls    []segment.Call
	observer Observer
	// slots bounds the requests side by side. A request that waits has none.
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
// refused one is halved, and the halves are delivered in order, until the
// guilty call stands alone. It returns why the request was given up, or nil.
func (d *delivery) deliver(ctx context.Context, s *source, indexes []int) *segment.Violation {
	last, given := d.attempts(ctx, s, indexes)
	switch {
	case given != nil:
		return given
	case last.class() == delivered:
		d.settle(indexes, nil)
		return nil
	case len(indexes) == 1:
		d.settle(indexes, refusedCall(last))
		return nil
	}
	d.observer.Splitting()
	middle := len(indexes) / 2
	if given := d.deliver(ctx, s, indexes[:middle]); given != nil {
		return given
	}
	return d.deliver(ctx, s, indexes[middle:])
}

// attempts sends a request again and again, and returns the answer that
// settles it, or why it is given up.
func (d *delivery) attempts(ctx context.Context, s *source, indexes []int) (answer, *segment.Violation) {
	content := encodeBody(d.client.bodyStart(s.writeKey), d.calls, indexes, d.client.conf.Gzip)
	p := newPatience(d.client.conf.Retry)
	renewed := false
	for earlier := 0; ; {
		pass, given := d.turn(ctx, s, p)
		if given != nil {
			return answer{}, given
		}
		last := d.attempt(ctx, s, attempt{body: &content, indexes: indexes, earlier: earlier})
		<-d.slots
		if last.err != nil && ctx.Err() != nil {
			s.gate.leave(pass)
			return answer{}, stopped()
		}
		p.last = last
		if !last.unsent {
			earlier++
		}
		means := s.judge(last, len(indexes))
		if d.renewToken(last) && !renewed {
			renewed = true
			s.gate.leave(pass)
			d.observer.Retrying(means.String())
			continue
		}
		d.complain(s, means, last, earlier)
		switch means {
		case delivered, refused:
			s.gate.open(pass)
			return last, nil
		case throttled:
			d.throttle(s, pass, last)
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
// passes by itself within the first attempts is nobody's business.
func (d *delivery) complain(s *source, means class, last answer, attempts int) {
	const usual = 2
	switch {
	case means == delivered, means == refused:
		return
	case means != setup && attempts <= usual:
		return
	case means == setup && d.client.conf.RejectOnSetupError:
		// Nothing is stuck: the calls are given up, which says why.
		return
	case s.isDue(means):
		d.observer.Stuck(means.String(), last.String(), attempts)
	}
}

// throttle makes all lanes of the write key wait as long as the server asks,
// and up to a tenth more, so that a fleet does not come back at one instant.
func (d *delivery) throttle(s *source, pass ticket, last answer) {
	d.observer.Throttled(last.retryAfter)
	jitter := time.Duration(rand.Int64N(int64(last.retryAfter)/10 + 1))
	s.gate.throttle(pass, last.retryAfter+jitter)
}

// hold makes all lanes of the write key wait until somebody has mended the
// set-up, or gives the request up where that is wanted.
func (d *delivery) hold(s *source, pass ticket, p *patience) *segment.Violation {
	if d.client.conf.RejectOnSetupError {
		s.gate.leave(pass)
		return undelivered("the last attempt met " + p.last.String() + ", which is about the set-up")
	}
	s.gate.hold(pass)
	return nil
}

// turn waits until the request may be sent: the gate of its write key is
// open, one of the slots is free, and the rate limit agrees.
func (d *delivery) turn(ctx context.Context, s *source, p *patience) (ticket, *segment.Violation) {
	limited := d.client.conf.RateLimit == nil
	for {
		if given := d.takeSlot(ctx, p); given != nil {
			return ticket{}, given
		}
		if !limited {
			if err := d.client.conf.RateLimit(ctx); err != nil {
				<-d.slots
				return ticket{}, stoppedOr(ctx, err)
			}
			limited = true
		}
		pass, blocked := s.gate.enter()
		if blocked == nil {
			return pass, nil
		}
		<-d.slots
		if given := p.await(ctx, blocked); given != nil {
			return ticket{}, given
		}
	}
}

func (d *delivery) takeSlot(ctx context.Context, p *patience) *segment.Violation {
	defer p.pause()()
	select {
	case d.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return stopped()
	}
}

func stopped() *segment.Violation {
	return undelivered("the output was stopped before the server had accepted the call")
}

func stoppedOr(ctx context.Context, err error) *segment.Violation {
	if ctx.Err() != nil {
		return stopped()
	}
	return undelivered("awaiting the rate limit: " + err.Error())
}
