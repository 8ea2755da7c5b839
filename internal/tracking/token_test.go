package tracking

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/oauth"
)

// granting is a network with an authorization server, whose tokens wait until
// they are let go, and a Tracking API that takes everything.
type granting struct {
	let chan struct{}

	mu sync.Mutex
	// asked and ended count the requests for tokens, by their start and end.
	asked, ended int
	// seen are the authorizations of the requests with calls.
	seen []string
}

func (g *granting) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	if !strings.HasSuffix(req.URL.Path, "/token") {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.seen = append(g.seen, req.Header.Get("Authorization"))
		return answering(req, `{"success":true}`), nil
	}
	n := g.count(&g.asked)
	defer g.count(&g.ended)
	select {
	case <-g.let:
		return answering(req, fmt.Sprintf(`{"access_token":"token-%d","expires_in":3600}`, n)), nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

func (g *granting) count(what *int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	*what++
	return *what
}

func answering(req *http.Request, body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req,
	}
}

var anyKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// granted returns a client of such a network, with one slot.
func granted() (*granting, *Client) {
	network := &granting{let: make(chan struct{})}
	conf := testConfig("http://127.0.0.1", network)
	conf.OAuth = &oauth.Config{ClientID: "app", PrivateKey: anyKey(), Server: "http://127.0.0.1", Scope: "s"}
	return network, NewClient(conf)
}

// sending sends one call, and returns what comes of it.
func sending(t *testing.T, client *Client) <-chan []*segment.Violation {
	sent := make(chan []*segment.Violation, 1)
	go func() { sent <- client.Send(t.Context(), oneCall, quiet{}) }()
	return sent
}

func TestALaneThatWaitsForATokenHasNoSlot(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		network, client := granted()
		sent := sending(t, client)
		synctest.Wait()
		require.Equal(t, 1, network.asked)
		assert.Zero(t, client.slots.Taken())

		network.let <- struct{}{}
		synctest.Wait()

		assert.Empty(t, <-sent)
		assert.Equal(t, []string{"Bearer token-1"}, network.seen)
		assert.Zero(t, client.slots.Taken())
	})
}

// A token may be refused while a request waits for a slot. To send it all the same
// would be one refusal more for each request that waits.
func TestATokenThatWasRejectedInTheQueueIsNotSent(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		network, client := granted()
		require.True(t, client.slots.Take(t.Context()))
		sent := sending(t, client)
		network.let <- struct{}{}
		synctest.Wait()
		client.tokens.Reject("token-1")

		client.slots.Free()
		synctest.Wait()

		require.Equal(t, 2, network.asked)
		assert.Empty(t, network.seen)
		assert.Zero(t, client.slots.Taken(), "and the slot is not kept while the next token is waited for")
		network.let <- struct{}{}
		synctest.Wait()
		assert.Empty(t, <-sent)
		assert.Equal(t, []string{"Bearer token-2"}, network.seen)
	})
}

// Of many requests that wait for the same token, one may find it refused before
// the next has looked at it.
func TestATokenRejectedByAnotherLaneIsNeverSentEmpty(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		network, client := granted()
		const requests = 100
		got := make(chan string, requests)
		for range requests {
			go func() {
				token, err := client.tokens.Get(t.Context())
				assert.NoError(t, err)
				client.tokens.Reject(token)
				got <- token
			}()
		}
		synctest.Wait()

		network.let <- struct{}{}

		for range requests {
			assert.Equal(t, "token-1", <-got)
		}
		assert.Equal(t, 1, network.asked)
	})
}

// Answers to requests that were under way together come one after the other.
func TestALateRejectionDoesNotCostTheNextToken(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		network, client := granted()
		close(network.let)
		for _, want := range []string{"token-1", "token-2", "token-2"} {
			token, err := client.tokens.Get(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want, token)
			client.tokens.Reject("token-1")
		}
		assert.Equal(t, 2, network.asked)
	})
}

// Whoever has asked for a token may be gone, and others wait for it too. It is
// the client that must not leave a request behind.
func TestARefreshGoesOnWithoutItsCallerAndEndsWithClose(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		network, client := granted()
		ctx, cancel := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		asking.Go(func() {
			errs := client.Send(ctx, []segment.Call{oneCall[0]}, quiet{})
			assert.ErrorContains(t, errs[0], "stopped")
		})
		synctest.Wait()
		cancel()
		asking.Wait()
		synctest.Wait()
		assert.Equal(t, 1, network.asked)
		assert.Zero(t, network.ended)
		started := time.Now()

		client.Close()
		synctest.Wait()

		assert.Equal(t, 1, network.ended)
		assert.Zero(t, time.Since(started))
	})
}
