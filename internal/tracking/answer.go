package tracking

import (
	"fmt"
	"net/http"
	"time"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/internal/outcome"
)

// Class is what an answer means for the calls of a request.
type Class = outcome.Class

// The classes, see outcome.
const (
	Delivered = outcome.Delivered
	Throttled = outcome.Throttled
	Transient = outcome.Transient
	Setup     = outcome.Setup
	Refused   = outcome.Refused
)

// answer is what an attempt led to: a status, or an error instead of one.
type answer struct {
	status     int
	retryAfter time.Duration
	err        error
	// token is the access token that the attempt carried, if any.
	token string
	// took is the time from sending to the end of the answer.
	took time.Duration
	// isUnsent says that there was nothing to authorize the attempt with.
	isUnsent bool
	// isLate says that it was being sent or was sent, and that the timeout ended
	// it.
	isLate bool
}

// classify says what an answer means.
func classify(a answer) Class { return outcome.Classify(a.status, a.retryAfter, a.err) }

// unsent stands for the answer to an attempt that there was no token for.
func unsent(err error) *answer {
	return &answer{err: err, retryAfter: outcome.AskedWait(err), isUnsent: true}
}

// isAboutToken says whether the access token may be what is not accepted.
func (a answer) isAboutToken() bool {
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNetworkAuthenticationRequired:
		return a.token != ""
	default:
		return false
	}
}

// String describes the answer without what the server wrote into it, which
// may be the data that it was sent.
func (a answer) String() string {
	if a.err == nil {
		return fmt.Sprintf("status %d", a.status)
	}
	return outcome.Explain(a.err).Text
}

// symptom is what was met, for those who are told of it.
type symptom struct {
	// status is 0 where there was no answer.
	status int
	text   string
	// isUnproven says that it may be the call after all.
	isUnproven bool
	// unanswered is the request that the timeout ended, if any.
	unanswered Unanswered
}

func (a answer) symptom() symptom { return symptom{status: a.status, text: a.String()} }

// contradiction describes a refusal of what had been accepted.
func (a answer) contradiction() symptom {
	return symptom{status: a.status, text: a.String() + " for a call that it had accepted before"}
}

// alike describes a refusal of one of many.
func (a answer) alike() symptom {
	return symptom{status: a.status, text: a.String() + ", as a call did that had been accepted before"}
}

// unproven describes a refusal by a server that accepts nothing.
func (a answer) unproven() symptom {
	return symptom{
		status: a.status, isUnproven: true,
		text: a.String() + ", while no call of this write key is known to have been accepted",
	}
}

func refusedCall(a answer) *segment.Violation {
	return &segment.Violation{
		Reason: segment.ReasonRefused,
		Sentence: fmt.Sprintf("the server answered this call alone with %v, and accepted another one of the same write key after it; "+
			"so it is this call that it does not take, and it needs a mapping or a dead letter", a),
	}
}

func setupError(met symptom) *segment.Violation {
	if met.isUnproven {
		return &segment.Violation{
			Reason:   segment.ReasonUndelivered,
			Sentence: "the last attempt met " + met.text + "; check the set-up first, and then send the event again as it is",
		}
	}
	return undelivered("the last attempt met " + met.text + ", which is about the set-up")
}

func undelivered(why string) *segment.Violation {
	return &segment.Violation{
		Reason:   segment.ReasonUndelivered,
		Sentence: why + "; nothing is wrong with the event, it can be sent again as it is",
	}
}
