package tracking

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v4"

	"benthos-segment/internal/segment"
)

// patience says how long a request goes on being tried.
type patience struct {
	waits   *backoff.ExponentialBackOff
	longest time.Duration
	limit   time.Duration
	started time.Time
	// excused is the time spent on waits that the request is not to blame for.
	excused time.Duration
	last    answer
}

func newPatience(conf Retry) *patience {
	waits := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(conf.InitialInterval),
		backoff.WithMaxInterval(conf.MaxInterval),
		backoff.WithMultiplier(2),
		backoff.WithMaxElapsedTime(0),
	)
	return &patience{
		waits:   waits,
		longest: conf.MaxInterval,
		limit:   conf.MaxElapsedTime,
		started: time.Now(),
	}
}

// pause excuses the time until the function that it returns is called.
func (p *patience) pause() func() {
	since := time.Now()
	return func() { p.excused += time.Since(since) }
}

// left returns how much longer the request may be tried.
func (p *patience) left() time.Duration {
	return p.limit - (time.Since(p.started) - p.excused)
}

func (p *patience) hasEnded(after time.Duration) bool {
	return p.limit > 0 && after >= p.left()
}

func (p *patience) givenUp(met string) *segment.Violation {
	return undelivered("given up after max_elapsed_time; the last attempt met " + met)
}

// nextWait returns how long to wait before the next attempt.
func (p *patience) nextWait() time.Duration { return min(p.waits.NextBackOff(), p.longest) }

// backOff waits before the next attempt, or says why there is none.
func (p *patience) backOff(ctx context.Context) *segment.Violation {
	pause := p.nextWait()
	if p.hasEnded(pause) {
		return p.givenUp(p.last.String())
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return stopped()
	}
}
