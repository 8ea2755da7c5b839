package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// shared waits until each of so many members of a group has its part of the
// partitions.
func shared(ctx context.Context, from *topic.Topic, size int) error {
	for {
		groups, err := from.Admin.DescribeGroups(ctx, from.Name)
		if err == nil && isShared(groups[from.Name], size, from.Partitions/size) {
			return nil
		}
		if !ordeal.Wait(ctx, 100*time.Millisecond) {
			return fmt.Errorf("waiting until the partitions are shared: %w", errors.Join(ctx.Err(), err))
		}
	}
}

func isShared(group kadm.DescribedGroup, size, share int) bool {
	if group.State != "Stable" || len(group.Members) != size {
		return false
	}
	for _, m := range group.Members {
		given, isConsumer := m.Assigned.AsConsumer()
		if !isConsumer || len(given.Topics) != 1 || len(given.Topics[0].Partitions) != share {
			return false
		}
	}
	return true
}
