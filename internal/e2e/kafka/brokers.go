package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"golang.org/x/sync/errgroup"
)

// restart kills a broker and starts it on its data.
func (b *broker) restart(ctx context.Context) error {
	b.Kill()
	if err := b.Killed(); err != nil {
		return err
	}
	return b.Start(ctx)
}

// killBroker kills one broker after the other.
func killBroker(ctx context.Context, s set, n int) error {
	return s.brokers[n%len(s.brokers)].restart(ctx)
}

// stopBroker asks one broker after the other to end, as an upgrade does.
func stopBroker(ctx context.Context, s set, n int) error {
	b := s.brokers[n%len(s.brokers)]
	if err := b.Stop(ctx); err != nil {
		return err
	}
	if err := b.Start(ctx); err != nil {
		return err
	}
	return s.synced(ctx, s.topic.Name)
}

// killLeader kills the broker that leads a partition, and starts it when
// another one leads.
func killLeader(ctx context.Context, s set, n int) error {
	partition := int32(n % s.topic.Partitions)
	leader, err := s.leaderOf(ctx, s.topic.Name, partition)
	if err != nil {
		return err
	}
	leader.Kill()
	if err := leader.Killed(); err != nil {
		return err
	}
	err = until(ctx, "another broker leads", func(ctx context.Context) (bool, error) {
		now, err := s.leaderOf(ctx, s.topic.Name, partition)
		return err == nil && now != leader, err
	})
	return errors.Join(err, leader.Start(ctx), s.synced(ctx, s.topic.Name))
}

// killAll kills all brokers in the same moment.
func killAll(ctx context.Context, s set, _ int) error {
	var all errgroup.Group
	for _, b := range s.brokers {
		all.Go(func() error {
			b.Kill()
			return b.Killed()
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	for _, b := range s.brokers {
		if err := b.Launch(); err != nil {
			return err
		}
	}
	for _, b := range s.brokers {
		if err := b.Await(ctx); err != nil {
			return err
		}
	}
	return s.synced(ctx, s.topic.Name)
}

// moveLeaders gives every partition the next of its replicas for a leader.
func moveLeaders(ctx context.Context, s set, _ int) error {
	known, err := s.admin.Metadata(ctx, s.topic.Name)
	if err != nil {
		return fmt.Errorf("looking for leaders: %w", err)
	}
	var assignments kadm.AlterPartitionAssignmentsReq
	wanted := map[int32]int32{}
	for _, p := range known.Topics[s.topic.Name].Partitions {
		replicas := slices.Concat(p.Replicas[1:], p.Replicas[:1])
		assignments.Assign(s.topic.Name, p.Partition, replicas)
		wanted[p.Partition] = replicas[0]
	}
	answers, err := s.admin.AlterPartitionAssignments(ctx, assignments)
	if err := errors.Join(err, answers.Error()); err != nil {
		return fmt.Errorf("moving leaders: %w", err)
	}
	if err := s.synced(ctx, s.topic.Name); err != nil {
		return err
	}
	return until(ctx, "the leaders have moved", func(ctx context.Context) (bool, error) {
		if _, err := s.admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, nil); err != nil {
			return false, err
		}
		known, err := s.admin.Metadata(ctx, s.topic.Name)
		if err != nil {
			return false, err
		}
		for partition, leader := range wanted {
			if known.Topics[s.topic.Name].Partitions[partition].Leader != leader {
				return false, nil
			}
		}
		return true, nil
	})
}

// freezeBroker stops a broker in the middle of what it does until the others
// have put it out of the replicas in sync. It wakes up and knows of nothing.
func freezeBroker(ctx context.Context, s set, n int) error {
	frozen := s.brokers[n%len(s.brokers)]
	if err := frozen.Pause(); err != nil {
		return err
	}
	id := int32(n%len(s.brokers)) + 1
	others := s.brokers[(n+1)%len(s.brokers)]
	err := until(ctx, "the replicas in sync are fewer", func(ctx context.Context) (bool, error) {
		return s.isOut(ctx, others, id)
	})
	return errors.Join(err, frozen.Resume(), s.synced(ctx, s.topic.Name))
}

// isOut asks one broker whether another one is in sync nowhere. Clients that
// ask just any broker would wait for the frozen one.
func (s set) isOut(ctx context.Context, asked *broker, id int32) (bool, error) {
	client, err := s.client(asked)
	if err != nil {
		return false, err
	}
	defer client.Close()
	known, err := client.Metadata(ctx, s.topic.Name)
	if err != nil {
		return false, err
	}
	for _, p := range known.Topics[s.topic.Name].Partitions {
		if p.Leader < 0 || slices.Contains(p.ISR, id) {
			return false, nil
		}
	}
	return true, nil
}
