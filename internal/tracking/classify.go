package tracking

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Class is what an answer means for the calls of a request.
type Class uint8

const (
	// Delivered: the server has them.
	Delivered Class = iota + 1
	// Throttled: the server wants us to slow down, and may say for how long.
	Throttled
	// Transient: the same request may succeed a moment later.
	Transient
	// Setup: nothing is wrong with the calls; somebody has to fix the write
	// key, the endpoint or the certificates.
	Setup
	// Refused: the server does not want these calls.
	Refused
)

var classNames = [...]string{"", "delivered", "throttled", "transient", "setup", "refused"}

// String returns the class as metrics and logs name it.
func (c Class) String() string { return classNames[c] }

// classify says what an answer means. A server that could answer later, and
// says when, is taken at its word.
func classify(a answer) Class {
	means := classifyOutcome(a)
	if means == Transient && a.retryAfter > 0 {
		return Throttled
	}
	return means
}

func classifyOutcome(a answer) Class {
	if a.err == nil {
		return classifyStatus(a.status)
	}
	if noToken, ok := errors.AsType[*tokenError](a.err); ok {
		return classifyNoToken(noToken)
	}
	return classifyError(a.err)
}

// classifyNoToken says whether it is worth asking for a token again. What the
// authorization server refuses is the application's id, its key or its scope,
// and never the data.
func classifyNoToken(e *tokenError) Class {
	if e.status == 0 {
		return classifyError(e.err)
	}
	switch means := classifyStatus(e.status); means {
	case Transient, Throttled:
		return means
	default:
		// A success without a token is no success of our calls.
		return Setup
	}
}

// statusTransient is Segment's own code for a failure that passes. It is not
// documented; its Java SDK says so.
const statusTransient = 460

// classifyStatus says what a status means. Most SDKs of Segment drop a batch at
// the statuses that are taken for set-up here: with a wrong key, or a proxy that
// answers in Segment's place, that loses good data until somebody notices.
func classifyStatus(status int) Class {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden,
		// The route or the method: somebody else answers at this address.
		http.StatusNotFound, http.StatusMethodNotAllowed,
		// A proxy on the way wants a password, which says nothing of the data.
		http.StatusProxyAuthRequired,
		// The form of all our requests, whatever is in them: their length, their
		// compression, their protocol, their headers.
		http.StatusLengthRequired, http.StatusUnsupportedMediaType, http.StatusUpgradeRequired,
		http.StatusPreconditionRequired, http.StatusRequestHeaderFieldsTooLarge,
		// Somebody must not serve us.
		http.StatusUnavailableForLegalReasons,
		// A server that does not speak our protocol, or a captive portal, is
		// not where the data should go.
		http.StatusSwitchingProtocols, http.StatusNotImplemented, http.StatusHTTPVersionNotSupported,
		http.StatusNetworkAuthenticationRequired:
		return Setup
	case http.StatusTooManyRequests:
		return Throttled
	case http.StatusRequestTimeout, http.StatusGone, statusTransient,
		// A connection that was opened for another host, and a server that does
		// not take early data. Both are over with the next connection.
		http.StatusMisdirectedRequest, http.StatusTooEarly:
		return Transient
	}
	switch status / 100 {
	case 2:
		return Delivered
	case 3:
		// Never followed, see NewClient.
		return Setup
	case 4:
		return Refused
	default:
		return Transient
	}
}

// maxRetryAfter is the longest wait that Segment's SDKs accept from a server.
const maxRetryAfter = 300 * time.Second

// retryAfter reads the header of that name: seconds, or a date of HTTP. It
// returns 0 where it asks for no wait, or for none that can be read, and at
// most five minutes.
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if isDigits(header) {
		// What overflows asks for a very long wait.
		seconds, err := strconv.ParseUint(header, 10, 32)
		if err != nil || seconds > uint64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}

func isDigits(text string) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}
