package guarantees_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// proxyPassword is a secret that no proxy makes us say.
const proxyPassword = "pw-CANARY-proxy"

// proveProxies: a proxy that does not let us through is a wrong set-up or a
// failure that passes, by what it answers, and the log says which it is.
// https://github.com/treasure-data/digdag/pull/395
// https://github.com/conda/conda/issues/3124
func proveProxies(t *testing.T) {
	for name, test := range map[string]struct {
		behave conduct
		says   string
	}{
		"407":          {connectAnswer(407, "Proxy-Authenticate: Basic realm=\"CANARY\""), `a proxy that answers CONNECT with status 407 \(look at the user and the password in proxy_url`},
		"403":          {connectAnswer(403), `CONNECT with status 403 \(look at proxy_url`},
		"405":          {connectAnswer(405), `CONNECT with status 405`},
		"400":          {connectAnswer(400), `CONNECT with status 400`},
		"404":          {connectAnswer(404), `CONNECT with status 404`},
		"501":          {connectAnswer(501), `CONNECT with status 501`},
		"a redirect":   {connectAnswer(302, "Location: http://login.example.com/"), `CONNECT with status 302`},
		"a portal":     {connectAnswer(511), `CONNECT with status 511`},
		"no tunnel":    {connectAnswer(204), `CONNECT with status 204`},
		"an upgrade":   {connectAnswer(101), `CONNECT with status 101`},
		"plain behind": {afterHead("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"), `a server that answers https with plain http \(look at`},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, "", []conduct{test.behave, test.behave, test.behave})
			requireRejected(t, "https://events.example.com", fields{"proxy_url": withPassword(n.url)}, test.says)
		})
	}
	for name, test := range map[string]struct {
		behave conduct
		class  string
	}{
		"502":                     {connectAnswer(502), "transient"},
		"503":                     {connectAnswer(503), "transient"},
		"504":                     {connectAnswer(504), "transient"},
		"503 with a Retry-After":  {connectAnswer(503, "Retry-After: 1"), "throttled"},
		"429":                     {connectAnswer(429), "throttled"},
		"429 with a Retry-After":  {connectAnswer(429, "Retry-After: 1"), "throttled"},
		"closed after CONNECT":    {afterHead(""), "transient"},
		"closed at once":          {func(client net.Conn, _ *network) { _ = client.Close() }, "transient"},
		"reset":                   {resetAtOnce, "transient"},
		"no HTTP":                 {afterHead("SSH-2.0-OpenSSH_9.9\r\n"), "transient"},
		"silence":                 {hang, "transient"},
		"closed in the handshake": {connectAnswer(200), "transient"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTunnelled(t)
			n := newNetwork(t, s.proxyURL, []conduct{test.behave, test.behave})
			p := start(t, streamtest.WithDeadLetter(segmentOutput(s.wire.url, fields{
				"tls": fields{"root_cas": s.ca.pem()}, "proxy_url": withPassword(n.url), "timeout": "2s", "on_setup_error": "reject",
			})))

			p.accept(t, trial{calls: 10, people: 1}.givenCalls())

			p.stop(t)
			assert.Empty(t, p.dead.ReasonsByID())
			assert.Equal(t, 10, s.sb.Summary().Unique)
			assert.EqualValues(t, 2, p.counts.Sums()["segment_retries "+test.class])
			assert.NotContains(t, p.everythingSaid(), "CANARY")
		})
	}
	t.Run("is said while it holds", func(t *testing.T) {
		refuse := connectAnswer(407)
		n := newNetwork(t, "", []conduct{refuse, refuse, refuse})
		requireHeld(t, "https://events.example.com", fields{"proxy_url": withPassword(n.url)},
			"segment: holding calls, because the last attempt met a proxy that answers CONNECT with status 407")
	})
	t.Run("is said of a failure that stays", func(t *testing.T) {
		closed := make([]conduct, 100)
		for i := range closed {
			closed[i] = afterHead("")
		}
		n := newNetwork(t, "", closed)
		requireHeld(t, "https://events.example.com", fields{"proxy_url": withPassword(n.url)},
			": a connection through the proxy that ended early")
	})
	t.Run("on the way to a token", func(t *testing.T) {
		refuse := connectAnswer(403)
		n := newNetwork(t, "", []conduct{refuse, refuse, refuse})
		output := signed("https://oauth.example.com")
		output["proxy_url"] = n.url
		requireRejected(t, "https://events.example.com", output, `getting an access token: a proxy that answers CONNECT with status 403`)
	})
	t.Run("with a password of special characters", proveProxyPassword)
	t.Run("whose own certificate does not hold", func(t *testing.T) {
		wire := serveTLS(t, http.NotFoundHandler(), &tls.Config{Certificates: []tls.Certificate{newAuthority(t).sign(t, serverCertificate())}})
		requireRejected(t, "https://events.example.com", fields{"proxy_url": wire.url},
			`a proxy \(look at proxy_url.*\) that meets a certificate of an authority that is not trusted`)
	})
}

