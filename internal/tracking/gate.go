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
// server asks for a wait, because of a set-up error, or while it is not known
// whose fault some refusals are. When that is over, one request goes first; the
// rest follow when it has come through.
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
	// met is what shut it.
	met      symptom
	refusals refusals
}

// ticket lets one request through.
type ticket struct {
	// generation tells an answer to a request sent before the gate was shut
	// from one sent after.
	generation int
	probe      bool
	// asks says that the sample has to be sent in place of the request, alone
	// that only its first call may be.
	asks, alone bool
	// isUnderWay says that the request is being sent, with this many calls
	// suspect by then.
	isUnderWay bool
	suspects   int
}

// wait says why a request cannot pass yet.
type wait struct {
	// changed is closed when it is worth asking again.
	changed <-chan struct{}
	// remaining is how long there is to wait at the most; 0 while there is an
	// answer to wait for.
	remaining time.Duration
	// reason is why the gate is shut: Throttled or Setup, or 0 where it is only
	// not known yet what some refusals mean.
	reason Class
	// met is what shut the gate.
	met symptom
	// isNews says that it may not have been reported yet.
	isNews bool
	// generation is how often the gate had been shut by then.
	generation int
}

// enter returns a ticket, or what to wait for. A request that is suspect waits
// for its verdict, and passes only to ask for it.
func (g *gate) enter(isSuspect bool) (ticket, *wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if isSuspect && g.refusals.isUndecided() && g.remaining() == 0 {
		if left, isOver := g.refusals.quiet(); !isOver {
			return ticket{}, g.wait(left, 0)
		}
		g.ask()
	}
	g.advance()
	if !g.shut {
		return ticket{generation: g.generation}, nil
	}
	if g.remaining() > 0 || g.probing || g.refusals.isBusy() {
		return ticket{}, g.wait(g.remaining(), g.reason)
	}
	g.probing = true
	t := ticket{generation: g.generation, probe: true}
	t.asks, t.alone = g.refusals.probe()
	return t, nil
}

// remaining returns how long the gate stays shut.
func (g *gate) remaining() time.Duration {
	if !g.shut {
		return 0
	}
	return max(time.Until(g.until), 0)
}

func (g *gate) wait(remaining time.Duration, reason Class) *wait {
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	if reason == Refused {
		reason = 0
	}
	return &wait{
		changed: g.changed, remaining: remaining, reason: reason, met: g.met, generation: g.generation,
		isNews: reason == Setup && g.refusals.doubt == blaming,
	}
}

// begin says whether a ticket that was given some time ago is still good. If so,
// the request is under way until the ticket comes back.
func (g *gate) begin(t *ticket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut && !(t.probe && t.generation == g.generation) {
		return false
	}
	t.isUnderWay, t.suspects = true, g.refusals.count
	g.refusals.begin()
	return true
}

// finish takes a ticket back.
func (g *gate) finish(t ticket) {
	if t.probe {
		g.probing = false
	}
	if t.isUnderWay {
		g.refusals.finish()
	}
	g.notify()
}

// leave takes back a ticket that has taught us nothing.
func (g *gate) leave(t ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finish(t)
}

// throttle shuts the gate for as long as the server asks.
func (g *gate) throttle(t ticket, pause time.Duration, met symptom) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finish(t)
	g.close(Throttled, pause, met)
}

// hold shuts the gate because of a set-up error. The pause grows only with an
// answer that is news: requests that were under way together fail together.
func (g *gate) hold(t ticket, met symptom) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finish(t)
	if t.generation == g.generation {
		g.holdLonger(met)
	}
}

func (g *gate) holdLonger(met symptom) {
	g.pause = min(max(2*g.pause, setupPause), maxSetupPause)
	g.close(Setup, g.pause, met)
}

// close shuts the gate, or leaves it shut for longer.
func (g *gate) close(reason Class, pause time.Duration, met symptom) {
	if until := time.Now().Add(pause); !g.shut || until.After(g.until) {
		g.until, g.reason, g.met = until, reason, met
	}
	g.shut = true
	g.generation++
	g.notify()
}

// resume lets everybody through after a request that was answered, unless it
// was sent before the gate was last shut.
func (g *gate) resume(t ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finish(t)
	g.open(t)
}

func (g *gate) open(t ticket) {
	if t.generation == g.generation {
		g.shut = false
		g.pause = 0
	}
}

// now returns how often the gate has been shut.
func (g *gate) now() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.generation
}

// isWaiting says whether nothing may pass yet, whoever comes.
func (g *gate) isWaiting() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.remaining() > 0
}

func (g *gate) notify() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}
