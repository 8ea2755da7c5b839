package plugin

import (
	"context"
	"fmt"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// rateLimit returns a function that waits for one access of a rate_limit
// resource, or for the context to end.
func rateLimit(res *service.Resources, name string) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			pause, err := access(ctx, res, name)
			if err != nil {
				return err
			}
			if pause <= 0 {
				return nil
			}
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
}

func access(ctx context.Context, res *service.Resources, name string) (pause time.Duration, err error) {
	if missing := res.AccessRateLimit(ctx, name, func(limit service.RateLimit) {
		pause, err = limit.Access(ctx)
	}); missing != nil {
		return 0, fmt.Errorf("accessing rate_limit %s: %w", name, missing)
	}
	return pause, err
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