// proveProxyPassword: what is percent-encoded in the URL of a proxy is sent as it
// is meant.
// https://github.com/netdata/netdata/issues/19469
func proveProxyPassword(t *testing.T) {
	s := newTunnelled(t)
	var said atomic.Pointer[string]
	n := newNetwork(t, s.proxyURL, []conduct{func(client net.Conn, _ *network) {
		if req, err := http.ReadRequest(bufio.NewReader(client)); err == nil {
			said.Store(new(req.Header.Get("Proxy-Authorization")))
		}
	}})
	proxy := strings.Replace(n.url, "http://", "http://user%20name:pa%3Ass%40@", 1)
	p := start(t, segmentOutput(s.wire.url, fields{"tls": fields{"root_cas": s.ca.pem()}, "proxy_url": proxy}))

	p.accept(t, trial{calls: 1, people: 1}.givenCalls())

	require.NotNil(t, said.Load())
	assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("user name:pa:ss@")), *said.Load())
}

// proveSOCKS: a SOCKS proxy says the same things in bytes.
func proveSOCKS(t *testing.T) {
	const allowed, failure, notAllowed, noNetwork, noHost, refused, expired, noCommand, noAddress = 0, 1, 2, 3, 4, 5, 6, 7, 8
	for name, test := range map[string]struct {
		behave conduct
		says   string
	}{
		"no method that it takes":    {socks(0xff, 0, allowed), "no acceptable authentication methods"},
		"a method that we have not":  {socks(1, 0, allowed), "unsupported authentication method"},
		"a wrong password":           {socks(2, 1, allowed), "username/password authentication failed"},
		"a host that is not allowed": {socks(2, 0, notAllowed), "connection not allowed by ruleset"},
		"no CONNECT":                 {socks(0, 0, noCommand), "command not supported"},
		"no such address":            {socks(0, 0, noAddress), "address type not supported"},
		"a proxy of HTTP":            {afterHead("HTTP/1.1 400 Bad Request\r\n\r\n"), "unexpected protocol version"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, "", []conduct{test.behave, test.behave, test.behave})
			requireRejected(t, "https://events.example.com", fields{"proxy_url": "socks5" + withPassword(n.url)[len("http"):]},
				"a SOCKS proxy that refuses: "+test.says+` \(look at proxy_url`)
		})
	}
	for _, reply := range []byte{failure, noNetwork, noHost, refused, expired, 99} {
		t.Run("reply "+itoa(int(reply)), func(t *testing.T) {
			s := newTunnelled(t)
			fails := socks(0, 0, reply)
			n := newNetwork(t, "http://"+s.wire.address, []conduct{fails, fails, socks(0, 0, allowed)})
			p := start(t, streamtest.WithDeadLetter(segmentOutput(s.wire.url, fields{
				"tls": fields{"root_cas": s.ca.pem()}, "proxy_url": "socks5" + n.url[len("http"):], "on_setup_error": "reject",
			})))

			p.accept(t, trial{calls: 10, people: 1}.givenCalls())

			p.stop(t)
			assert.Empty(t, p.dead.ReasonsByID())
			assert.EqualValues(t, 2, p.counts.Sums()["segment_retries transient"])
		})
	}
}

