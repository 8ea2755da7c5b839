package tracking

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/wire"
)

func testConfig(endpoint string, transport http.RoundTripper) Config {
	return Config{
		Endpoint: endpoint, UserAgent: "test", Transport: transport,
		MaxRequestBytes: 480_000, MaxRequestCalls: 2500, ParallelRequests: 1,
		Timeout:            15 * time.Second,
		Retry:              Retry{InitialInterval: time.Millisecond, MaxInterval: time.Second},
		RejectOnSetupError: true,
	}
}

var oneCall = []segment.Call{{JSON: []byte(`{"type":"track"}`), WriteKey: "key"}}

func TestACertificateThatDoesNotHoldIsASetupError(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a request arrived over a connection that cannot be trusted")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)

	errs := NewClient(testConfig(server.URL, wire.NewTransport(wire.Config{}))).
		Send(t.Context(), oneCall, quiet{})

	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], "about the set-up")
	assert.ErrorContains(t, errs[0], "certificate")
}

// A server of old versions alone will not take a handshake tomorrow either.
func TestAServerOfOldVersionsIsASetupError(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	t.Cleanup(server.Close)
	errs := NewClient(testConfig(server.URL, wire.NewTransport(wire.Config{}))).
		Send(t.Context(), oneCall, quiet{})
	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], "protocol version not supported, which is about the set-up")
}

// What a server writes after its status is of no use, however much it is.
func TestAnEndlessAnswerIsNotRead(t *testing.T) {
	sent := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		total := 0
		for chunk := make([]byte, 32<<10); r.Context().Err() == nil; {
			n, err := w.Write(chunk)
			total += n
			if err != nil {
				break
			}
		}
		sent <- total
	}))
	t.Cleanup(server.Close)

	errs := NewClient(testConfig(server.URL, wire.NewTransport(wire.Config{}))).
		Send(t.Context(), oneCall, quiet{})

	assert.Empty(t, errs, "the status has settled it")
	// Sockets hold some megabytes on the way.
	assert.Less(t, <-sent, 64<<20)
}

func TestAConnectionIsUsedAgain(t *testing.T) {
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"success": true}`)
	}))
	t.Cleanup(server.Close)
	client := NewClient(testConfig(server.URL, wire.NewTransport(wire.Config{Connections: 1})))

	for range 20 {
		require.Empty(t, client.Send(t.Context(), oneCall, quiet{}))
	}

	assert.Len(t, connections, 1)
}

// A body may still be read by a connection that has timed out while the next
// attempt is made; the race detector would see one that is written to.
func TestAnAttemptThatTimedOutDoesNotDisturbTheNext(t *testing.T) {
	var attempts atomic.Int32
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if attempts.Add(1) == 1 {
			<-release
			return
		}
		_, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	conf := testConfig(server.URL, wire.NewTransport(wire.Config{}))
	conf.Timeout = 200 * time.Millisecond
	conf.SentAt = true
	big := []segment.Call{{JSON: make([]byte, 400_000), WriteKey: "key"}}

	assert.Empty(t, NewClient(conf).Send(context.WithoutCancel(t.Context()), big, quiet{}))
}

func TestSourcesThatNobodyUsesAreForgotten(t *testing.T) {
	var known sources
	held := known.get("held", 1)
	for i := range 3 * maxSources {
		known.get(string(rune(i)), 1).users.Add(-1)
	}
	assert.LessOrEqual(t, len(known.byKey), maxSources+1)
	assert.Same(t, held, known.get("held", 1))
}

// Their events were given up while they were throttled, or held for their set-up.
func TestSourcesThatWereGivenUpAreForgottenOnceTheyMayBeTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var known sources
		add := func(first, count int) {
			for i := range count {
				s := known.get(strconv.Itoa(first+i), 1)
				pass, _ := s.gate.enter(false)
				s.gate.hold(pass, symptom{})
				s.users.Add(-1)
			}
		}
		add(0, 3*maxSources)
		assert.Len(t, known.byKey, 3*maxSources, "they must not be asked again so soon")
		time.Sleep(setupPause)

		add(3*maxSources, 2*maxSources)

		assert.LessOrEqual(t, len(known.byKey), 2*maxSources)
	})
}
