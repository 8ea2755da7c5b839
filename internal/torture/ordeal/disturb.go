package ordeal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Disturbances is one round in which the pipeline and the stand-in of Segment
// live on, and events keep coming in, while something happens around them.
type Disturbances struct {
	Product Binary
	Feed    Feed
	Crowd   *Crowd
	Calls   int
	Times   int
	// Disturb lets it happen for the nth time, from 0, and returns when what is
	// to be over is over.
	Disturb func(ctx context.Context, n int) error
	// Finish looks at the end whether all else is as it has to be.
	Finish func(ctx context.Context) error
	// Late says which calls may be late, none without it.
	Late     func(Acceptance) bool
	Patience time.Duration
}

// Run plays the round.
func (d Disturbances) Run(ctx context.Context, rng *rand.Rand) (t Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.Patience)
	defer cancel()
	seg := NewSegment(rng.Uint64(), Stride)
	if err := seg.Serve(0); err != nil {
		return t, err
	}
	defer seg.Close()
	env := d.Feed.Env()
	env["SEGMENT_WRITE_KEY"], env["SEGMENT_ENDPOINT"] = WriteKey, seg.Endpoint(1)
	p, err := d.Product.Run(d.Feed.Pipeline(), env)
	if err != nil {
		return t, err
	}
	defer p.Kill()
	events := d.Crowd.Events(d.Calls)
	err = d.live(ctx, rng, p, seg, events, &t)
	if err == nil {
		err = p.Terminate(ctx)
	} else {
		err = fmt.Errorf("%w\n%s", err, p.Said)
	}
	t.Leaked += p.Said.Leaks()
	late := d.Late
	if late == nil {
		late = Nobody
	}
	t.Judgement = Conclude(ctx, d.Feed, events, seg.Accepted(), late, err)
	return t, errors.Join(err, t.Fault())
}

// live returns when everything is delivered, or when the process has ended.
func (d Disturbances) live(ctx context.Context, rng *rand.Rand, p *Process, seg *Segment, events []Event, t *Tally) error {
	ctx, release := p.whileRunning(ctx)
	defer release()
	if err := d.ordeal(ctx, rng, seg, events, t); err != nil {
		return err
	}
	if err := EverythingArrives(ctx, d.Feed, seg.Await, d.Calls); err != nil {
		return err
	}
	if err := EverythingAcknowledged(ctx, d.Feed); err != nil {
		return err
	}
	if d.Finish == nil {
		return nil
	}
	return d.Finish(ctx)
}

// ordeal puts events in by portions. While one is on its way, in part to the
// broker and in part to Segment, something happens.
func (d Disturbances) ordeal(ctx context.Context, rng *rand.Rand, seg *Segment, events []Event, t *Tally) error {
	portion := len(events) / (d.Times + 1)
	for n := range d.Times {
		from := n * portion
		half := from + portion/2
		if err := d.Feed.Put(ctx, events[from:half]); err != nil {
			return err
		}
		if err := seg.Await(ctx, from+rng.IntN(portion/3)); err != nil {
			return err
		}
		putting := make(chan error, 1)
		go func() { putting <- d.Feed.Put(ctx, events[half:from+portion]) }()
		err := d.Disturb(ctx, n)
		t.Kills++
		if err := errors.Join(err, <-putting); err != nil {
			return fmt.Errorf("disturbance %d: %w", n+1, err)
		}
		if _, err := AllAccepted(ctx, d.Feed, seg); err != nil {
			return fmt.Errorf("after disturbance %d: %w", n+1, err)
		}
		// The next one finds something that is acknowledged, too.
		err = EverythingArrives(ctx, d.Feed, seg.Await, from+portion)
		if err := errors.Join(err, EverythingAcknowledged(ctx, d.Feed)); err != nil {
			return fmt.Errorf("after disturbance %d: %w", n+1, err)
		}
	}
	return d.Feed.Put(ctx, events[d.Times*portion:])
}

// whileRunning makes a context that ends when the process does. What returns
// then waits for nothing that never comes.
func (p *Process) whileRunning(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-p.Exited:
			cancel(errors.New("the process has ended"))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}
