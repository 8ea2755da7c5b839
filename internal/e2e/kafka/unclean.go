package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"benthos-segment/internal/torture/ordeal"
)

// uncleanly lets a replica lead that has missed something, which Kafka calls an
// unclean election: what it has missed is gone, and the offsets of that are
// given to other events.
//
// What Kafka has lost may be lost, unless the product was faster. What comes
// after it may not, though it has offsets that were committed before.
func uncleanly(ctx context.Context, s set) (t ordeal.Tally, err error) {
	seg := ordeal.NewSegment(s.Rand.Uint64(), ordeal.Stride)
	if err := seg.Serve(0); err != nil {
		return t, err
	}
	defer seg.Close()
	env := s.topic.Env()
	env["SEGMENT_WRITE_KEY"], env["SEGMENT_ENDPOINT"] = ordeal.WriteKey, seg.Endpoint(1)
	p, err := s.product().Run(s.topic.Pipeline(), env)
	if err != nil {
		return t, err
	}
	defer p.Kill()
	events := s.Crowd(people).Events(s.Calls)
	third := len(events) / 3
	before, missed, after := events[:third], events[third:2*third], events[2*third:]
	err = s.replaceLog(ctx, seg, before, missed, after)
	if err == nil {
		// All that Kafka still has, and how much of the rest is not known.
		err = arrived(ctx, seg, slices.Concat(before, after))
	}
	if err == nil {
		err = errors.Join(ordeal.EverythingAcknowledged(ctx, s.topic), p.Terminate(ctx))
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, p.Said)
	}
	t.Kills, t.Leaked = 3, p.Said.Leaks()
	t.Judgement = ordeal.Judge(events, seg.Accepted(), ordeal.Nobody)
	return t, errors.Join(err, t.Fault())
}

// replaceLog has one replica miss some events, and lead.
func (s set) replaceLog(ctx context.Context, seg *ordeal.Segment, before, missed, after []ordeal.Event) error {
	if err := s.topic.Put(ctx, before); err != nil {
		return err
	}
	if err := seg.Await(ctx, len(before)); err != nil {
		return err
	}
	if err := ordeal.EverythingAcknowledged(ctx, s.topic); err != nil {
		return err
	}
	known, err := s.partition(ctx, s.topic.Name, 0)
	if err != nil {
		return err
	}
	leader, follower := s.brokers[known.Replicas[0]-1], s.brokers[known.Replicas[1]-1]
	follower.Kill()
	err = until(ctx, "the follower is out of sync", func(ctx context.Context) (bool, error) {
		now, err := s.partition(ctx, s.topic.Name, 0)
		return err == nil && len(now.ISR) == 1 && now.Leader == known.Replicas[0], err
	})
	if err != nil {
		return err
	}
	if err := s.topic.Put(ctx, missed); err != nil {
		return err
	}
	if err := seg.Await(ctx, len(before)+len(missed)/2); err != nil {
		return err
	}
	leader.Kill()
	if err := follower.Start(ctx); err != nil {
		return err
	}
	err = until(ctx, "the replica leads that has missed something", func(ctx context.Context) (bool, error) {
		now, err := s.partition(ctx, s.topic.Name, 0)
		return err == nil && now.Leader == known.Replicas[1], err
	})
	if err != nil {
		return err
	}
	s.topic.Forget(len(missed))
	return errors.Join(s.topic.Put(ctx, after), leader.Start(ctx))
}

// arrived waits until all events of a list have arrived.
func arrived(ctx context.Context, seg *ordeal.Segment, events []ordeal.Event) error {
	return until(ctx, "all that Kafka has kept has arrived", func(context.Context) (bool, error) {
		missing := ordeal.Missing(events, seg.Has)
		return len(missing) == 0, fmt.Errorf("%d events are missing", len(missing))
	})
}
