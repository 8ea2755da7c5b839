package tracking

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"benthos-segment/internal/segment"
)

// answer is what an attempt led to: a status, or an error instead of one.
type answer struct {
	status     int
	retryAfter time.Duration
	err        error
	// token is the access token that the attempt carried, if any.
	token string
	// isUnsent says that there was nothing to authorize the attempt with.
	isUnsent bool
}

// unsent stands for the answer to an attempt that there was no token for.
func unsent(err error) *answer {
	a := &answer{err: err, isUnsent: true}
	if noToken, ok := errors.AsType[*tokenError](err); ok {
		a.retryAfter = noToken.retryAfter
	}
	return a
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
	return describe(a.err)
}

// describe says why there was no answer. It repeats only errors that are made
// on this side of the connection: those of the HTTP client quote what they
// cannot read, and a server may have written anything there.
func describe(err error) string {
	if noToken, ok := errors.AsType[*tokenError](err); ok {
		return noToken.Error()
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "no answer within the timeout"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.Error()
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network.Error()
	}
	if classifyError(err) == Setup {
		// A certificate that does not hold. The URL in front says nothing new.
		if outer, ok := errors.AsType[*url.Error](err); ok {
			return outer.Err.Error()
		}
		return err.Error()
	}
	return "a connection that ended early, or an answer that is not HTTP"
}

func refusedCall(a answer) *segment.Violation {
	return &segment.Violation{
		Reason: segment.ReasonRefused,
		Sentence: fmt.Sprintf("the server answered this call alone with %v; "+
			"it will do so again, so that the call needs a mapping or a dead letter", a),
	}
}

func undelivered(why string) *segment.Violation {
	return &segment.Violation{
		Reason:   segment.ReasonUndelivered,
		Sentence: why + "; nothing is wrong with the event, it can be sent again as it is",
	}
}
