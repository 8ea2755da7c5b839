package tracking

import (
	"math/rand/v2"
	"time"

	"benthos-segment/internal/segment"
)

// request is some calls of a lane that are sent together, as often as it takes.
type request struct {
	*lane
	// indexes are the places of its calls.
	indexes []int
	// body is made when the request is first admitted, and kept.
	body body
	// tries counts the attempts so far.
	tries    int
	patience patience
	// isRenewed says that it has had a new access token already.
	isRenewed bool
	// pass is that of the attempt at hand.
	pass pass
}

// deliver sends the request until the server has accepted or refused it, or
// until it is given up.
func (r *request) deliver() ruling {
	for {
		pass, gaveUp := r.admit()
		if gaveUp != nil {
			return ruling{gaveUp: gaveUp}
		}
		next := r.judge(r.attempt(pass))
		pass.end(next)
		r.tell(next)
		if next.isLast() {
			return next
		}
		if gaveUp := r.backOff(next); gaveUp != nil {
			return ruling{gaveUp: gaveUp}
		}
		r.observer.Retrying(next.means)
	}
}

// ruling is what follows from an answer.
type ruling struct {
	answer answer
	means  Class
	// pause is how long all lanes of the write key wait, where the server is
	// throttling.
	pause time.Duration
	// isAtOnce says that the next attempt need not wait: it has a new token.
	isAtOnce bool
	// gaveUp says why there is no further attempt.
	gaveUp *segment.Violation
}

// isLast says whether the request is not sent again.
func (r ruling) isLast() bool {
	return r.gaveUp != nil || r.means == Delivered || r.means == Refused
}

// judge says what follows from an answer.
func (r *request) judge(got answer) ruling {
	if got.err != nil && r.ctx.Err() != nil {
		return ruling{gaveUp: stopped()}
	}
	r.patience.last = got
	if !got.isUnsent {
		r.tries++
	}
	next := ruling{answer: got, means: r.source.judge(got, len(r.indexes))}
	switch {
	case r.renewsToken(got):
		next.isAtOnce = true
	case next.means == Throttled:
		next.pause = r.throttlePause(got)
	case next.means == Setup && r.client.conf.RejectOnSetupError:
		next.gaveUp = undelivered("the last attempt met " + got.String() + ", which is about the set-up")
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
	r.client.tokens.reject(got.token)
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
	if next.means != Transient || next.isAtOnce {
		return nil
	}
	return r.patience.backOff(r.ctx)
}

// tell tells the observer what came of an attempt. What passes by itself within
// the first attempts is nobody's business, and neither is what is given up,
// which says so itself.
func (r *request) tell(next ruling) {
	const usual = 2
	switch {
	case next.gaveUp != nil || next.isAtOnce:
	case next.isLast():
		if r.source.hasRecovered() {
			r.observer.Recovered(r.source.fingerprint)
		}
	case next.means == Throttled:
		r.observer.Throttled(next.pause)
	case next.means == Setup, r.tries > usual:
		r.report(next.means, next.answer.String())
	}
}

// report tells the observer of a request that does not get through.
func (r *request) report(means Class, what string) {
	if r.source.isDue(means) {
		r.observer.Stuck(Trouble{Source: r.source.fingerprint, Class: means, Answer: what})
	}
}
