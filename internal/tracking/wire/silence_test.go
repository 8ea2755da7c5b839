package wire

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// middlebox carries connections in memory until it forgets them: those that it
// has go silent, without a word to either side, and new ones work.
type middlebox struct {
	accepted chan net.Conn
	closed   chan struct{}
	close    func()
	era      atomic.Int32
}

func newMiddlebox() *middlebox {
	closed := make(chan struct{})
	return &middlebox{
		accepted: make(chan net.Conn), closed: closed, close: sync.OnceFunc(func() { close(closed) }),
	}
}

func (m *middlebox) forget() { m.era.Add(1) }

// dial takes the place of the network.
func (m *middlebox) dial(context.Context, string, string) (net.Conn, error) {
	client, near := net.Pipe()
	far, server := net.Pipe()
	era := m.era.Load()
	go m.pass(far, near, era)
	go m.pass(near, far, era)
	m.accepted <- server
	return client, nil
}

// pass hands on what one side writes. It reads on when it has forgotten the
// connection, as a network does that loses packets.
func (m *middlebox) pass(to, from net.Conn, era int32) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if m.era.Load() == era {
			_, _ = to.Write(buf[:n])
		}
	}
}

// A middlebox is what a server listens on, too.
var _ net.Listener = (*middlebox)(nil)

func (m *middlebox) Accept() (net.Conn, error) {
	select {
	case conn := <-m.accepted:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *middlebox) Close() error {
	m.close()
	return nil
}

func (m *middlebox) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// With HTTP/2, a request that times out leaves its connection in use. Unless
// that is found out by a ping, every retry dies on the same one. The transport
// is one that is never renewed, so that nothing else ends the connection.
func TestAConnectionThatWentSilentIsGivenUp(t *testing.T) {
	const timeout = 4 * time.Second
	for name, test := range map[string]struct {
		isHTTP2 bool
		most    time.Duration
	}{
		"HTTP/1.1": {false, timeout},
		"HTTP/2":   {true, pingAfter + pingTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := newMiddlebox()
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					assert.Equal(t, test.isHTTP2, r.ProtoMajor == 2)
				}))
				require.NoError(t, server.Listener.Close())
				server.Listener, server.EnableHTTP2 = box, test.isHTTP2
				server.StartTLS()
				trust := server.Client().Transport.(*http.Transport).TLSClientConfig
				transport := newTransport(Config{TLS: &tls.Config{RootCAs: trust.RootCAs, ServerName: "example.com"}})
				// Where the buffers on the way are full, no ping gets out. synctest cannot
				// play that: the writer holds a mutex. https://github.com/golang/go/issues/48810
				require.Equal(t, writeTimeout, transport.HTTP2.WriteByteTimeout)
				transport.DialContext = box.dial
				client := &http.Client{Transport: transport, Timeout: timeout}
				post := func() error {
					res, err := client.Post("https://example.com", "application/json", strings.NewReader("{}"))
					if err != nil {
						return err
					}
					return res.Body.Close()
				}
				require.NoError(t, post())
				box.forget()
				silent := time.Now()

				require.Error(t, post())
				for post() != nil && time.Since(silent) <= time.Minute {
				}

				assert.LessOrEqual(t, time.Since(silent), test.most)
				client.CloseIdleConnections()
				server.Close()
			})
		})
	}
}

// After an outage that nobody was told about, each idle connection would cost a
// timeout of its own, one retry after the other.
// https://github.com/golang/go/issues/36026
func TestOneTimeoutIsEnoughForAllConnectionsThatWentSilent(t *testing.T) {
	const timeout, idle = 4 * time.Second, 8
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := newMiddlebox()
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					time.Sleep(time.Second) // so that the others need connections of their own
				}))
				require.NoError(t, server.Listener.Close())
				server.Listener = box
				conf, scheme := Config{Connections: idle}, "http"
				if secure {
					server.StartTLS()
					trust := server.Client().Transport.(*http.Transport).TLSClientConfig
					conf.TLS, scheme = &tls.Config{RootCAs: trust.RootCAs, ServerName: "example.com"}, "https"
				} else {
					server.Start()
				}
				transport := NewTransport(conf).(*renewing)
				transport.startOver()
				transport.current.DialContext = box.dial
				client := &http.Client{Transport: transport}
				post := func() error {
					ctx, cancel := context.WithTimeout(t.Context(), timeout)
					defer cancel()
					req, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://example.com", strings.NewReader("{}"))
					require.NoError(t, err)
					res, err := client.Do(req)
					if err != nil {
						return err
					}
					return res.Body.Close()
				}
				var posting sync.WaitGroup
				for range idle {
					posting.Go(func() { assert.NoError(t, post()) })
				}
				posting.Wait()
				synctest.Wait()
				box.forget()

				require.Error(t, post())

				assert.NoError(t, post())
				client.CloseIdleConnections()
				server.Close()
			})
		})
	}
}

// A connection on which one request has timed out ends by a ping that is not
// answered. In a long outage those are many.
func TestConnectionsThatHaveEndedAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newMiddlebox()
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		require.NoError(t, server.Listener.Close())
		server.Listener, server.EnableHTTP2 = box, true
		server.StartTLS()
		trust := server.Client().Transport.(*http.Transport).TLSClientConfig
		transport := NewTransport(Config{TLS: &tls.Config{RootCAs: trust.RootCAs, ServerName: "example.com"}}).(*renewing)
		transport.startOver()
		transport.current.DialContext = box.dial
		timeOut := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com", nil)
			require.NoError(t, err)
			_, err = transport.RoundTrip(req)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			box.forget()
			time.Sleep(2 * (pingAfter + pingTimeout))
		}
		for range 20 {
			timeOut()
		}
		require.NotEmpty(t, transport.silences)
		runtime.GC()
		runtime.GC()

		timeOut()

		assert.LessOrEqual(t, len(transport.silences), 3)
		transport.CloseIdleConnections()
		server.Close()
	})
}
