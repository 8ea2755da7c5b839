// Package wire makes the connections that requests go over, keeps them and renews
// them.
package wire

import (
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync"
	"time"
	"weak"

	"benthos-segment/internal/tracking/internal/notice"
	"benthos-segment/internal/tracking/internal/outcome"
)

const (
	// A connection whose peer has gone without a word is found by a ping. Of
	// HTTP/2, many requests share one, and their time-outs do not end it.
	pingAfter   = 15 * time.Second
	pingTimeout = 5 * time.Second
	// writeTimeout ends a connection of HTTP/2 whose peer reads nothing. No
	// ping gets through to such a one.
	writeTimeout = 10 * time.Second
	// maxSilences is how many requests in a row may time out on one connection
	// of HTTP/2. Its peer may answer pings and nothing else.
	maxSilences = 2
	// maxConnectionAge makes us look the host up again. Segment asks for that
	// at least once a day, since its addresses change.
	// https://www.twilio.com/docs/segment/connections/sources/catalog/libraries/server/http-api
	maxConnectionAge = 12 * time.Hour
	idleTimeout      = 90 * time.Second
	maxHeaderBytes   = 64 << 10
)

// Config says how connections are made.
type Config struct {
	// TLS is the configuration for https, nil for the system's.
	TLS *tls.Config
	// ReadTLS, if set, makes TLS anew of the files that it was made of, which
	// may have been replaced.
	ReadTLS func() (*tls.Config, error)
	// Proxy carries all requests, nil for what the environment says.
	Proxy *url.URL
	// Connections is how many idle ones are kept.
	Connections int
	// Log, if set, is told of what concerns no single request.
	Log notice.Log
}

// Substitute is the key of a value among the engine's resources: the
// http.RoundTripper that takes requests in the place of a transport, where they
// are not to leave the process.
type Substitute struct{}

// NewTransport returns a transport that keeps connections, but none for ever.
func NewTransport(conf Config) http.RoundTripper {
	return &renewing{conf: conf, files: tlsFiles{read: conf.ReadTLS, log: notice.OrSilent(conf.Log)}}
}

func newTransport(conf Config) *http.Transport {
	secure := &tls.Config{}
	if conf.TLS != nil {
		secure = conf.TLS.Clone()
	}
	secure.MinVersion = max(secure.MinVersion, tls.VersionTLS12)
	return &http.Transport{
		Proxy:                  chooseProxy(conf.Proxy),
		OnProxyConnectResponse: outcome.ProxyConnected,
		TLSClientConfig:        secure,
		ForceAttemptHTTP2:      true,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: pingAfter, PingTimeout: pingTimeout, WriteByteTimeout: writeTimeout,
		},
		MaxIdleConnsPerHost:    conf.Connections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// We read no answer, so a compressed one is of no use.
		DisableCompression: true,
	}
}

// renewing is a transport that starts over from time to time: because its
// connections have become old, because one of them is dead and does not look
// like it, or because the certificates have been replaced.
type renewing struct {
	files tlsFiles
	// reading is held while the files are read.
	reading sync.Mutex

	mu      sync.Mutex
	conf    Config
	current *http.Transport
	born    time.Time
	// former are the last ones before it, whose connections may not be idle yet.
	former []*http.Transport
	// silences counts the requests in a row that timed out on a connection of
	// HTTP/2 of the current one. A connection that has ended is not kept by it.
	silences map[weak.Pointer[tls.Conn]]int
}

var _ http.RoundTripper = (*renewing)(nil)

// RoundTrip sends a request over a connection that is young enough. Where a
// certificate is refused that has been replaced in the meantime, it is sent
// once more.
func (r *renewing) RoundTrip(req *http.Request) (*http.Response, error) {
	used := r.transport()
	res, err := r.send(used, req)
	if !r.files.mayExplain(res, err) || !r.reread(used) || !isCertificateTrouble(err) {
		return res, err
	}
	again, rewinding := rewound(req)
	if rewinding != nil {
		return res, err
	}
	return r.send(r.transport(), again)
}

