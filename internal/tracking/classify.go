package tracking

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// class is what an answer means for the calls of a request.
type class uint8

const (
	// delivered: the server has them.
	delivered class = iota
	// throttled: the server wants us to slow down, and may say for how long.
	throttled
	// transient: the same request may succeed a moment later.
	transient
	// setup: nothing is wrong with the calls; somebody has to mend the write
	// key, the endpoint or the certificates.
	setup
	// refused: the server does not want these calls.
	refused
)

var classNames = [...]string{"delivered", "throttled", "transient", "setup", "refused"}

func (c class) String() string { return classNames[c] }

// statusTransient is Segment's own code for a failure that passes. It is not
// documented; its Java SDK says so.
const statusTransient = 460

// classify says what a status means. Most SDKs of Segment drop a batch at the
// statuses that are taken for set-up here: with a wrong key, that loses good
// data until somebody notices.
func classify(status int) class {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		// A proxy on the way wants a password, which says nothing of the data.
		http.StatusProxyAuthRequired,
		// A server that does not speak our protocol, or a captive portal, is
		// not where the data should go.
		http.StatusNotImplemented, http.StatusHTTPVersionNotSupported,
		http.StatusNetworkAuthenticationRequired:
		return setup
	case http.StatusTooManyRequests:
		return throttled
	case http.StatusRequestTimeout, http.StatusGone, statusTransient:
		return transient
	}
	switch status / 100 {
	case 2:
		return delivered
	case 3:
		// Never followed, see NewClient.
		return setup
	case 4:
		return refused
	default:
		return transient
	}
}

// classifyError says what it means that there was no answer. Only a TLS
// handshake that cannot succeed is not going to pass by itself: a server that
// cannot be found or reached is most often one that is being restarted.
func classifyError(err error) class {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	if errors.As(err, &verification) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &invalid) || isHandshakeRefusal(err) {
		return setup
	}
	return transient
}

// handshakeRefusals are the alerts by which a server says that it wants
// another version, another cipher, another name or another certificate. The
// others, such as internal_error, come from servers in trouble.
// https://www.rfc-editor.org/rfc/rfc8446#section-6.2
var handshakeRefusals = texts(40, 42, 43, 44, 45, 46, 48, 49, 70, 71, 112, 116, 120)

func texts(alerts ...tls.AlertError) map[string]bool {
	set := make(map[string]bool, len(alerts))
	for _, alert := range alerts {
		set[alert.Error()] = true
	}
	return set
}

// isHandshakeRefusal goes by the text of an alert, because over TCP its type
// is none that errors.As could be asked for.
func isHandshakeRefusal(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "remote error" && op.Err != nil && handshakeRefusals[op.Err.Error()]
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
