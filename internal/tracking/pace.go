package tracking

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// smoothness is how many requests a second a limit of events is parted into at
// least. So no second sees more than the limit and a tenth of it.
const smoothness = 10

// pace bounds the calls a second of all requests together, each attempt counted,
// because Segment counts what it receives. How much a request costs is only
// known when it has taken its calls; until then it keeps the turn, and the
// others wait in the order in which they asked.
type pace struct {
	limiter *rate.Limiter
	turn    chan struct{}
}

// newPace returns nil where there is no limit.
func newPace(conf Config) *pace {
	if conf.EventsPerSecond == 0 {
		return nil
	}
	return &pace{
		limiter: rate.NewLimiter(rate.Limit(conf.EventsPerSecond), conf.MaxRequestCalls),
		turn:    make(chan struct{}, 1),
	}
}

// evenly keeps a request from holding more than is due within a short time.
func (c Config) evenly() Config {
	if c.EventsPerSecond > 0 {
		c.MaxRequestCalls = min(c.MaxRequestCalls, max(c.EventsPerSecond/smoothness, 1))
	}
	return c
}

// await waits for the turn and until one call is due, and says whether that
// came before the context ended.
func (p *pace) await(ctx context.Context) bool {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if p.limiter.Wait(ctx) != nil {
		p.leave()
		return false
	}
	return true
}

// charge pays for the calls that are sent now, beyond the one that was due. Who
// has the turn next waits until they have become due.
func (p *pace) charge(calls int) { p.limiter.ReserveN(time.Now(), calls-1) }

func (p *pace) leave() { <-p.turn }

// awaitTurn waits for the turn at the pace, which is not the fault of the request.
func (r *request) awaitTurn() {
	if r.client.pace == nil {
		return
	}
	defer r.patience.excuse()()
	if r.client.pace.await(r.ctx) {
		r.pass.turn = r.client.pace
	}
}

// charge pays for what is sent with the pass, and lets the next request have the
// turn.
func (p *pass) charge() {
	if p.turn != nil {
		p.turn.charge(len(p.parcel.calls))
	}
	p.leaveTurn()
}

func (p *pass) leaveTurn() {
	if p.turn != nil {
		p.turn.leave()
		p.turn = nil
	}
}
