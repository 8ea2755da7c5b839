package ordeal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// A round is one ordeal of the product.
type Round struct {
	Kind string
	Play func(ctx context.Context, rng *rand.Rand, name string) (Tally, error)
}

// A moment is when a process is killed: so long after its start, or in the
// middle of its nth request.
type Moment struct {
	After    time.Duration
	Request  int
	answered bool
}

func (m Moment) String() string {
	switch {
	case m.Request == 0:
		return m.After.Round(time.Millisecond).String() + " after its start"
	case m.answered:
		return fmt.Sprintf("when request %d was accepted and not answered", m.Request)
	default:
		return fmt.Sprintf("when request %d had come in", m.Request)
	}
}

// The earliest and the latest moment to kill at.
const (
	earliest = 100 * time.Millisecond
	latest   = 2 * time.Second
)

// randomMoment draws a time half of the time. The other half goes to the
// moments that a time would hardly ever hit.
func randomMoment(rng *rand.Rand) Moment {
	if rng.IntN(2) == 0 {
		return Moment{After: earliest + time.Duration(rng.Int64N(int64(latest-earliest)))}
	}
	return Moment{Request: 1 + rng.IntN(60), answered: rng.IntN(2) == 0}
}

// Strike kills a process at a moment, or when everything has arrived before.
// It returns an error where the process has not died of that.
func (m Moment) Strike(ctx context.Context, p *Process, number int, seg *Segment, everything func(context.Context) error) error {
	if err := m.await(ctx, p, number, seg, everything); err != nil {
		return err
	}
	p.Kill()
	return p.Killed()
}

// await waits for the moment, and kills the process itself where that is in
// the middle of a request.
func (m Moment) await(ctx context.Context, p *Process, number int, seg *Segment, everything func(context.Context) error) error {
	if m.Request == 0 {
		timer := time.NewTimer(m.After)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.Exited:
			return p.Running()
		case <-ctx.Done():
			return ctx.Err()
		}
		return nil
	}
	var once sync.Once
	seg.Watched(func(process, request int, answered bool) {
		if process == number && request >= m.Request && answered == m.answered {
			once.Do(p.Kill)
		}
	})
	defer seg.Watched(nil)
	arrived, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make(chan error, 1)
	go func() { all <- everything(arrived) }()
	select {
	case <-p.Exited:
		return nil
	case err := <-all:
		return err
	}
}

// Crashes is one round: a pipeline is killed so often before it may finish.
type Crashes struct {
	Product  Binary
	Feed     Feed
	Crowd    *Crowd
	Calls    int
	Kills    int
	Patience time.Duration
}

// Run returns the tally of the round, and an error where it could not be
// played or a promise was broken.
func (c Crashes) Run(ctx context.Context, rng *rand.Rand) (t Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	seg := NewSegment(rng.Uint64(), Stride)
	if err := seg.Serve(0); err != nil {
		return t, err
	}
	defer seg.Close()
	events := c.Crowd.Events(c.Calls)
	if err := c.Feed.Put(ctx, events); err != nil {
		return t, err
	}
	fresh := map[int]int{}
	err = c.ordeal(ctx, rng, seg, fresh, &t)
	t.Judgement = Conclude(ctx, c.Feed, events, seg.Accepted(), excuse(c.Feed, events, fresh), err)
	if err == nil && t.Resent > t.InFlight {
		err = fmt.Errorf("%d calls came again, though only %d were accepted and not acknowledged at the kills", t.Resent, t.InFlight)
	}
	return t, errors.Join(err, t.Fault())
}

// ordeal starts processes and kills them, and lets the last one finish.
func (c Crashes) ordeal(ctx context.Context, rng *rand.Rand, seg *Segment, fresh map[int]int, t *Tally) (err error) {
	for n := 1; ; n++ {
		if fresh[n], err = c.Feed.Given(ctx, 0); err != nil {
			return err
		}
		p, err := c.Start(n, seg)
		if err != nil {
			return err
		}
		if n > c.Kills {
			err = c.finish(ctx, p, seg)
			t.Leaked += p.Said.Leaks()
			return err
		}
		m := randomMoment(rng)
		err = m.Strike(ctx, p, n, seg, func(ctx context.Context) error {
			return EverythingArrives(ctx, c.Feed, seg.Await, c.Calls)
		})
		p.Kill()
		t.Leaked += p.Said.Leaks()
		if err != nil {
			return fmt.Errorf("killing process %d %s: %w\n%s", n, m, err, p.Said)
		}
		t.Kills++
		inFlight, err := c.inFlight(ctx, seg)
		if err != nil {
			return fmt.Errorf("after killing process %d %s: %w", n, m, err)
		}
		t.InFlight += inFlight
		t.MostInFlight = max(t.MostInFlight, inFlight)
	}
}

func (c Crashes) Start(n int, seg *Segment) (*Process, error) {
	env := c.Feed.Env()
	env["SEGMENT_WRITE_KEY"] = WriteKey
	env["SEGMENT_ENDPOINT"] = seg.Endpoint(n)
	return c.Product.Run(c.Feed.Pipeline(), env)
}

// finish lets a process deliver the rest and stops it.
func (c Crashes) finish(ctx context.Context, p *Process, seg *Segment) error {
	defer p.Kill()
	if err := EverythingArrives(ctx, c.Feed, seg.Await, c.Calls); err != nil {
		return fmt.Errorf("%w\n%s", err, p.Said)
	}
	if err := p.Await(ctx); err != nil {
		return err
	}
	if err := EverythingAcknowledged(ctx, c.Feed); err != nil {
		return fmt.Errorf("%w\n%s", err, p.Said)
	}
	return p.Terminate(ctx)
}

// inFlight counts what may come again after a kill: accepted, and not
// acknowledged. Acknowledged and not accepted must be nothing.
func (c Crashes) inFlight(ctx context.Context, seg *Segment) (int, error) {
	if err := seg.Quiet(ctx); err != nil {
		return 0, err
	}
	acknowledged, err := AllAccepted(ctx, c.Feed, seg)
	return seg.Count() - acknowledged, err
}

// excuse says which calls may be late. Where the broker keeps order, none may.
// Elsewhere those that an earlier process was given, too, may: a process keeps
// the order of what it is the first to be given.
func excuse(s Feed, events []Event, fresh map[int]int) func(Acceptance) bool {
	if s.KeepsOrder() {
		return Nobody
	}
	place := make(map[Step]int, len(events))
	for i, e := range events {
		place[e.Step] = i
	}
	return func(a Acceptance) bool { return place[a.Step] < fresh[a.Process] }
}
