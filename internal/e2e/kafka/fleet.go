package kafka

import (
	"context"
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
		{Name: "ten processes, one paused by SIGSTOP until its partitions move", Times: 2, Play: on(one, wide, ten(freezeOne))},
		{
			Name: "ten processes, one cut off from the network in a request, until its partitions move", Times: 2,
			Needs: apart, Play: partition{cut: everything, until: expelled}.of(fleetSize),
		},
		// Reported: consumers that go on with what they have when the group has
		// expelled them, kafka4beam/brod#649 and confluentinc/librdkafka#2631, and
		// one that comes back and gets no partition, twmb/franz-go#204.
		{
			Name: "ten processes, one cut off from the brokers alone, until its partitions move", Times: 2,
			Needs: apart, Play: partition{cut: brokersOnly, until: expelled}.of(fleetSize),
		},
		{
			Name:  "ten processes, one cut off from the network in a request, and not for long",
			Needs: apart, Play: partition{cut: everything, until: unnoticed, patient: true}.of(fleetSize),
		},
		{
			Name:  "ten processes, one cut off from Segment alone in a request",
			Needs: apart, Play: partition{cut: segmentOnly, until: unnoticed, patient: true}.of(fleetSize),
		},
		{Name: "ten processes, three die at once", Play: on(one, wide, ten(killThree))},
		{Name: "1 to 10 to 4 to 10 to 1 processes, by a script", Play: on(one, wide, scaled)},
		{Name: "1 to 10 processes and back, as the lag of the group asks for", Play: on(one, wide, autoscaled)},
	},
}

// apart is what a machine of its own for a process takes.
var apart = []needs.Need{needs.Root, needs.IP, needs.IPTables}

// wide has some partitions for each of ten processes.
var wide = topic.Options{Partitions: 40}

const (
	fleetSize = 10
	// pace is what Segment takes of a workspace in a second.
	pace = 1000
)

type course func(ctx context.Context, s set, f *ordeal.Fleet, t *ordeal.Tally) error

func ten(c course) play {
	return func(ctx context.Context, s set) (ordeal.Tally, error) { return s.runs(ctx, s.topic, fleetSize, c) }
}

func tenNamed(c course) play {
	return func(ctx context.Context, s set) (ordeal.Tally, error) {
		return s.runs(ctx, named{s.topic}, fleetSize, c)
	}
}

func scaled(ctx context.Context, s set) (ordeal.Tally, error) {
	return s.runs(ctx, s.topic, 1, func(ctx context.Context, _ set, f *ordeal.Fleet, t *ordeal.Tally) error {
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

// runs starts processes, and when all of them are in the group, the course
// begins and events come in.
func (s set) runs(ctx context.Context, from ordeal.Feed, size int, c course) (ordeal.Tally, error) {
	f := s.fleet(from, size)
	f.Course = func(ctx context.Context, f *ordeal.Fleet, t *ordeal.Tally) error { return c(ctx, s, f, t) }
	return f.Run(ctx, s.Rand)
}

func (s set) fleet(from ordeal.Feed, size int) *ordeal.Fleet {
	return &ordeal.Fleet{
		Product: s.product(), Feed: from, Pipeline: from.Pipeline(), Crowd: s.Crowd(1000), Calls: s.Calls,
		Pace: func(int) int { return pace }, Size: size, Ready: enlisted, Patience: s.Patience,
	}
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

// freezeOne stops one process until the group has given its partitions to others,
// which deliver from them. Then it wakes up and goes on with what it has. Its
// connections stay open, so that this is no partition.
func freezeOne(ctx context.Context, s set, f *ordeal.Fleet, t *ordeal.Tally) error {
	const seat = 5
	if err := f.Freeze(seat); err != nil {
		return err
	}
	t.Kills++
	err := until(ctx, "the group goes on without the paused process", func(ctx context.Context) (bool, error) {
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
