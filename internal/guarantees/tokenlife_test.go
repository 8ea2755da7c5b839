package guarantees_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// proveTokenLives: whatever an authorization server says of the life of its
// tokens, it is not asked more often than once a second, and calls are sent
// where there is a token.
// https://github.com/spring-projects/spring-security/issues/4810
func proveTokenLives(t *testing.T) {
	for _, expiresIn := range []string{"1e10", "1e400", "9223372037", "1e-9", "0.001", `"3600"`, "3600"} {
		t.Run("for "+expiresIn, func(t *testing.T) {
			server := serveTokens(t, expiresIn)
			sb := segmenttest.New(t)
			p := start(t, segmentOutput(sb.URL, signed(server.url)))
			list := trial{calls: 100, people: 1}.givenCalls()
			for i := range list {
				p.accept(t, list[i:i+1])
			}
			p.stop(t)
			assert.Equal(t, 100, sb.Summary().Unique)
			server.requireCalm(t)
		})
	}
	for _, expiresIn := range []string{"0", "-1", "-1e400", "null", `"NaN"`, `"soon"`, "true", "{}"} {
		t.Run("for "+expiresIn, func(t *testing.T) {
			t.Parallel() // Each takes more than a second.
			server := serveTokens(t, expiresIn)
			requireHeld(t, segmenttest.New(t).URL, signed(server.url),
				"segment: no access token is granted: the answer has no usable token, or does not say how long it is valid; retrying")
			server.requireCalm(t)
		})
	}
	t.Run("away, and then there", func(t *testing.T) {
		t.Parallel()
		address := freeAddress(t)
		sb := segmenttest.New(t)
		p := start(t, segmentOutput(sb.URL, signed("http://"+address)))
		ended := make(chan error, 1)
		go func() { ended <- p.send(t.Context(), messages(trial{calls: 10, people: 1}.givenCalls())) }()
		p.awaitText(t, "segment: no access token is granted: dial tcp")

		serveAt(t, address, serveTokens(t, "60"))

		require.NoError(t, <-ended)
		assert.Equal(t, 10, sb.Summary().Unique)
		p.awaitText(t, "segment: access tokens are granted again")
		assert.Equal(t, 1, strings.Count(p.log.String(), "no access token is granted"))
	})
}

// tokenServer grants tokens of one life.
type tokenServer struct {
	url       string
	expiresIn string
	asked     atomic.Int32
	started   time.Time
}

func serveTokens(t *testing.T, expiresIn string) *tokenServer {
	t.Helper()
	s := &tokenServer{expiresIn: expiresIn, started: time.Now()}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *tokenServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintf(w, `{"access_token":"CANARY-token-%d","expires_in":%s}`, s.asked.Add(1), s.expiresIn)
}

// requireCalm checks that no more than one token a second was asked for, and one
// in advance.
func (s *tokenServer) requireCalm(t *testing.T) {
	t.Helper()
	assert.LessOrEqual(t, s.asked.Load(), int32(time.Since(s.started)/time.Second)+2)
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, reserved.Close())
	return reserved.Addr().String()
}
