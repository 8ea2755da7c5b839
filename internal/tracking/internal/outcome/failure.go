package outcome

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// Failure says what it means that there was no answer: what becomes of the
// calls, and what is said of it.
type Failure struct {
	Class Class
	Text  string
}

// explained is an error that says itself what it means.
type explained interface {
	error
	Explain() Failure
}

// delaying is an error of somebody who may have asked us to wait.
type delaying interface {
	error
	RetryAfter() time.Duration
}

// AskedWait returns how long we are to wait by an error, if it says so.
func AskedWait(err error) time.Duration {
	if asks, isIt := errors.AsType[delaying](err); isIt {
		return asks.RetryAfter()
	}
	return 0
}

// Explain says what an error means that came instead of an answer. Only what
// is wrong with the configuration is a set-up error: a server that cannot be
// found or reached is most often one that is being restarted.
//
// What is said is made on this side of the connection alone: the errors of an
// HTTP client quote what they cannot read, and a server may have written
// anything there, also the calls that it was sent, or their write key.
func Explain(err error) Failure {
	// The most telling kinds come first.
	for _, kind := range []func(error) (Failure, bool){
		explainedFailure, proxyDialFailure, timeoutFailure,
		certificateFailure, alertFailure, protocolFailure,
		socksFailure, nameFailure, networkFailure,
	} {
		if f, isIt := kind(err); isIt {
			return f
		}
	}
	return Failure{Transient, "a connection" + throughProxy(err) + " that ended early, or an answer that is not HTTP"}
}

func explainedFailure(err error) (Failure, bool) {
	knows, isIt := errors.AsType[explained](err)
	if !isIt {
		return Failure{}, false
	}
	return knows.Explain(), true
}

func timeoutFailure(err error) (Failure, bool) {
	return Failure{Transient, "no answer" + throughProxy(err) + " within the timeout"}, IsTimeout(err)
}

// IsTimeout says whether something took too long.
func IsTimeout(err error) bool {
	timeout, isNetwork := errors.AsType[net.Error](err)
	return isNetwork && timeout.Timeout()
}

// handshakeRefusals are the alerts by which a server says that it wants
// another version, another cipher, another name or another certificate. The
// others, such as internal_error, come from servers in trouble.
// https://www.rfc-editor.org/rfc/rfc8446#section-6.2
var handshakeRefusals = texts(40, 42, 43, 44, 45, 46, 48, 49, 70, 71, 112, 116, 120)

// certificateRefusals are those of them that are about our own certificate.
var certificateRefusals = texts(42, 43, 44, 45, 46, 48, 49, 116)

func texts(alerts ...tls.AlertError) map[string]bool {
	set := make(map[string]bool, len(alerts))
	for _, alert := range alerts {
		set[alert.Error()] = true
	}
	return set
}

func alertFailure(err error) (Failure, bool) {
	if !IsHandshakeRefusal(err) {
		return Failure{}, false
	}
	op, _ := errors.AsType[*net.OpError](err)
	text := "a refusal of the TLS handshake: " + op.Err.Error()
	if certificateRefusals[op.Err.Error()] {
		text += " (look at client_certs of tls)"
	}
	return Failure{Setup, text}, true
}

// IsHandshakeRefusal says whether a server does not want our handshake. It goes by the text of an alert, because over TCP its type
// is none that errors.As could be asked for.
func IsHandshakeRefusal(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "remote error" && op.Err != nil && handshakeRefusals[op.Err.Error()]
}

const (
	// These texts of Go's have no type of their own. The tests meet the servers
	// that lead to them, so that a new wording is noticed.
	notTLS       = "first record does not look like a TLS handshake"
	oldTLS       = "tls: server selected unsupported protocol version"
	answerOfTLS  = `malformed HTTP response "\x15\x03`
	answerOfHTTP = "HTTP/"
	answerOfH2   = `malformed HTTP response "\x00\x00`
)

// protocolFailure is about a server that speaks another protocol than the
// scheme of its URL says, on which no retry can agree with it.
func protocolFailure(err error) (Failure, bool) {
	const look = " (look at the scheme and the port)"
	record, isRecord := errors.AsType[tls.RecordHeaderError](err)
	switch text := err.Error(); {
	case errors.Is(err, http.ErrSchemeMismatch), isRecord && string(record.RecordHeader[:]) == answerOfHTTP:
		return Failure{Setup, "a server that answers https with plain http" + look}, true
	case isRecord && record.Msg == notTLS:
		return Failure{Setup, "a server that does not speak TLS where https is asked for" + look}, true
	case strings.Contains(text, answerOfTLS):
		return Failure{Setup, "a server that wants https and not plain http" + look}, true
	case strings.Contains(text, answerOfH2):
		return Failure{Setup, "a server that speaks HTTP/2 only, which is not for plain http" + look}, true
	case strings.Contains(text, oldTLS):
		return Failure{Setup, "a server that speaks no TLS from 1.2 on"}, true
	default:
		return Failure{}, false
	}
}

func nameFailure(err error) (Failure, bool) {
	dns, isIt := errors.AsType[*net.DNSError](err)
	if !isIt {
		return Failure{}, false
	}
	return Failure{Transient, dns.Error()}, true
}

func networkFailure(err error) (Failure, bool) {
	op, isIt := errors.AsType[*net.OpError](err)
	if !isIt {
		return Failure{}, false
	}
	return Failure{Transient, op.Error()}, true
}
