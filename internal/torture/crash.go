package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// A moment is when a process is killed: so long after its start, or in the
// middle of its nth request.
type moment struct {
	after    time.Duration
	request  int
	answered bool
}

func (m moment) String() string {
	switch {
	case m.request == 0:
		return m.after.Round(time.Millisecond).String() + " after its start"
	case m.answered:
		return fmt.Sprintf("when request %d was accepted and not answered", m.request)
	default:
		return fmt.Sprintf("when request %d had come in", m.request)
	}
}

// The earliest and the latest moment to kill at.
const (
	earliest = 100 * time.Millisecond
	latest   = 2 * time.Second
)

// randomMoment draws a time half of the time. The other half goes to the
// moments that a time would hardly ever hit.
func randomMoment(rng *rand.Rand) moment {
	if rng.IntN(2) == 0 {
		return moment{after: earliest + time.Duration(rng.Int64N(int64(latest-earliest)))}
	}
	return moment{request: 1 + rng.IntN(60), answered: rng.IntN(2) == 0}
}

// strike kills a process at a moment, or when everything has arrived before.
func (m moment) strike(ctx context.Context, p *process, number int, seg *segment, total int) error {
	if m.request == 0 {
		timer := time.NewTimer(m.after)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.exited:
			return p.running()
		case <-ctx.Done():
			return ctx.Err()
		}
		p.kill()
		return nil
	}
	var once sync.Once
	seg.watched(func(process, request int, answered bool) {
		if process == number && request >= m.request && answered == m.answered {
			once.Do(p.kill)
		}
	})
	defer seg.watched(nil)
	arrived, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make(chan error, 1)
	go func() { all <- seg.await(arrived, total) }()
	select {
	case <-p.exited:
	case err := <-all:
		if err != nil {
			return err
		}
		once.Do(p.kill)
	}
	return nil
}

// crashes is one round: a pipeline is killed so often before it may finish.
type crashes struct {
	product  binary
	source   source
	crowd    *crowd
	calls    int
	kills    int
	patience time.Duration
}

// run returns the tally of the round, and an error where it could not be
// played or a promise was broken.
func (c crashes) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	seg := newSegment(rng.Uint64(), stride)
	if err := seg.serve(0); err != nil {
		return t, err
	}
	defer seg.close()
	events := c.crowd.events(c.calls)
	if err := c.source.put(ctx, events); err != nil {
		return t, err
	}
	fresh := map[int]int{}
	for n := 1; ; n++ {
		if fresh[n], err = c.source.given(ctx, 0); err != nil {
			return t, err
		}
		p, err := c.start(n, seg)
		if err != nil {
			return t, err
		}
		if n > c.kills {
			err = c.finish(ctx, p, seg)
			t.leaked += p.said.leaks()
			if err != nil {
				return t, err
			}
			break
		}
		m := randomMoment(rng)
		err = m.strike(ctx, p, n, seg, c.calls)
		p.kill()
		t.leaked += p.said.leaks()
		if err != nil {
			return t, fmt.Errorf("killing process %d %s: %w\n%s", n, m, err, p.said)
		}
		t.kills++
		inFlight, err := c.inFlight(ctx, seg)
		if err != nil {
			return t, fmt.Errorf("after killing process %d %s: %w", n, m, err)
		}
		t.inFlight += inFlight
		t.mostInFlight = max(t.mostInFlight, inFlight)
	}
	t.verdict = judge(events, seg.accepted(), excuse(c.source, events, fresh))
	if t.resent > t.inFlight {
		return t, fmt.Errorf("%d calls came again, though only %d were accepted and not acknowledged at the kills", t.resent, t.inFlight)
	}
	return t, t.fault()
}

func (c crashes) start(n int, seg *segment) (*process, error) {
	env := c.source.env()
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = seg.endpoint(n)
	return c.product.run(c.source.pipeline(), env)
}

// finish lets a process deliver the rest and stops it.
func (c crashes) finish(ctx context.Context, p *process, seg *segment) error {
	defer p.kill()
	if err := seg.await(ctx, c.calls); err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	if err := p.await(ctx); err != nil {
		return err
	}
	if err := everythingAcknowledged(ctx, c.source); err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	return p.terminate(ctx)
}

// inFlight counts what may come again after a kill: accepted, and not
// acknowledged. Acknowledged and not accepted must be nothing.
func (c crashes) inFlight(ctx context.Context, seg *segment) (int, error) {
	if err := seg.quiet(ctx); err != nil {
		return 0, err
	}
	acknowledged, err := c.source.acknowledged(ctx)
	if err != nil {
		return 0, err
	}
	if err := allAccepted(acknowledged, seg); err != nil {
		return 0, err
	}
	return seg.count() - len(acknowledged), nil
}

// allAccepted returns an error where one of the events has not arrived.
func allAccepted(acknowledged []event, seg *segment) error {
	for _, e := range acknowledged {
		if !seg.has(e.step) {
			return fmt.Errorf("step %d of person %d is acknowledged and not accepted", e.Seq, e.Person)
		}
	}
	return nil
}

// everythingAcknowledged waits until nothing would be given out again.
func everythingAcknowledged(ctx context.Context, s source) error {
	for {
		// A broker that was away for a while may cut the first questions off.
		done, err := s.drained(ctx)
		if done {
			return nil
		}
		if !wait(ctx, 20*time.Millisecond) {
			return fmt.Errorf("waiting for acknowledgements: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// excuse says which calls may be late. Where the broker keeps order, none may.
// Elsewhere those that an earlier process was given, too, may: a process keeps
// the order of what it is the first to be given.
func excuse(s source, events []event, fresh map[int]int) func(acceptance) bool {
	if s.keepsOrder() {
		return nobody
	}
	place := make(map[step]int, len(events))
	for i, e := range events {
		place[e.step] = i
	}
	return func(a acceptance) bool { return place[a.step] < fresh[a.Process] }
}
