package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"benthos-segment/internal/e2e/scaling"
	"benthos-segment/internal/torture/ordeal"
)

const (
	// look is how often the scaler looks at the lag, and idle how long processes
	// were not needed before they go: a sixtieth of what KEDA and our chart have.
	look = 500 * time.Millisecond
	idle = 10 * time.Second
	// lagOfOne is the lag for which there is to be one process.
	lagOfOne = 200
	// slow is the longest that Segment keeps a request, and its answer, so that one
	// process delivers some 200 events a second.
	slow = 400 * time.Millisecond
)

// busy makes a process as slow as slow says: with so many small requests at a
// time.
var busy = []string{"--set", "output.fallback.0.segment.max_request_calls=20"}

// tide is a quiet time, an hour of rush and another quiet time.
func tide(calls int) func(put int) int {
	return func(put int) int {
		if put < calls/10 || put > calls*8/10 {
			return 100
		}
		return 2000
	}
}

// autoscaled has processes start and stop by what the lag of their group is,
// while more comes in than one of them can deliver, and then less.
func autoscaled(ctx context.Context, s set) (ordeal.Tally, error) {
	f := s.fleet(s.topic, 1)
	f.Product, f.Stride, f.Pace = f.Product.With(busy...), slow, tide(s.Calls)
	f.Course = func(ctx context.Context, f *ordeal.Fleet, t *ordeal.Tally) error {
		scaler := &scaling.Scaler{LagOfOne: lagOfOne, Min: 1, Max: fleetSize, Idle: idle}
		most, err := s.scale(ctx, f, scaler, t)
		if err == nil && most == scaler.Min {
			err = errors.New("the lag has never asked for more processes")
		}
		return err
	}
	return f.Run(ctx, s.Rand)
}

// scale lets a scaler decide on a fleet until everything is delivered and no
// more than the fewest processes are left. It returns how many there were at
// the most.
func (s set) scale(ctx context.Context, f *ordeal.Fleet, scaler *scaling.Scaler, t *ordeal.Tally) (most int, err error) {
	for {
		lags, err := s.lags(ctx)
		if err != nil {
			return most, err
		}
		size := len(f.Seats())
		most = max(most, size)
		if f.Delivered() == s.Calls && size == scaler.Min {
			return most, nil
		}
		if wanted := scaler.Size(time.Now(), size, lags); wanted != size {
			fmt.Printf("      a lag of %d: %d processes instead of %d\n", scaling.Sum(lags), wanted, size)
			if err := f.Resize(ctx, wanted, t); err != nil {
				return most, err
			}
		}
		if !pass(ctx, look) {
			return most, fmt.Errorf("waiting for what the lag asks for: %w, %d processes are left", ctx.Err(), size)
		}
	}
}

// lags are how many events of each partition the group has not committed.
func (s set) lags(ctx context.Context) ([]int, error) {
	commits, err := s.admin.FetchOffsets(ctx, s.topic.Name)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("reading commits: %w", err)
	}
	ends, err := s.admin.ListEndOffsets(ctx, s.topic.Name)
	if err := errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("looking for the end of a topic: %w", err)
	}
	lags := make([]int, s.topic.Partitions)
	for p := range lags {
		end, _ := ends.Lookup(s.topic.Name, int32(p))
		lags[p] = int(end.Offset)
		if commit, exists := commits.Lookup(s.topic.Name, int32(p)); exists {
			lags[p] -= int(max(0, commit.At))
		}
	}
	return lags, nil
}
