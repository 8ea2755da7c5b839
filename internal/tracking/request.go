package tracking

import (
	"math/rand/v2"
	"time"

	"benthos-segment/internal/segment"
)

// request is some calls that are sent together, as often as it takes.
type request struct {
	*haul
	// own is what it holds: nothing, until the first one of a haul has all that it
	// takes to send it. What an attempt sends is that of its pass.
	own parcel
	// isRenewed says that it has had a new access token already.
	isRenewed bool
	// suspect is set while its only call is.
	suspect *suspect
	// pass is that of the attempt at hand.
	pass pass
}

// parcel is what is sent, and what all attempts have in common.
type parcel struct {
	calls []*entry
	// isSample says that it holds a call that was accepted before.
	isSample bool
	// body is made for the first attempt.
	body body
	// tries counts the attempts so far.
	tries int
}

// delivery is that of its first call.
func (r *request) delivery() *Delivery {
	if len(r.own.calls) == 0 {
		return r.opener
	}
	return r.own.calls[0].delivery
}

func (r *request) observer() Observer { return r.delivery().observer }

// deliver sends the request until the server has accepted or refused it, or
// until it is given up. A suspect waits for its verdict in the same way, and
// may have to ask for it.
func (r *request) deliver() ruling {
	for {
		pass, stop := r.admit()
		if stop != nil {
			return *stop
		}
		next := r.judge(pass, r.attempt(pass))
		pass.end(next)
		r.tell(next)
		if next.isLast() {
			r.patience.soothe()
			return next
		}
		if gaveUp := r.backOff(next); gaveUp != nil {
			return ruling{gaveUp: gaveUp}
		}
	}
}

// ruling is what follows from an answer, or from what was met in its place.
type ruling struct {
	answer answer
	means  Class
	met    symptom
	tries  int
	// pause is how long all requests of the write key wait, where the server is
	// throttling.
	pause time.Duration
	// isAtOnce says that the next attempt need not wait: it has a new token.
	isAtOnce bool
	// isAside says that a sample was sent, so that nothing is said about the
	// calls of the request.
	isAside bool
	// suspect is the call that was refused alone.
	suspect *suspect
	// gaveUp says why there is no further attempt.
	gaveUp *segment.Violation
	// comesLater says that the haul has something to do first: to look at a
	// verdict, or to put down what must not be sent.
	comesLater bool
}

// isLast says whether the request is not sent again.
func (r ruling) isLast() bool {
	return r.gaveUp != nil || r.comesLater || !r.isAside && (r.means == Delivered || r.means == Refused)
}

// judge says what follows from an answer.
func (r *request) judge(p *pass, got answer) ruling {
	if !got.isUnsent {
		p.parcel.tries++
	}
	if got.err != nil && r.ctx.Err() != nil {
		return ruling{comesLater: true}
	}
	next := r.read(p, got)
	r.patience.last = next.met
	r.source.learn(next.means)
	r.client.scheduler.note(r.source, next.means)
	r.learnPace(p, got, next.means)
	switch {
	case r.renewsToken(got):
		next.isAtOnce = true
	case next.means == Delivered:
		r.client.samples.keep(r.source.writeKey, p.parcel)
	case next.means == Throttled:
		next.pause = r.throttlePause(got)
	case next.means == Setup && r.client.conf.RejectOnSetupError:
		next.gaveUp = setupError(next.met)
	}
	return next
}

// promptness is the part of the timeout that an answer may take to be prompt.
const promptness = 4

// learnPace learns from an answer how large requests may be, and how many of them
// may be under way. Where bounded ones get through slowly, more of them side by
// side would have to be smaller.
func (r *request) learnPace(p *pass, got answer, means Class) {
	if means == Setup || got.isUnsent {
		return
	}
	size, isBounded := p.parcel.body.size, false
	switch {
	case got.isLate && len(p.parcel.calls) > 1:
		r.source.reach.TimedOut(size, time.Now().Add(-got.took))
	case means == Delivered:
		isBounded = r.source.reach.GotThrough(size, r.client.conf.MaxRequestBytes)
	}
	if isPrompt := promptness*got.took <= r.client.conf.Timeout; isBounded && !isPrompt {
		return
	}
	r.client.slots.Learn(got.took, means == Throttled || means == Transient)
}

