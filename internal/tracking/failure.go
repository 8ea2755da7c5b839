package tracking

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
)

// failure says what it means that there was no answer: what becomes of the
// calls, and what is said of it.
type failure struct {
	class Class
	text  string
}

// failureOf says what an error means that came instead of an answer. Only what
// is wrong with the configuration is a set-up error: a server that cannot be
// found or reached is most often one that is being restarted.
//
// What is said is made on this side of the connection alone: the errors of an
// HTTP client quote what they cannot read, and a server may have written
// anything there, also the calls that it was sent, or their write key.
func failureOf(err error) failure {
	// The most telling kinds come first.
	for _, kind := range []func(error) (failure, bool){
		noTokenFailure, proxyRefusalFailure, proxyDialFailure, timeoutFailure,
		certificateFailure, alertFailure, protocolFailure,
		socksFailure, nameFailure, networkFailure,
	} {
		if f, isIt := kind(err); isIt {
			return f
		}
	}
	return failure{Transient, "a connection" + throughProxy(err) + " that ended early, or an answer that is not HTTP"}
}

func classifyError(err error) Class { return failureOf(err).class }

func describe(err error) string { return failureOf(err).text }

func noTokenFailure(err error) (failure, bool) {
	missing, isIt := errors.AsType[*tokenError](err)
	if !isIt {
		return failure{}, false
	}
	return failure{classifyNoToken(missing), missing.Error()}, true
}

func timeoutFailure(err error) (failure, bool) {
	return failure{Transient, "no answer" + throughProxy(err) + " within the timeout"}, isTimeout(err)
}

func isTimeout(err error) bool {
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

func alertFailure(err error) (failure, bool) {
	if !isHandshakeRefusal(err) {
		return failure{}, false
	}
	op, _ := errors.AsType[*net.OpError](err)
	text := "a refusal of the TLS handshake: " + op.Err.Error()
	if certificateRefusals[op.Err.Error()] {
		text += " (look at client_certs of tls)"
	}
	return failure{Setup, text}, true
}

// isHandshakeRefusal goes by the text of an alert, because over TCP its type
// is none that errors.As could be asked for.
func isHandshakeRefusal(err error) bool {
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
func protocolFailure(err error) (failure, bool) {
	const look = " (look at the scheme and the port)"
	record, isRecord := errors.AsType[tls.RecordHeaderError](err)
	switch text := err.Error(); {
	case errors.Is(err, http.ErrSchemeMismatch), isRecord && string(record.RecordHeader[:]) == answerOfHTTP:
		return failure{Setup, "a server that answers https with plain http" + look}, true
	case isRecord && record.Msg == notTLS:
		return failure{Setup, "a server that does not speak TLS where https is asked for" + look}, true
	case strings.Contains(text, answerOfTLS):
		return failure{Setup, "a server that wants https and not plain http" + look}, true
	case strings.Contains(text, answerOfH2):
		return failure{Setup, "a server that speaks HTTP/2 only, which is not for plain http" + look}, true
	case strings.Contains(text, oldTLS):
		return failure{Setup, "a server that speaks no TLS from 1.2 on"}, true
	default:
		return failure{}, false
	}
}

func nameFailure(err error) (failure, bool) {
	dns, isIt := errors.AsType[*net.DNSError](err)
	if !isIt {
		return failure{}, false
	}
	return failure{Transient, dns.Error()}, true
}

func networkFailure(err error) (failure, bool) {
	op, isIt := errors.AsType[*net.OpError](err)
	if !isIt {
		return failure{}, false
	}
	return failure{Transient, op.Error()}, true
}
