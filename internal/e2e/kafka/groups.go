package kafka

import (
	"context"
	"fmt"
	"regexp"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// enlisted is what the client of the input redpanda says once its consumer group
// has taken it in.
var enlisted = regexp.MustCompile("new group session begun")

// cooperative has processes come, go and die in a group whose partitions move
// one by one.
func cooperative(ctx context.Context, s set) (ordeal.Tally, error) {
	f := &ordeal.Fleet{
		Product: s.product(), Feed: s.topic, Pipeline: s.topic.Pipeline(), Crowd: s.Crowd(people), Calls: s.Calls,
		Size: 3, Moves: 6, Ready: enlisted, Patience: s.Patience,
	}
	return f.Run(ctx, s.Rand)
}

// eager does so with the input kafka, which gives all partitions back whenever
// somebody comes or goes.
func eager(ctx context.Context, s set) (ordeal.Tally, error) {
	f := &ordeal.Fleet{
		Product: s.Product, Feed: s.topic, Pipeline: s.topic.Pipeline(), Crowd: s.Crowd(people), Calls: s.Calls,
		Size: 3, Moves: 6, Patience: s.Patience,
	}
	return f.Run(ctx, s.Rand)
}

// named gives each seat of a fleet the name of a static member.
type named struct{ *topic.Topic }

func (n named) Seat(seat int) map[string]string {
	env := n.Env()
	env["KAFKA_INSTANCE"] = fmt.Sprintf("segment-%d", seat)
	return env
}

// static restarts processes that keep their names, so that nothing moves.
func static(ctx context.Context, s set) (ordeal.Tally, error) {
	f := &ordeal.Fleet{
		Product: s.product(), Feed: named{s.topic}, Pipeline: s.topic.Pipeline(), Crowd: s.Crowd(people), Calls: s.Calls,
		Size: 3, Moves: 6, Pinned: true, Ready: enlisted, Patience: s.Patience,
	}
	return f.Run(ctx, s.Rand)
}
