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
// It returns an error where the process has not died of that.
func (m moment) strike(ctx context.Context, p *process, number int, seg *segment, everything func(context.Context) error) error {
	if err := m.await(ctx, p, number, seg, everything); err != nil {
		return err
	}
	p.kill()
	return p.killed()
}

// await waits for the moment, and kills the process itself where that is in
// the middle of a request.
func (m moment) await(ctx context.Context, p *process, number int, seg *segment, everything func(context.Context) error) error {
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
	go func() { all <- everything(arrived) }()
	select {
	case <-p.exited:
		return nil
	case err := <-all:
		return err
	}
}

// crashes is one round: a pipeline is killed so often before it may finish.
type crashes struct {
	product  binary
	feed     feed
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
	if err := c.feed.put(ctx, events); err != nil {
		return t, err
	}
	fresh := map[int]int{}
	err = c.ordeal(ctx, rng, seg, fresh, &t)
	t.judgement = conclude(ctx, c.feed, events, seg.accepted(), excuse(c.feed, events, fresh), err)
	if err == nil && t.resent > t.inFlight {
		err = fmt.Errorf("%d calls came again, though only %d were accepted and not acknowledged at the kills", t.resent, t.inFlight)
	}
	return t, errors.Join(err, t.fault())
}

// ordeal starts processes and kills them, and lets the last one finish.
func (c crashes) ordeal(ctx context.Context, rng *rand.Rand, seg *segment, fresh map[int]int, t *tally) (err error) {
	for n := 1; ; n++ {
		if fresh[n], err = c.feed.given(ctx, 0); err != nil {
			return err
		}
		p, err := c.start(n, seg)
		if err != nil {
			return err
		}
		if n > c.kills {
			err = c.finish(ctx, p, seg)
			t.leaked += p.said.leaks()
			return err
		}
		m := randomMoment(rng)
		err = m.strike(ctx, p, n, seg, func(ctx context.Context) error {
			return everythingArrives(ctx, c.feed, seg.await, c.calls)
		})
		p.kill()
		t.leaked += p.said.leaks()
		if err != nil {
			return fmt.Errorf("killing process %d %s: %w\n%s", n, m, err, p.said)
		}
		t.kills++
		inFlight, err := c.inFlight(ctx, seg)
		if err != nil {
			return fmt.Errorf("after killing process %d %s: %w", n, m, err)
		}
		t.inFlight += inFlight
		t.mostInFlight = max(t.mostInFlight, inFlight)
	}
}

func (c crashes) start(n int, seg *segment) (*process, error) {
	env := c.feed.env()
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = seg.endpoint(n)
	return c.product.run(c.feed.pipeline(), env)
}

// finish lets a process deliver the rest and stops it.
func (c crashes) finish(ctx context.Context, p *process, seg *segment) error {
	defer p.kill()
	if err := everythingArrives(ctx, c.feed, seg.await, c.calls); err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	if err := p.await(ctx); err != nil {
		return err
	}
	if err := everythingAcknowledged(ctx, c.feed); err != nil {
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
	acknowledged, err := allAccepted(ctx, c.feed, seg)
	return seg.count() - acknowledged, err
}

// excuse says which calls may be late. Where the broker keeps order, none may.
// Elsewhere those that an earlier process was given, too, may: a process keeps
// the order of what it is the first to be given.
func excuse(s feed, events []event, fresh map[int]int) func(acceptance) bool {
	if s.keepsOrder() {
		return nobody
	}
	place := make(map[step]int, len(events))
	for i, e := range events {
		place[e.step] = i
	}
	return func(a acceptance) bool { return place[a.step] < fresh[a.Process] }
}
