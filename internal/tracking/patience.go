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

func (p *patience) givenUp() *segment.Violation {
	return undelivered("given up after max_elapsed_time; the last attempt met " + p.last.String())
}

// backOff waits before the next attempt, or says why there is none.
func (p *patience) backOff(ctx context.Context) *segment.Violation {
	pause := min(p.waits.NextBackOff(), p.longest)
	if p.hasEnded(pause) {
		return p.givenUp()
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

// await waits for a gate to change. A wait that the server has asked for is
// excused; one for a set-up to be mended is not.
func (p *patience) await(ctx context.Context, blocked *wait) *segment.Violation {
	if blocked.reason == throttled {
		defer p.pause()()
	}
	var open, ended <-chan time.Time
	if blocked.remaining > 0 {
		timer := time.NewTimer(blocked.remaining)
		defer timer.Stop()
		open = timer.C
	}
	if p.limit > 0 && blocked.reason != throttled {
		timer := time.NewTimer(max(p.left(), 0))
		defer timer.Stop()
		ended = timer.C
	}
	select {
	case <-open:
		return nil
	case <-blocked.changed:
		return nil
	case <-ended:
		return p.givenUp()
	case <-ctx.Done():
		return stopped()
	}
}
