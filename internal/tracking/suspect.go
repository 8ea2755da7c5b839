package tracking

import (
	"slices"
	"time"
)

// A call that is refused alone is suspect: it may be the call, or an edge on the
// way that refuses everything. It is not settled until something tells which,
// and what comes after it goes on meanwhile. These hold for the calls of one
// write key:
//
//  1. While a call is suspect, nothing that was sent after its refusal has been
//     accepted: an acceptance makes the call guilty.
//  2. The set-up is found guilty only while no request is under way. So what
//     comes after a suspect in its lines is suspect too, or waits, whether it
//     was sent before or not.
//  3. Suspects then go back to the front of their hauls, in the order in which
//     they were refused, and hold what comes after them again, before the gate
//     lets anything through. By 1 and 2 nothing that comes after them has been
//     accepted, so that nothing has overtaken them. The suspects of one line are
//     in one haul, or the later one is put down by its haul until the earlier
//     one is settled.
//
// To tell, the call that was accepted last is sent again. That changes nothing
// at Segment, which knows its message id. If it is accepted, the suspects are
// guilty. If it is refused, or there is no such call, it is the set-up. From
// then on the gate is shut as for any set-up error, and each probe is a single
// call: the sample and the first call of a haul take turns, since either may be
// refused for what is in it.
const (
	// maxSuspects is how many calls may be suspect before the sample is sent.
	maxSuspects = 16
	// quietPause is how long nothing is sent or answered before it is sent for
	// fewer.
	quietPause = time.Second
)

// suspect is a call that was refused alone.
type suspect struct {
	call *entry
	// number counts the suspects of the write key.
	number  int
	answer  answer
	verdict verdict
	// met is how it was found that the call is not guilty.
	met symptom
}

// verdict says whose fault a refusal was.
type verdict uint8

const (
	pending verdict = iota
	// guilty: the server accepted another call after it.
	guilty
	// innocent: the server refused a call that it had accepted before, or has
	// accepted none so far. The call is sent again when the set-up is fixed.
	innocent
	// rejected is the same where calls do not wait for that.
	rejected
)

// doubt is what is not known about refusals.
type doubt uint8

const (
	none doubt = iota
	// asking: the next request tells whether it is the calls or the set-up.
	asking
	// blaming: it is the set-up, until a call is accepted.
	blaming
)

// refusals are the calls of a write key that were refused alone, and what is
// known of them. The lock of the gate guards them.
type refusals struct {
	doubt    doubt
	suspects []*suspect
	// count numbers the suspects.
	count int
	// underWay counts the requests that were sent and not answered yet; traffic
	// is when one was last sent or answered.
	underWay int
	traffic  time.Time
	writeKey string
	samples  *samples
	// scheduler has to know whom a call holds.
	scheduler *scheduler
	// rejects says that calls do not wait for the set-up to be fixed.
	rejects bool
	// probes counts those since it was the set-up.
	probes int
}

// begin and finish count what is under way.
func (r *refusals) begin() {
	r.underWay++
	r.traffic = time.Now()
}

func (r *refusals) finish() {
	r.underWay--
	r.traffic = time.Now()
}

// isBusy says that a request is under way that may tell by itself, or may add
// to the suspects.
func (r *refusals) isBusy() bool { return r.doubt == asking && r.underWay > 0 }

// isUndecided says that there are suspects, and nobody has asked yet.
func (r *refusals) isUndecided() bool { return r.doubt == none && len(r.suspects) > 0 }

// quiet returns how long nothing may happen until the sample is sent. While a
// request is under way, its answer is waited for.
func (r *refusals) quiet() (left time.Duration, isOver bool) {
	if r.underWay > 0 {
		return 0, false
	}
	left = max(quietPause-time.Since(r.traffic), 0)
	return left, left == 0
}

// probe says what the next probe is: the sample, or one call alone.
func (r *refusals) probe() (asks, alone bool) {
	switch r.doubt {
	case asking:
		return true, false
	case blaming:
		r.probes++
		asks = r.probes%2 == 1 && r.hasSample()
		return asks, !asks
	default:
		return false, false
	}
}

// hasSample says whether there is a call that was accepted.
func (r *refusals) hasSample() bool { return r.samples.has(r.writeKey) }

func (r *refusals) last() *suspect { return r.suspects[len(r.suspects)-1] }

func (r *refusals) add(s *suspect) {
	r.count++
	s.number = r.count
	r.suspects = append(r.suspects, s)
	r.scheduler.suspect(s.call)
}

// confirm takes an acceptance for proof that the refusals up to a number were
// about their calls.
func (r *refusals) confirm(number int) {
	n := 0
	for ; n < len(r.suspects) && r.suspects[n].number <= number; n++ {
		r.suspects[n].verdict = guilty
	}
	r.suspects = slices.Delete(r.suspects, 0, n)
}

// decide finds that none of the suspects is guilty.
func (r *refusals) decide(found verdict, met symptom) {
	for _, s := range r.suspects {
		s.verdict, s.met = found, met
		if found == innocent {
			r.scheduler.reinstate(s.call)
		}
	}
	r.suspects = nil
}

// accept learns that a request was accepted.
func (g *gate) accept(t ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finish(t)
	g.refusals.confirm(t.suspects)
	if t.asks || t.alone {
		g.refusals.doubt = none
	}
	g.open(t)
}

// refuse learns that a call was refused alone.
func (g *gate) refuse(t ticket, s *suspect) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finish(t)
	g.open(t)
	g.refusals.add(s)
	if len(g.refusals.suspects) >= maxSuspects && g.refusals.doubt == none {
		g.ask()
	}
}

// refuseSample learns that the set-up refuses what it had accepted.
func (g *gate) refuseSample(t ticket, met symptom) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finish(t)
	g.blameSetup(met)
}

// ask shuts the gate until it is known whose fault the refusals are.
func (g *gate) ask() {
	g.refusals.doubt = asking
	g.close(Refused, 0, g.refusals.last().answer.symptom())
}

// advance goes on with a doubt as far as that takes no request.
func (g *gate) advance() {
	switch {
	case g.refusals.doubt != asking:
	case len(g.refusals.suspects) == 0:
		// They were given up meanwhile.
		g.endDoubt()
	case g.refusals.underWay == 0 && !g.refusals.hasSample():
		g.blameSetup(g.refusals.last().answer.unproven())
	}
}

// blameSetup finds that it is the set-up.
func (g *gate) blameSetup(met symptom) {
	if g.refusals.rejects {
		g.refusals.decide(rejected, met)
		g.endDoubt()
		return
	}
	if g.refusals.doubt != blaming {
		g.refusals.probes = 0
	}
	g.refusals.decide(innocent, met)
	g.refusals.doubt = blaming
	g.holdLonger(met)
}

// endDoubt opens the gate again. What else shuts the gate stays.
func (g *gate) endDoubt() {
	g.refusals.doubt = none
	if g.reason == Refused {
		g.shut = false
	}
	g.notify()
}

// withdraw takes a suspect away that is given up.
func (g *gate) withdraw(s *suspect) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.refusals.suspects, s); i >= 0 {
		g.refusals.suspects = slices.Delete(g.refusals.suspects, i, i+1)
		g.notify()
	}
}

// verdictOn returns what was found about a suspect.
func (g *gate) verdictOn(s *suspect) verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	return s.verdict
}
