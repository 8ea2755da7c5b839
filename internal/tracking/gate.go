package tracking

import (
	"sync"
	"time"
)

const (
	// setupPause is how long to wait after a set-up error, doubling up to
	// maxSetupPause: long enough to spare the server, short enough that data
	// flows soon after somebody has fixed it.
	setupPause    = 5 * time.Second
	maxSetupPause = 300 * time.Second
)

// gate is where all requests of one write key pass. It is shut when the
// server asks for a wait, or because of a set-up error. When the wait is over, one
// request goes first; the rest follow when it has come through.
type gate struct {
	mu         sync.Mutex
	shut       bool
	until      time.Time
	reason     Class
	probing    bool
	generation int
	changed    chan struct{}
	// pause is how long the last set-up error shut it.
	pause time.Duration
	// why describes the answer that shut it.
	why string
}

// ticket lets one request through.
type ticket struct {
	// generation tells an answer to a request sent before the gate was shut
	// from one sent after.
	generation int
	probe      bool
}

// wait says why a request cannot pass yet.
type wait struct {
	// changed is closed when it is worth asking again.
	changed <-chan struct{}
	// remaining is how long the gate stays shut; 0 while a probe is under way.
	remaining time.Duration
	reason    Class
	// why describes the answer that shut the gate.
	why string
}

// enter returns a ticket, or what to wait for.
func (g *gate) enter() (ticket, *wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		return ticket{generation: g.generation}, nil
	}
	remaining := time.Until(g.until)
	if remaining <= 0 && !g.probing {
		g.probing = true
		return ticket{generation: g.generation, probe: true}, nil
	}
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return ticket{}, &wait{
		changed: g.changed, remaining: max(remaining, 0), reason: g.reason, why: g.why,
	}
}

// admits says whether a ticket that was given some time ago is still good.
func (g *gate) admits(t ticket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.shut || t.probe && t.generation == g.generation
}

// throttle shuts the gate for as long as the server asks.
func (g *gate) throttle(t ticket, pause time.Duration, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endProbe(t)
	g.close(Throttled, pause, why)
}

// hold shuts the gate because of a set-up error. The pause grows only with an
// answer that is news: requests that were under way together fail together.
func (g *gate) hold(t ticket, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endProbe(t)
	if t.generation == g.generation {
		g.pause = min(max(2*g.pause, setupPause), maxSetupPause)
		g.close(Setup, g.pause, why)
	}
}

// close shuts the gate, or leaves it shut for longer.
func (g *gate) close(reason Class, pause time.Duration, why string) {
	if until := time.Now().Add(pause); !g.shut || until.After(g.until) {
		g.until, g.reason, g.why = until, reason, why
	}
	g.shut = true
	g.generation++
	g.notify()
}

// open lets everybody pass, unless the request was sent before the gate was
// last shut.
func (g *gate) open(t ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endProbe(t)
	if t.generation == g.generation {
		g.shut = false
		g.pause = 0
	}
	g.notify()
}

// leave gives a ticket back that has taught us nothing.
func (g *gate) leave(t ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endProbe(t)
	g.notify()
}

func (g *gate) endProbe(t ticket) {
	if t.probe {
		g.probing = false
	}
}

func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut
}

func (g *gate) notify() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}
