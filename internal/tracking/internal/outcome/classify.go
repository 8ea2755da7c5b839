// Package outcome says what an answer of a server means, or an error in its place,
// and how that is said.
package outcome

import (
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

// Classify says what an answer means: a status, or an error instead of one. A
// server that could answer later, and says when, is taken at its word.
func Classify(status int, retryAfter time.Duration, err error) Class {
	means := classifyOutcome(status, err)
	if means == Transient && retryAfter > 0 {
		return Throttled
	}
	return means
}

func classifyOutcome(status int, err error) Class {
	if err != nil {
		return Explain(err).Class
	}
	return classifyStatus(status)
}

// ClassifyAside says whether it is worth to ask again somebody who has seen
// none of the calls: a proxy, or an authorization server. It is never the calls
// that it refuses, and its success is none of theirs.
func ClassifyAside(status int) Class {
	switch means := classifyStatus(status); means {
	case Transient, Throttled:
		return means
	default:
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
		// Never followed, see Client.
		return Setup
	case 4:
		return Refused
	default:
		return Transient
	}
}

// maxRetryAfter is the longest wait that Segment's SDKs accept from a server.
const maxRetryAfter = 300 * time.Second

// RetryAfter reads the header of that name: seconds, or a date of HTTP. It
// returns 0 where it asks for no wait, or for none that can be read, and at
// most five minutes.
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func RetryAfter(header string, now time.Time) time.Duration {
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
