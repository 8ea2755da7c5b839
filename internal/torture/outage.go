package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// segmentOutages is one round in which the pipeline lives on while the stand-in
// of Segment is killed.
type segmentOutages struct {
	product  binary
	feed     feed
	crowd    *crowd
	calls    int
	kills    int
	folder   string
	patience time.Duration
}

// atOnce is how many calls the pipelines of ours have under way at a time.
const atOnce = 4 * 100

func (o segmentOutages) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.patience)
	defer cancel()
	events := o.crowd.events(o.calls)
	if err := o.feed.put(ctx, events); err != nil {
		return t, err
	}
	seg, err := newChild(roleSegment, o.folder)
	if err != nil {
		return t, err
	}
	if err := seg.start(ctx); err != nil {
		return t, err
	}
	defer func() { seg.kill() }()
	written := &acceptanceFile{path: acceptancesIn(o.folder), arrived: map[step]bool{}}
	err = o.ordeal(ctx, rng, seg, written, &t)
	err = errors.Join(err, written.catchUp())
	t.leaked += seg.said.leaks()
	t.judgement = conclude(ctx, o.feed, events, written.entries, nobody, err)
	if err == nil && t.resent > t.kills*atOnce {
		err = fmt.Errorf("%d calls came again in %d outages, though only %d are under way at a time", t.resent, t.kills, atOnce)
	}
	return t, errors.Join(err, t.fault())
}

// ordeal lets one process deliver everything, while the stand-in dies now and
// then.
func (o segmentOutages) ordeal(ctx context.Context, rng *rand.Rand, seg *child, written *acceptanceFile, t *tally) error {
	env := o.feed.env()
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = "http://" + seg.address() + "/process/1"
	p, err := o.product.run(o.feed.pipeline(), env)
	if err != nil {
		return err
	}
	defer p.kill()
	err = killAlongTheWay(ctx, seg, marks(o.kills, o.calls, rng), written.await, rng, func() error {
		t.kills++
		_, err := allAccepted(ctx, o.feed, written)
		return err
	})
	if err == nil {
		err = finishAlone(ctx, p, o.feed, written.await, o.calls)
	}
	t.leaked += p.said.leaks()
	return err
}

// finishAlone waits until a process has delivered everything and stops it.
func finishAlone(ctx context.Context, p *process, s feed, await func(context.Context, int) error, calls int) error {
	err := everythingArrives(ctx, s, await, calls)
	if err == nil {
		err = everythingAcknowledged(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	return p.terminate(ctx)
}

// killAlongTheWay kills a running server when so and so many events have
// arrived, and starts it again each time. Then it asks whether all is well.
func killAlongTheWay(ctx context.Context, c *child, marks []int, await func(context.Context, int) error, rng *rand.Rand, isWell func() error) error {
	for _, mark := range marks {
		if err := await(ctx, mark); err != nil {
			return err
		}
		wait(ctx, time.Duration(rng.Int64N(int64(stride))))
		c.kill()
		if err := c.killed(); err != nil {
			return err
		}
		if err := c.start(ctx); err != nil {
			return err
		}
		if err := isWell(); err != nil {
			return fmt.Errorf("after killing the server at %d calls: %w", mark, err)
		}
	}
	return nil
}

// marks draws n numbers of events in their order, none of them close to the
// end.
func marks(n, calls int, rng *rand.Rand) []int {
	drawn := make([]int, n)
	for i := range drawn {
		drawn[i] = 1 + rng.IntN(calls*9/10)
	}
	slices.Sort(drawn)
	return drawn
}

// brokerOutages is one round in which the pipeline and the stand-in of Segment
// live on while the broker is killed.
type brokerOutages struct {
	product binary
	broker  *child
	// connect makes the feed of the broker once that is up.
	connect  func(ctx context.Context, address string) (feed, error)
	crowd    *crowd
	calls    int
	kills    int
	patience time.Duration
}

func (o brokerOutages) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.patience)
	defer cancel()
	seg := newSegment(rng.Uint64(), stride)
	if err := seg.serve(0); err != nil {
		return t, err
	}
	defer seg.close()
	if err := o.broker.start(ctx); err != nil {
		return t, err
	}
	defer func() { o.broker.kill() }()
	from, err := o.connect(ctx, o.broker.address())
	if err != nil {
		return t, err
	}
	defer from.close(ctx)
	events := o.crowd.events(o.calls)
	if err := from.put(ctx, events); err != nil {
		return t, err
	}
	late := nobody
	if !from.keepsOrder() {
		// What was under way when the server died comes again late.
		late = anybody
	}
	err = o.ordeal(ctx, rng, seg, from, &t)
	t.judgement = conclude(ctx, from, events, seg.accepted(), late, err)
	return t, errors.Join(err, t.fault())
}

// ordeal lets one process deliver everything, while the broker dies now and
// then. What that remembers of acknowledgements has to be true each time.
func (o brokerOutages) ordeal(ctx context.Context, rng *rand.Rand, seg *segment, from feed, t *tally) error {
	env := from.env()
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = seg.endpoint(1)
	p, err := o.product.run(from.pipeline(), env)
	if err != nil {
		return err
	}
	defer p.kill()
	err = killAlongTheWay(ctx, o.broker, marks(o.kills, o.calls, rng), seg.await, rng, func() error {
		t.kills++
		_, err := allAccepted(ctx, from, seg)
		return err
	})
	if err == nil {
		err = finishAlone(ctx, p, from, seg.await, o.calls)
	}
	t.leaked += p.said.leaks()
	return err
}
