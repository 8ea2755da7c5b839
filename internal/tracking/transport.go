package tracking

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// A connection whose peer has gone without a word is found by a ping. Of
	// HTTP/2, many requests share one, and their time-outs do not end it.
	pingAfter   = 15 * time.Second
	pingTimeout = 5 * time.Second
	// maxConnectionAge makes us look the host up again. Segment asks for that
	// at least once a day, since its addresses change.
	// https://www.twilio.com/docs/segment/connections/sources/catalog/libraries/server/http-api
	maxConnectionAge = 12 * time.Hour
	idleTimeout      = 90 * time.Second
	maxHeaderBytes   = 64 << 10
)

// TransportConfig says how connections are made.
type TransportConfig struct {
	// TLS is the configuration for https, nil for the system's.
	TLS *tls.Config
	// Proxy carries all requests, nil for what the environment says.
	Proxy *url.URL
	// Connections is how many idle ones are kept.
	Connections int
}

// NewTransport returns a transport that keeps connections, but none for ever.
func NewTransport(conf TransportConfig) http.RoundTripper {
	return &renewing{make: func() *http.Transport { return newTransport(conf) }}
}

func newTransport(conf TransportConfig) *http.Transport {
	secure := &tls.Config{}
	if conf.TLS != nil {
		secure = conf.TLS.Clone()
	}
	secure.MinVersion = max(secure.MinVersion, tls.VersionTLS12)
	return &http.Transport{
		Proxy:                  chooseProxy(conf.Proxy),
		OnProxyConnectResponse: proxyConnected,
		TLSClientConfig:        secure,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConnsPerHost:    conf.Connections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// We read no answer, so that a compressed one has no use.
		DisableCompression: true,
	}
}

// renewing is a transport that starts over from time to time. A connection
// that is always in use would otherwise stay with its address for ever.
type renewing struct {
	make func() *http.Transport

	mu      sync.Mutex
	current *http.Transport
	born    time.Time
}

var _ http.RoundTripper = (*renewing)(nil)

// RoundTrip sends a request over a connection that is young enough.
func (r *renewing) RoundTrip(req *http.Request) (*http.Response, error) {
	transport := r.transport()
	res, err := transport.RoundTrip(req)
	if err == nil {
		return res, nil
	}
	if proxy, _ := transport.Proxy(req); proxy != nil {
		err = proxied{err}
	}
	return nil, err
}

func (r *renewing) transport() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil && time.Since(r.born) < maxConnectionAge {
		return r.current
	}
	if r.current != nil {
		// Those in use become idle later and end by their time-out.
		r.current.CloseIdleConnections()
	}
	r.current, r.born = r.make(), time.Now()
	return r.current
}

// CloseIdleConnections ends the connections that are not in use.
func (r *renewing) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil {
		r.current.CloseIdleConnections()
	}
}