// rewound returns a request that has been sent as one that has not.
func rewound(req *http.Request) (*http.Request, error) {
	again := req.WithContext(req.Context())
	if req.GetBody == nil {
		return again, nil
	}
	var err error
	again.Body, err = req.GetBody()
	return again, err
}

func (r *renewing) send(over *http.Transport, req *http.Request) (*http.Response, error) {
	var conn net.Conn
	sent := req
	// Only there is HTTP/2.
	if req.URL.Scheme == "https" {
		sent = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			GotConn: func(got httptrace.GotConnInfo) { conn = got.Conn },
		}))
	}
	res, err := over.RoundTrip(sent)
	r.heard(over, conn, err)
	if err == nil {
		return res, nil
	}
	if proxy, _ := over.Proxy(req); proxy != nil {
		err = outcome.Proxied{Err: err}
	}
	return nil, err
}

// transport returns the one to use now.
func (r *renewing) transport() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil || time.Since(r.born) >= maxConnectionAge {
		r.startOver()
	}
	return r.current
}

// maxFormer is how many transports are remembered that are not used any more.
// By then, the idle connections of those before them have ended by themselves.
const maxFormer = 8

// startOver makes a new transport. Requests under way stay with the old one.
// It is called with the lock held.
func (r *renewing) startOver() {
	if r.current != nil {
		r.former = append(r.former, r.current)
		r.former = slices.Delete(r.former, 0, max(len(r.former)-maxFormer, 0))
	}
	r.closeFormer()
	r.current, r.born, r.silences = newTransport(r.conf), time.Now(), nil
}

func (r *renewing) closeFormer() {
	for _, old := range r.former {
		old.CloseIdleConnections()
	}
}

// heard learns from how a request ended whether its connection still works.
func (r *renewing) heard(over *http.Transport, conn net.Conn, err error) {
	silent := err != nil && outcome.IsTimeout(err)
	if silent {
		// The idle ones lead to the same peer by the same way. Where that has
		// forgotten them, each would cost another timeout.
		over.CloseIdleConnections()
	}
	if err != nil && !silent {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !silent && len(r.silences) == 0 {
		return
	}
	shared := sharedBy(conn)
	if shared == nil {
		return
	}
	key := weak.Make(shared)
	if !silent {
		delete(r.silences, key)
		return
	}
	if over != r.current {
		return
	}
	// Most connections end after their first silence, and nothing tells of it.
	maps.DeleteFunc(r.silences, func(ended weak.Pointer[tls.Conn], _ int) bool { return ended.Value() == nil })
	if r.silences == nil {
		r.silences = map[weak.Pointer[tls.Conn]]int{}
	}
	if r.silences[key]++; r.silences[key] >= maxSilences {
		r.startOver()
	}
}

// sharedBy returns a connection of HTTP/2, which requests share, and nil for any
// other: that ends with the request that times out on it.
func sharedBy(conn net.Conn) *tls.Conn {
	secure, isTLS := conn.(*tls.Conn)
	if !isTLS || secure.ConnectionState().NegotiatedProtocol != "h2" {
		return nil
	}
	return secure
}

// reread reads the files of the certificates again and says whether there is
// a newer transport than the one that was used.
func (r *renewing) reread(used *http.Transport) bool {
	r.reading.Lock()
	defer r.reading.Unlock()
	r.mu.Lock()
	before, isCurrent := r.conf.TLS, r.current == used
	r.mu.Unlock()
	if !isCurrent {
		// Another request was first.
		return true
	}
	fresh, isNew := r.files.since(before)
	if !isNew {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == used {
		r.conf.TLS = fresh
		r.startOver()
	}
	return true
}

// CloseIdleConnections ends the connections that are not in use.
func (r *renewing) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closeFormer()
	if r.current != nil {
		r.current.CloseIdleConnections()
	}
}
