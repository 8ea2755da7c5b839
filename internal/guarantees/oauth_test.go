package guarantees_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/plugin/segmenttest"
)

// signer signs assertions. It is made once: to make an RSA key takes a while.
var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// signed are the fields of an output that gets its tokens from a server.
func signed(server string) fields {
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(signer())})
	return fields{"oauth": fields{"client_id": "app", "key_id": "kid", "private_key": string(key), "server": server}}
}

// granting makes the sandbox want tokens that live for so long.
func granting(life time.Duration) segmenttest.Config {
	return segmenttest.Config{OAuth: &segmenttest.OAuth{PublicKey: &signer().PublicKey, TokenLife: life}}
}

// tokensStaySecret checks that neither a token nor the key that signs for it is
// in what is said.
func tokensStaySecret(t *testing.T, r *result) {
	t.Helper()
	assert.NotContains(t, r.said, "sandbox-token")
	assert.NotContains(t, r.said, "PRIVATE KEY")
}

// proveTokens: access tokens come and go while calls are sent, and nothing of
// that is the calls' business.
func proveTokens(t *testing.T) {
	t.Run("one token for all requests", inAStream(trial{
		sandbox: granting(time.Hour), then: func(t *testing.T, r *result) {
			assert.Len(t, r.sb.TokenRequests(), 1)
			tokensStaySecret(t, r)
		},
	}))
	t.Run("revoked", inAStream(trial{
		// All that are under way are refused together.
		sandbox: granting(time.Hour), known: true, atMost: 22 + 8, output: fields{"parallel_requests": 8},
		fail: func(sb *segmenttest.Server) { sb.RevokeTokens() },
		then: func(t *testing.T, r *result) {
			assert.Len(t, r.sb.TokenRequests(), 2)
			assert.Positive(t, r.counts["segment_requests 401"])
			tokensStaySecret(t, r)
		},
	}))
	t.Run("renewed on the way", inAStream(trial{
		// A second is the shortest life that there is.
		sandbox: granting(time.Second), batches: 20, atMost: 22,
		fail: func(sb *segmenttest.Server) { sb.Delay(75 * time.Millisecond) },
		then: func(t *testing.T, r *result) {
			assert.Greater(t, len(r.sb.TokenRequests()), 1)
			assert.Zero(t, r.counts["segment_requests 401"], "nobody was refused")
			tokensStaySecret(t, r)
		},
	}))
	t.Run("never granted", proveAStopWithoutAToken)
}

// proveAStopWithoutAToken: a stream that is stopped while the authorization
// server is silent leaves nothing behind that waits for it.
func proveAStopWithoutAToken(t *testing.T) {
	warmUp(t)
	leaks := goleak.IgnoreCurrent()
	t.Run("stream", func(t *testing.T) {
		asked, hungUp := make(chan struct{}), make(chan struct{})
		silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			require.NoError(t, r.ParseForm()) // or the end of the connection would not be seen
			close(asked)
			<-r.Context().Done()
			close(hungUp)
		}))
		t.Cleanup(silent.Close)
		t.Cleanup(silent.CloseClientConnections)
		sb := segmenttest.New(t)
		p := start(t, segmentOutput(sb.URL, signed(silent.URL), fields{"timeout": "1h"}))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.send(ctx, messages(trial{calls: 10, people: 1}.givenCalls())) }()
		<-asked

		p.abandon(t)

		cancel()
		require.Error(t, <-ended, "what was not accepted is not acknowledged")
		select {
		case <-hungUp:
		case <-time.After(5 * time.Second):
			t.Error("the request for a token is still waiting")
		}
		assert.Empty(t, sb.Requests())
		assert.False(t, strings.Contains(p.everythingSaid(), "PRIVATE KEY"))
	})
	// The engine's own, which waits for the answer of a batch that was cut short.
	engines := goleak.IgnoreTopFunction("github.com/redpanda-data/benthos/v4/internal/component/output/batcher.(*Impl).loop.func4")
	goleak.VerifyNone(t, leaks, engines)
}
