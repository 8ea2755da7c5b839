package tracking

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v4"

	"benthos-segment/internal/segment"
)

// patience says how long a request, or the parts of it, go on being tried.
type patience struct {
	conf    Retry
	started time.Time
	// waits grow with each retry. Most requests need none.
	waits *backoff.ExponentialBackOff
	// excused is the time spent on waits that the request is not to blame for.
	excused time.Duration
	// last is what the last attempt met.
	last symptom
}

func (p *patience) begin(conf Retry, since time.Time) { p.conf, p.started = conf, since }

// excuse excuses the time until the function that it returns is called.
func (p *patience) excuse() (resume func()) {
	since := time.Now()
	return func() { p.excused += time.Since(since) }
}

// isLimited says whether the patience ends at all.
func (p *patience) isLimited() bool { return p.conf.MaxElapsedTime > 0 }

// left returns how much longer the request may be tried.
func (p *patience) left() time.Duration {
	return p.conf.MaxElapsedTime - (time.Since(p.started) - p.excused)
}

func (p *patience) hasEnded(after time.Duration) bool {
	return p.isLimited() && after >= p.left()
}

func (p *patience) givenUp(met string) *segment.Violation {
	return undelivered("given up after max_elapsed_time; the last attempt met " + met)
}

// nextWait returns how long to wait before the next attempt.
func (p *patience) nextWait() time.Duration {
	if p.waits == nil {
		p.waits = backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(p.conf.InitialInterval),
			backoff.WithMaxInterval(p.conf.MaxInterval),
			backoff.WithMultiplier(2),
			backoff.WithMaxElapsedTime(0),
		)
	}
	return min(p.waits.NextBackOff(), p.conf.MaxInterval)
}

// soothe says that something got through, so that the next waits are short.
func (p *patience) soothe() { p.waits = nil }

// backOff waits before the next attempt, or says why there is none. It ends with
// the context.
func (p *patience) backOff(ctx context.Context) *segment.Violation {
	pause := p.nextWait()
	if p.hasEnded(pause) {
		return p.givenUp(p.last.text)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}
