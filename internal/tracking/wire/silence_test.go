package wire

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forgetful is a middlebox that forgets its connections: those that it has go
// silent, without a word to either side, and new ones work.
type forgetful struct {
	listener net.Listener
	mu       sync.Mutex
	era      int
	accepted int
}

func newForgetful(t *testing.T, to string) *forgetful {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &forgetful{listener: listener}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			t.Cleanup(func() { _, _ = near.Close(), far.Close() })
			era := f.accept()
			go f.pass(far, near, era)
			go f.pass(near, far, era)
		}
	}()
	return f
}

func (f *forgetful) accept() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accepted++
	return f.era
}

func (f *forgetful) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.era++
}

func (f *forgetful) isForgotten(era int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return era != f.era
}

func (f *forgetful) pass(to, from net.Conn, era int) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if !f.isForgotten(era) {
			_, _ = to.Write(buf[:n])
		}
	}
}

// With HTTP/2, a request that times out leaves its connection in use. Unless
// that is found out by a ping, every retry dies on the same one.
func TestAConnectionThatWentSilentIsGivenUp(t *testing.T) {
	require.Equal(t, pingAfter, newTransport(Config{}).HTTP2.SendPingTimeout)
	require.Equal(t, pingTimeout, newTransport(Config{}).HTTP2.PingTimeout)
	require.Equal(t, writeTimeout, newTransport(Config{}).HTTP2.WriteByteTimeout)
	for name, isHTTP2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				assert.Equal(t, isHTTP2, r.ProtoMajor == 2)
			}))
			server.EnableHTTP2 = isHTTP2
			server.StartTLS()
			t.Cleanup(server.Close)
			box := newForgetful(t, server.Listener.Addr().String())
			trust := server.Client().Transport.(*http.Transport).TLSClientConfig
			transport := newTransport(Config{TLS: &tls.Config{RootCAs: trust.RootCAs, ServerName: "example.com"}})
			transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 50 * time.Millisecond, PingTimeout: 50 * time.Millisecond}
			client := &http.Client{Transport: transport, Timeout: 500 * time.Millisecond}
			post := func() error {
				res, err := client.Post("https://"+box.listener.Addr().String(), "application/json", strings.NewReader("{}"))
				if err != nil {
					return err
				}
				return res.Body.Close()
			}
			require.NoError(t, post())
			box.forget()

			assert.Eventually(t, func() bool { return post() == nil }, 10*time.Second, time.Millisecond)
			client.CloseIdleConnections()
		})
	}
}