// requireRejected sends calls that must be given up at once, for this reason.
func requireRejected(t *testing.T, endpoint string, output fields, says string) {
	t.Helper()
	p := start(t, streamtest.WithDeadLetter(segmentOutput(endpoint, output, fields{"on_setup_error": "reject"})))

	p.accept(t, trial{calls: 3, people: 1}.givenCalls())

	p.stop(t)
	require.Len(t, p.dead.ReasonsByID(), 3)
	for _, reason := range p.dead.ReasonsByID() {
		assert.Regexp(t, `^segment undelivered -: .*`+says+`.*about the set-up`, reason)
		assert.NotContains(t, reason, "CANARY")
	}
	assert.NotContains(t, p.everythingSaid(), "CANARY")
}

// requireHeld sends calls that must wait, while this is said.
func requireHeld(t *testing.T, endpoint string, output fields, says string) {
	t.Helper()
	p := start(t, streamtest.WithDeadLetter(segmentOutput(endpoint, output)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.send(ctx, messages(trial{calls: 3, people: 1}.givenCalls())) }()

	p.awaitText(t, says)

	p.abandon(t)
	cancel()
	require.Error(t, <-ended, "what was not accepted is not acknowledged")
	assert.NotContains(t, p.everythingSaid(), "CANARY")
}

// withPassword puts a user and a password into the URL of a proxy.
func withPassword(proxyURL string) string {
	return "http://user:" + proxyPassword + "@" + proxyURL[len("http://"):]
}

// connectAnswer answers a CONNECT, and closes the connection.
func connectAnswer(status int, lines ...string) conduct {
	text := "HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n"
	for _, line := range lines {
		text += line + "\r\n"
	}
	return afterHead(text + "\r\n")
}

// afterHead says a text as soon as something has come in, the next one when
// more has, and closes the connection.
func afterHead(texts ...string) conduct {
	return func(client net.Conn, _ *network) {
		for _, text := range texts {
			_, _ = client.Read(make([]byte, 4096))
			_, _ = io.WriteString(client, text)
		}
		// To close it while there is more to read would be a reset, by which the
		// client may lose what it was told.
		_ = client.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, client)
		_ = client.Close()
	}
}

// socks is a SOCKS proxy that wants a method, takes a password or not, and
// replies. After 0 it connects.
func socks(method, password, reply byte) conduct {
	return func(client net.Conn, n *network) {
		defer client.Close()
		in := bufio.NewReader(client)
		skip := func(lengths ...int) bool {
			for _, length := range lengths {
				if _, err := in.Discard(length); err != nil {
					return false
				}
			}
			return true
		}
		counted := func() bool { // reads a length and so many bytes
			length, err := in.ReadByte()
			return err == nil && skip(int(length))
		}
		if !skip(1) || !counted() {
			return
		}
		_, _ = client.Write([]byte{5, method})
		if method == 2 {
			if !skip(1) || !counted() || !counted() {
				return
			}
			_, _ = client.Write([]byte{1, password})
		}
		head := make([]byte, 4)
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		const ipv4 = 1
		if head[3] == ipv4 && !skip(4, 2) || head[3] != ipv4 && (!counted() || !skip(2)) {
			return
		}
		_, _ = client.Write([]byte{5, reply, 0, 1, 0, 0, 0, 0, 0, 0})
		if reply == 0 {
			carry(client, n)
		}
	}
}

// tunnelled is a sandbox over TLS, and a proxy that connects to it.
type tunnelled struct {
	sb       *segmenttest.Server
	ca       *authority
	wire     *wire
	proxyURL string
}

func newTunnelled(t *testing.T) *tunnelled {
	t.Helper()
	s := &tunnelled{sb: segmenttest.NewInProcess(t), ca: newAuthority(t)}
	s.wire = serveTLS(t, s.sb, &tls.Config{Certificates: []tls.Certificate{s.ca.sign(t, serverCertificate())}})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != s.wire.address {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		carry(client, &network{server: s.wire.address})
	}))
	t.Cleanup(proxy.Close)
	s.proxyURL = proxy.URL
	return s
}
