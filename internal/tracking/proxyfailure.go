package tracking

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// lookAtProxy ends what is said of a proxy.
const lookAtProxy = " (look at proxy_url, or HTTPS_PROXY in the environment)"

// proxyRefusal is the answer of a proxy that does not connect us.
type proxyRefusal struct {
	status     int
	retryAfter time.Duration
}

// proxyConnected looks at what a proxy answers to CONNECT. Go itself would make
// an error of the text behind the status.
func proxyConnected(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{res.StatusCode, retryAfter(res.Header.Get("Retry-After"), time.Now())}
}

func (p *proxyRefusal) Error() string {
	look := lookAtProxy
	if p.status == http.StatusProxyAuthRequired {
		look = " (look at the user and the password in proxy_url, or in HTTPS_PROXY in the environment)"
	}
	return fmt.Sprintf("a proxy that answers CONNECT with status %d%s", p.status, look)
}

// class says whether it is worth to ask again. The proxy has seen none of the
// calls, so that it is never they that it refuses.
func (p *proxyRefusal) class() Class {
	switch means := classifyStatus(p.status); means {
	case Transient, Throttled:
		return means
	default:
		return Setup
	}
}

func proxyRefusalFailure(err error) (failure, bool) {
	refusal, isIt := errors.AsType[*proxyRefusal](err)
	if !isIt {
		return failure{}, false
	}
	return failure{refusal.class(), refusal.Error()}, true
}

// askedWait returns how long a proxy has asked us to wait, if it has.
func askedWait(err error) time.Duration {
	if refusal, isIt := errors.AsType[*proxyRefusal](err); isIt {
		return refusal.retryAfter
	}
	return 0
}

// proxyDialFailure is about a proxy that cannot be reached.
func proxyDialFailure(err error) (failure, bool) {
	op, isOp := errors.AsType[*net.OpError](err)
	if !isOp || op.Op != "proxyconnect" {
		return failure{}, false
	}
	f := failureOf(op.Err)
	return failure{f.class, "a proxy" + lookAtProxy + " that meets " + f.text}, true
}

// socksRefusals are what a SOCKS proxy, or what is none, says that says no to
// us. The others are about the server behind it, or pass.
var socksRefusals = []string{
	"no acceptable authentication methods",
	"username/password authentication failed",
	"invalid username/password",
	"unsupported authentication method",
	"unexpected protocol version",
	"connection not allowed by ruleset",
	"command not supported",
	"address type not supported",
}

func socksFailure(err error) (failure, bool) {
	op, isOp := errors.AsType[*net.OpError](err)
	if !isOp || op.Op != "socks connect" || op.Err == nil {
		return failure{}, false
	}
	// Go makes these texts of numbers. Behind some, a number follows.
	said := op.Err.Error()
	for _, refusal := range socksRefusals {
		if strings.Contains(said, refusal) {
			return failure{Setup, "a SOCKS proxy that refuses: " + refusal + lookAtProxy}, true
		}
	}
	if reply, isReply := strings.CutPrefix(said, "unknown error "); isReply {
		return failure{Transient, "a SOCKS proxy that cannot connect: " + reply}, true
	}
	return failure{Transient, "a SOCKS proxy that ended the connection" + lookAtProxy}, true
}

// proxied is an error of a request that went through a proxy.
type proxied struct{ error }

func (p proxied) Unwrap() error { return p.error }

// Timeout is what url.Error asks the error in it for.
func (p proxied) Timeout() bool { return isTimeout(p.error) }

func throughProxy(err error) string {
	if _, isIt := errors.AsType[proxied](err); isIt {
		return " through the proxy"
	}
	return ""
}