// read says what an answer means for what was sent. A refusal is about the calls
// of a request; of a single call it may not be, and then it is suspect.
func (r *request) read(p *pass, got answer) ruling {
	next := ruling{
		answer: got, means: classify(got), met: got.symptom(), tries: p.parcel.tries, isAside: p.parcel.isSample,
	}
	switch {
	case got.isLate:
		next.met.unanswered = p.parcel.unanswered(r.client.conf.Timeout)
	case next.means != Refused:
	case p.ticket.asks:
		next.met = got.contradiction()
	case p.ticket.alone && r.client.samples.has(r.source.writeKey):
		next.means, next.met = Setup, got.alike()
	case p.ticket.alone:
		next.means, next.met = Setup, got.unproven()
	case len(r.own.calls) == 1:
		r.suspect = &suspect{call: r.own.calls[0], answer: got}
		next.suspect = r.suspect
	}
	return next
}

// renewsToken makes the next attempt get a new access token, where the last one
// was refused for its token. A token may be revoked at any time, so that this
// is worth one attempt at once.
func (r *request) renewsToken(got answer) bool {
	if r.isRenewed || !got.isAboutToken() {
		return false
	}
	r.client.tokens.Reject(got.token)
	r.isRenewed = true
	return true
}

// throttlePause is as long as the server asks, and up to a tenth more, so that
// a fleet does not come back at one instant. Where the server does not say how
// long, the wait grows as that of a retry.
func (r *request) throttlePause(got answer) time.Duration {
	if got.retryAfter == 0 {
		return r.patience.nextWait()
	}
	return got.retryAfter + rand.N(got.retryAfter/10+1)
}

// backOff waits before the next attempt where nothing else does: of what is
// throttled or held, the gate takes care.
func (r *request) backOff(next ruling) *segment.Violation {
	if next.means == Transient && !next.isAtOnce {
		if gaveUp := r.patience.backOff(r.ctx); gaveUp != nil {
			return gaveUp
		}
	}
	if !next.isAside {
		r.observer().Retrying(next.means)
	}
	return nil
}

// tell tells the observer what came of an attempt. What passes by itself within
// the first attempts is nobody's business, and neither is what is given up,
// which says so itself, nor what is not known to be the calls' fault yet.
func (r *request) tell(next ruling) {
	const usual = 2
	switch {
	case next.gaveUp != nil || next.comesLater || next.isAtOnce || next.suspect != nil:
	case next.means == Delivered, next.means == Refused && !next.isAside:
		if r.source.hasRecovered(r.pass.ticket.generation) {
			r.observer().Recovered(r.source.fingerprint)
		}
	case next.means == Throttled:
		r.observer().Throttled(next.pause)
	case next.means == Transient && next.tries <= usual:
	case next.means == Transient:
		r.report(Transient, next.met)
	case !r.client.conf.RejectOnSetupError:
		r.report(Setup, next.met)
	}
}

// report tells the observer of a request that does not get through.
func (r *request) report(means Class, met symptom) {
	if r.source.isDue(means, r.source.gate.now()) {
		r.say(means, met)
	}
}

// reportWait does so of one that waits for the gate.
func (r *request) reportWait(blocked *wait) {
	if r.source.isWaitDue(blocked) {
		r.say(blocked.reason, blocked.met)
	}
}

func (r *request) say(means Class, met symptom) {
	r.observer().Stuck(Trouble{
		Source: r.source.fingerprint, Class: means, Answer: met.text, Status: met.status, Unanswered: met.unanswered,
	})
}
