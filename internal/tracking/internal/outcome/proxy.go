package outcome

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

// ProxyConnected looks at what a proxy answers to CONNECT. Go itself would make
// an error of the text after the status.
func ProxyConnected(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{res.StatusCode, RetryAfter(res.Header.Get("Retry-After"), time.Now())}
}

func (p *proxyRefusal) Error() string {
	look := lookAtProxy
	if p.status == http.StatusProxyAuthRequired {
		look = " (look at the user and the password in proxy_url, or in HTTPS_PROXY in the environment)"
	}
	return fmt.Sprintf("a proxy that answers CONNECT with status %d%s", p.status, look)
}

// Explain says whether it is worth to ask again.
func (p *proxyRefusal) Explain() Failure { return Failure{ClassifyAside(p.status), p.Error()} }

// RetryAfter returns how long the proxy has asked us to wait, or 0.
func (p *proxyRefusal) RetryAfter() time.Duration { return p.retryAfter }

// proxyDialFailure is about a proxy that cannot be reached.
func proxyDialFailure(err error) (Failure, bool) {
	op, isOp := errors.AsType[*net.OpError](err)
	if !isOp || op.Op != "proxyconnect" {
		return Failure{}, false
	}
	f := Explain(op.Err)
	return Failure{f.Class, "a proxy" + lookAtProxy + " that meets " + f.Text}, true
}

// socksRefusals are what a SOCKS proxy, or a server that is not one, says when
// it refuses us. The others are about the server behind it, or pass.
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

func socksFailure(err error) (Failure, bool) {
	op, isOp := errors.AsType[*net.OpError](err)
	if !isOp || op.Op != "socks connect" || op.Err == nil {
		return Failure{}, false
	}
	// Go makes these texts of numbers. Some are followed by a number.
	said := op.Err.Error()
	for _, refusal := range socksRefusals {
		if strings.Contains(said, refusal) {
			return Failure{Setup, "a SOCKS proxy that refuses: " + refusal + lookAtProxy}, true
		}
	}
	if reply, isReply := strings.CutPrefix(said, "unknown error "); isReply {
		return Failure{Transient, "a SOCKS proxy that cannot connect: " + reply}, true
	}
	return Failure{Transient, "a SOCKS proxy that ended the connection" + lookAtProxy}, true
}

// Proxied is an error of a request that went through a proxy.
type Proxied struct{ Err error }

func (p Proxied) Error() string { return p.Err.Error() }

func (p Proxied) Unwrap() error { return p.Err }

// Timeout is what url.Error asks the error in it for.
func (p Proxied) Timeout() bool { return IsTimeout(p.Err) }

func throughProxy(err error) string {
	if _, isIt := errors.AsType[Proxied](err); isIt {
		return " through the proxy"
	}
	return ""
}
