package tracking

import (
	"context"
	"time"
)

// pace bounds the calls a second of all requests together, each attempt counted,
// because Segment counts what it receives. A request goes as soon as the ones
// before it are paid off, so that one full request may go at once after a pause.
// How much it costs is only known when it has taken its calls; until then it
// keeps the turn, and the others wait in the order in which they asked.
type pace struct {
	// each is what a call costs.
	each time.Duration
	turn chan struct{}
	// free is when all that was sent is paid off. Whoever has the turn may use it.
	free time.Time
}

// newPace returns nil where there is no limit.
func newPace(conf Config) *pace {
	if conf.EventsPerSecond == 0 {
		return nil
	}
	return &pace{each: time.Second / time.Duration(conf.EventsPerSecond), turn: make(chan struct{}, 1)}
}

// await waits for the turn, and says whether it has come before the context has
// ended.
func (p *pace) await(ctx context.Context) bool {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	timer := time.NewTimer(time.Until(p.free))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		p.leave()
		return false
	}
}

// charge pays for calls that are sent now.
func (p *pace) charge(calls int) {
	if now := time.Now(); p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(calls) * p.each)
}

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
