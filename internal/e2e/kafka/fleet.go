package kafka

import (
	"context"
	"fmt"
	"time"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// Fleet is ten processes of one group on a real broker.
var Fleet = trial.Part{
	Name:     "fleet",
	Needs:    []needs.Need{needs.Java, needs.Kafka4},
	Versions: versions(needs.Kafka4),
	Rounds: []trial.Round{
		{Name: "ten processes, each restarted in its turn", Play: on(one, wide, ten(restartAll))},
		{Name: "ten processes with names, each restarted in its turn", Play: on(one, wide, tenNamed(restartAll))},
		{Name: "ten processes, one has a twentieth of its time", Play: on(one, wide, ten(slowOne))},
		{Name: "ten processes, one frozen until its partitions move", Times: 2, Play: on(one, wide, ten(freezeOne))},
		{Name: "ten processes, three die at once", Play: on(one, wide, ten(killThree))},
		{Name: "1 to 10 to 4 to 10 to 1 processes", Play: on(one, wide, scaled)},
	},
}

// wide has some partitions for each of ten processes.
var wide = topic.Options{Partitions: 40}

const (
	fleetSize = 10
	// pace is what Segment takes of a workspace in a second.
	pace = 1000
)

type course func(ctx context.Context, s set, f *ordeal.Fleet, t *ordeal.Tally) error

func ten(c course) play {
	return func(ctx context.Context, s set) (ordeal.Tally, error) { return s.fleet(ctx, s.topic, fleetSize, c) }
}

func tenNamed(c course) play {
	return func(ctx context.Context, s set) (ordeal.Tally, error) {
		return s.fleet(ctx, named{s.topic}, fleetSize, c)
	}
}

func scaled(ctx context.Context, s set) (ordeal.Tally, error) {
	return s.fleet(ctx, s.topic, 1, func(ctx context.Context, _ set, f *ordeal.Fleet, t *ordeal.Tally) error {
		for _, size := range []int{10, 4, 10, 1} {
			if err := f.Scale(ctx, size, t); err != nil {
				return err
			}
			if err := f.AwaitDelivered(ctx, pace/2); err != nil {
				return err
			}
		}
		return nil
	})
}

// fleet starts processes, and when all of them are in the group, the course
// begins and events come in.
func (s set) fleet(ctx context.Context, from ordeal.Feed, size int, c course) (ordeal.Tally, error) {
	f := &ordeal.Fleet{
		Product: s.product(), Feed: from, Pipeline: from.Pipeline(), Crowd: s.Crowd(1000), Calls: s.Calls, Pace: pace,
		Size: size, Ready: enlisted, Patience: s.Patience,
	}
	f.Course = func(ctx context.Context, f *ordeal.Fleet, t *ordeal.Tally) error { return c(ctx, s, f, t) }
	return f.Run(ctx, s.Rand)
}

// restartAll restarts one process after the other, as a deploy does.
func restartAll(ctx context.Context, _ set, f *ordeal.Fleet, t *ordeal.Tally) error {
	for _, seat := range f.Seats() {
		if err := f.Leave(ctx, seat, t); err != nil {
			return err
		}
		if err := f.Join(ctx, seat); err != nil {
			return err
		}
		if err := f.AwaitReady(ctx, seat); err != nil {
			return err
		}
	}
	return nil
}

// slowOne lets one process run for 10 of 200 ms, until the others have delivered
// a good deal.
func slowOne(ctx context.Context, _ set, f *ordeal.Fleet, t *ordeal.Tally) error {
	const seat = 3
	goal := f.After(5 * pace)
	for f.Delivered() < goal {
		if err := f.Freeze(seat); err != nil {
			return err
		}
		t.Kills++
		if !pass(ctx, 190*time.Millisecond) {
			return ctx.Err()
		}
		if err := f.Thaw(seat); err != nil {
			return err
		}
		if !pass(ctx, 10*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

func pass(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// freezeOne cuts one process off until the group has given its partitions to
// others, which deliver from them. Then it wakes up and goes on with what it has.
func freezeOne(ctx context.Context, s set, f *ordeal.Fleet, t *ordeal.Tally) error {
	const seat = 5
	if err := f.Freeze(seat); err != nil {
		return err
	}
	t.Kills++
	err := until(ctx, "the group goes on without the frozen process", func(ctx context.Context) (bool, error) {
		return s.members(ctx, fleetSize-1)
	})
	if err != nil {
		return err
	}
	if err := f.AwaitDelivered(ctx, 2*pace); err != nil {
		return err
	}
	return f.Thaw(seat)
}

// members says whether the group is settled and has so many members.
func (s set) members(ctx context.Context, n int) (bool, error) {
	groups, err := s.admin.DescribeGroups(ctx, s.topic.Name)
	if err != nil {
		return false, fmt.Errorf("asking for the group: %w", err)
	}
	group := groups[s.topic.Name]
	return group.State == "Stable" && len(group.Members) == n, group.Err
}

// killThree kills three processes in one moment, and three others join.
func killThree(ctx context.Context, s set, f *ordeal.Fleet, t *ordeal.Tally) error {
	for _, seat := range []int{0, 4, 9} {
		if err := f.Die(ctx, seat, t); err != nil {
			return err
		}
	}
	err := until(ctx, "the group goes on without the dead", func(ctx context.Context) (bool, error) {
		return s.members(ctx, fleetSize-3)
	})
	if err != nil {
		return err
	}
	return f.Scale(ctx, fleetSize, t)
}
