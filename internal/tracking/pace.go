package tracking

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"benthos-segment/internal/segment"
)

// pace bounds the calls a second of all requests together, each attempt counted,
// because Segment counts what it receives. One full request may go at once after
// a pause, and requests go in the order in which they asked.
type pace struct{ limiter *rate.Limiter }

// newPace returns nil where there is no limit.
func newPace(conf Config) *pace {
	if conf.EventsPerSecond == 0 {
		return nil
	}
	return &pace{rate.NewLimiter(rate.Limit(conf.EventsPerSecond), conf.MaxRequestCalls)}
}

// await waits until so many calls may be sent.
func (p *pace) await(ctx context.Context, calls int) error {
	reserved := p.limiter.ReserveN(time.Now(), calls)
	timer := time.NewTimer(reserved.Delay())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		reserved.Cancel()
		return ctx.Err()
	}
}

// hasLimits says whether there is anything to wait for in awaitLimits.
func (c *Client) hasLimits() bool { return c.conf.RateLimit != nil || c.pace != nil }

// awaitLimits waits for the rate limit of requests and for that of calls. Neither
// wait is the fault of the request.
func (r *request) awaitLimits() *segment.Violation {
	if r.client.conf.RateLimit != nil {
		if gaveUp := r.awaitRateLimit(); gaveUp != nil {
			return gaveUp
		}
	}
	if r.client.pace == nil {
		return nil
	}
	defer r.patience.excuse()()
	if r.client.pace.await(r.ctx, len(r.pass.parcel.indexes)) != nil {
		return stopped()
	}
	return nil
}
