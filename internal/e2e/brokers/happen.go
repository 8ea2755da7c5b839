package brokers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/torture/ordeal"
)

// killProcess kills the process while events come in, and Segment has accepted
// a request and not answered it. The next one goes on: where senders insist, while
// they do.
func (p *play) killProcess(ctx context.Context) error {
	if err := p.launch(ctx); err != nil {
		return err
	}
	reached, release := p.segment.Hold(1, true)
	defer release()
	next := func(ctx context.Context) error {
		release()
		p.segment.Watched(nil)
		return p.launch(ctx)
	}
	if err := p.meanwhile(ctx, p.next(1), func(ctx context.Context) error {
		if err := reached(ctx); err != nil {
			return fmt.Errorf("%w\n%s", err, p.process.Said)
		}
		if err := p.killOurs(); err != nil || !p.insists {
			return err
		}
		return next(ctx)
	}); err != nil || p.insists {
		return err
	}
	return next(ctx)
}

// meanwhile does something while events are put in. Each goes on only as long as
// the other goes well.
func (p *play) meanwhile(ctx context.Context, events []ordeal.Event, do func(context.Context) error) error {
	doing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	come := make(chan error, 1)
	go func() {
		err := p.feed.put(doing, events)
		if err != nil {
			stop(err)
		}
		come <- err
	}()
	err := do(doing)
	if err != nil {
		stop(err)
	}
	return errors.Join(<-come, err)
}

// killHeldProcess kills a process that holds events while Segment answers 503,
// and stops another one.
func (p *play) killHeldProcess(ctx context.Context) error {
	if err := p.launchInOutage(ctx); err != nil {
		return err
	}
	if err := p.killOurs(); err != nil {
		return err
	}
	if err := p.launchInOutage(ctx); err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	p.segment.Recover()
	return p.launch(ctx)
}

// killOurs kills the process.
func (p *play) killOurs() error {
	p.process.Kill()
	p.gone()
	p.tally.Kills++
	return p.process.Killed()
}

// launchInOutage starts a process that gets nothing delivered, and waits until
// it has all in hand that it takes.
func (p *play) launchInOutage(ctx context.Context) error {
	if err := p.outage(); err != nil {
		return err
	}
	if err := p.launch(ctx); err != nil {
		return err
	}
	if err := p.put(ctx); err != nil {
		return err
	}
	return p.held(ctx)
}

// outage has Segment answer 503 from now on.
func (p *play) outage() error {
	p.segment.Recover()
	_, err := p.segment.Faults.Add(faults.Fault{Status: http.StatusServiceUnavailable})
	return err
}

// killBroker kills the broker when it has confirmed events that no process has
// read yet, and again while a process holds what it was given.
func (p *play) killBroker(ctx context.Context) error {
	return p.strikeBroker(ctx, func() error { return nil })
}

// cutPower does the same, and what the broker has not synced is gone.
func (p *play) cutPower(ctx context.Context) error {
	return p.strikeBroker(ctx, func() error { return p.disk.Cut(p.Rand) })
}

func (p *play) strikeBroker(ctx context.Context, between func() error) error {
	strike := func() error {
		p.system.Kill()
		p.tally.Kills++
		if err := errors.Join(p.system.Killed(), between()); err != nil {
			return err
		}
		return p.system.Start(ctx)
	}
	// The first process makes the group, the consumer or the session.
	if err := p.launch(ctx); err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return p.put(ctx) },
		strike,
		func() error { return p.launch(ctx) },
		func() error { return p.settle(ctx) },
		p.outage,
		func() error { return p.put(ctx) },
		func() error { return p.held(ctx) },
		strike,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	p.segment.Recover()
	return nil
}

// takeSegmentAway closes the door of Segment in the middle of requests, and
// opens it again after a while.
func (p *play) takeSegmentAway(ctx context.Context) error {
	if err := p.launch(ctx); err != nil {
		return err
	}
	reached, release := p.segment.Hold(1, true)
	defer release()
	if err := p.meanwhile(ctx, p.next(2), reached); err != nil {
		return fmt.Errorf("%w\n%s", err, p.process.Said)
	}
	at, err := url.Parse(p.segment.Url)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		return err
	}
	release()
	p.segment.Close()
	p.segment.Watched(nil)
	p.tally.Kills++
	if err := p.put(ctx); err != nil {
		return err
	}
	ordeal.Wait(ctx, away)
	return p.segment.Serve(port)
}

// killLeader kills the node that leads the queue.
func (p *play) killLeader(ctx context.Context) error { return p.loseNode(ctx, true) }

// killNode kills another one, to which the process is connected.
func (p *play) killNode(ctx context.Context) error { return p.loseNode(ctx, false) }

// loseNode kills a node of a cluster while events come in, and another time while
// a process holds what it was given. Everything has to arrive without the node,
// which comes back then.
func (p *play) loseNode(ctx context.Context, isLeader bool) error {
	c, isCluster := p.system.(cluster)
	if !isCluster {
		return fmt.Errorf("%s has one node", p.name)
	}
	strike := func(ctx context.Context) error {
		p.tally.Kills++
		return c.killOne(ctx, isLeader)
	}
	if err := p.launch(ctx); err != nil {
		return err
	}
	reached, release := p.segment.Hold(1, true)
	defer release()
	if err := p.meanwhile(ctx, p.next(2), func(ctx context.Context) error {
		if err := reached(ctx); err != nil {
			return fmt.Errorf("%w\n%s", err, p.process.Said)
		}
		return strike(ctx)
	}); err != nil {
		return err
	}
	release()
	p.segment.Watched(nil)
	for _, step := range []func(context.Context) error{
		p.settle, p.system.Start, p.stop, p.launchInOutage, strike,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	p.segment.Recover()
	if err := p.settle(ctx); err != nil {
		return err
	}
	return p.system.Start(ctx)
}
