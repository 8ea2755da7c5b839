package kafka

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"

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

// group is what the broker knows of the group.
func (s set) group(ctx context.Context) (kadm.DescribedGroup, error) {
	groups, err := s.admin.DescribeGroups(ctx, s.topic.Name)
	if err := errors.Join(err, groups.Error()); err != nil {
		return kadm.DescribedGroup{}, fmt.Errorf("asking for the group: %w", err)
	}
	return groups[s.topic.Name], nil
}

// members says whether the group is settled and has so many members.
func (s set) members(ctx context.Context, n int) (bool, error) {
	group, err := s.group(ctx)
	return err == nil && group.State == "Stable" && len(group.Members) == n, err
}

// memberIDs are those that the broker has given to the members, in their order.
func (s set) memberIDs(ctx context.Context) (list []string, err error) {
	group, err := s.group(ctx)
	for _, m := range group.Members {
		list = append(list, m.MemberID)
	}
	slices.Sort(list)
	return list, err
}

// shared says whether the group is settled, and each of so many members has
// partitions, so that nobody waits for any.
func (s set) shared(ctx context.Context, n int) (bool, error) {
	group, err := s.group(ctx)
	if err != nil {
		return false, err
	}
	if group.State != "Stable" || len(group.Members) != n {
		return false, fmt.Errorf("the group is %s and has %d members", group.State, len(group.Members))
	}
	all := 0
	for _, m := range group.Members {
		share, isConsumer := m.Assigned.AsConsumer()
		if !isConsumer || len(share.Topics) == 0 {
			return false, fmt.Errorf("%s has no partition", m.MemberID)
		}
		for _, of := range share.Topics {
			all += len(of.Partitions)
		}
	}
	if all != s.topic.Partitions {
		return false, fmt.Errorf("%d of %d partitions are given to somebody", all, s.topic.Partitions)
	}
	return true, nil
}
