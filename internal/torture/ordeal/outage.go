package ordeal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// SegmentOutages is one round in which the pipeline lives on while the stand-in
// of Segment is killed.
type SegmentOutages struct {
	Product  Binary
	Feed     Feed
	Crowd    *Crowd
	Calls    int
	Kills    int
	Folder   string
	Patience time.Duration
}

// atOnce is how many calls the pipelines of ours have under way at a time.
const atOnce = 4 * 100

// Run plays the round.
func (o SegmentOutages) Run(ctx context.Context, rng *rand.Rand) (t Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	events := o.Crowd.Events(o.Calls)
	if err := o.Feed.Put(ctx, events); err != nil {
		return t, err
	}
	seg, err := NewChild(RoleSegment, o.Folder)
	if err != nil {
		return t, err
	}
	if err := seg.Start(ctx); err != nil {
		return t, err
	}
	defer func() { seg.Kill() }()
	written := &acceptanceFile{path: acceptancesIn(o.Folder), arrived: map[Step]bool{}}
	err = o.ordeal(ctx, rng, seg, written, &t)
	err = errors.Join(err, written.catchUp())
	t.Leaked += seg.Said.Leaks()
	t.Judgement = Conclude(ctx, o.Feed, events, written.entries, Nobody, err)
	if err == nil && t.Resent > t.Kills*atOnce {
		err = fmt.Errorf("%d calls came again in %d outages, though only %d are under way at a time", t.Resent, t.Kills, atOnce)
	}
	return t, errors.Join(err, t.Fault())
}

// ordeal lets one process deliver everything, while the stand-in dies now and
// then.
func (o SegmentOutages) ordeal(ctx context.Context, rng *rand.Rand, seg *Child, written *acceptanceFile, t *Tally) error {
	env := o.Feed.Env()
	env["SEGMENT_WRITE_KEY"] = WriteKey
	env["SEGMENT_ENDPOINT"] = "http://" + seg.Address() + "/process/1"
	p, err := o.Product.Run(o.Feed.Pipeline(), env)
	if err != nil {
		return err
	}
	defer p.Kill()
	err = KillAlongTheWay(ctx, seg, Marks(o.Kills, o.Calls, rng), written.await, rng, func() error {
		t.Kills++
		_, err := AllAccepted(ctx, o.Feed, written)
		return err
	})
	if err == nil {
		err = FinishAlone(ctx, p, o.Feed, written.await, o.Calls)
	}
	t.Leaked += p.Said.Leaks()
	return err
}

// FinishAlone waits until a process has delivered everything and stops it.
func FinishAlone(ctx context.Context, p *Process, s Feed, await func(context.Context, int) error, calls int) error {
	err := EverythingArrives(ctx, s, await, calls)
	if err == nil {
		err = EverythingAcknowledged(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.Said)
	}
	return p.Terminate(ctx)
}

// KillAlongTheWay kills a running server when so and so many events have
// arrived, and starts it again each time. Then it asks whether all is well.
func KillAlongTheWay(ctx context.Context, c Killable, marks []int, await func(context.Context, int) error, rng *rand.Rand, isWell func() error) error {
	for _, mark := range marks {
		if err := await(ctx, mark); err != nil {
			return err
		}
		Wait(ctx, time.Duration(rng.Int64N(int64(Stride))))
		c.Kill()
		if err := c.Killed(); err != nil {
			return err
		}
		if err := c.Start(ctx); err != nil {
			return err
		}
		if err := isWell(); err != nil {
			return fmt.Errorf("after killing the server at %d calls: %w", mark, err)
		}
	}
	return nil
}

// Marks draws n numbers of events in their order, none of them close to the
// end.
func Marks(n, calls int, rng *rand.Rand) []int {
	drawn := make([]int, n)
	for i := range drawn {
		drawn[i] = 1 + rng.IntN(calls*9/10)
	}
	slices.Sort(drawn)
	return drawn
}

// BrokerOutages is one round in which the pipeline and the stand-in of Segment
// live on while the broker is killed.
type BrokerOutages struct {
	Product Binary
	Broker  Killable
	// Connect makes the feed of the broker once that is up.
	Connect  func(ctx context.Context, address string) (Feed, error)
	Crowd    *Crowd
	Calls    int
	Kills    int
	Patience time.Duration
}

// Run plays the round.
func (o BrokerOutages) Run(ctx context.Context, rng *rand.Rand) (t Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	seg := NewSegment(rng.Uint64(), Stride)
	if err := seg.Serve(0); err != nil {
		return t, err
	}
	defer seg.Close()
	if err := o.Broker.Start(ctx); err != nil {
		return t, err
	}
	defer func() { o.Broker.Kill() }()
	from, err := o.Connect(ctx, o.Broker.Address())
	if err != nil {
		return t, err
	}
	defer from.Close(ctx)
	events := o.Crowd.Events(o.Calls)
	if err := from.Put(ctx, events); err != nil {
		return t, err
	}
	late := Nobody
	if !from.KeepsOrder() {
		// What was under way when the server died comes again late.
		late = Anybody
	}
	err = o.ordeal(ctx, rng, seg, from, &t)
	t.Judgement = Conclude(ctx, from, events, seg.Accepted(), late, err)
	return t, errors.Join(err, t.Fault())
}

// ordeal lets one process deliver everything, while the broker dies now and
// then. What that remembers of acknowledgements has to be true each time.
func (o BrokerOutages) ordeal(ctx context.Context, rng *rand.Rand, seg *Segment, from Feed, t *Tally) error {
	env := from.Env()
	env["SEGMENT_WRITE_KEY"] = WriteKey
	env["SEGMENT_ENDPOINT"] = seg.Endpoint(1)
	p, err := o.Product.Run(from.Pipeline(), env)
	if err != nil {
		return err
	}
	defer p.Kill()
	err = KillAlongTheWay(ctx, o.Broker, Marks(o.Kills, o.Calls, rng), seg.Await, rng, func() error {
		t.Kills++
		_, err := AllAccepted(ctx, from, seg)
		return err
	})
	if err == nil {
		err = FinishAlone(ctx, p, from, seg.Await, o.Calls)
	}
	t.Leaked += p.Said.Leaks()
	return err
}
