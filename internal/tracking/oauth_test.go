package tracking_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/internal/tracking/oauth"
	"benthos-segment/plugin/segmenttest"
)

// signingKey is made once: to make an RSA key takes a while.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// authorized starts a sandbox that grants tokens, and a client that gets them.
func authorized(t *testing.T, alter ...func(*segmenttest.OAuth)) (*segmenttest.Server, *tracking.Client) {
	t.Helper()
	conf := &segmenttest.OAuth{PublicKey: &signingKey().PublicKey, ClientID: "app", KeyID: "kid"}
	for _, change := range alter {
		change(conf)
	}
	sb := segmenttest.NewInProcess(t, segmenttest.Config{OAuth: conf})
	client := config(sb)
	client.OAuth = &oauth.Config{
		ClientID: "app", KeyID: "kid", PrivateKey: signingKey(),
		Server: sb.URL + "/", Scope: "tracking_api:write",
	}
	client.MaxRequestCalls = 10
	return sb, tracking.NewClient(client)
}

func grants(sb *segmenttest.Server) (statuses []int) {
	for _, req := range sb.TokenRequests() {
		statuses = append(statuses, req.Status)
	}
	return statuses
}

func TestATokenIsGotOnceForAllLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, client := authorized(t)

		errs := client.Send(t.Context(), tracks(1000, 100), &observed{})

		assert.Empty(t, failed(errs))
		assert.Len(t, sb.Calls(), 1000)
		assert.Equal(t, []int{200}, grants(sb))
		for _, req := range sb.Requests() {
			assert.Equal(t, "key", req.WriteKey, "the body says which source it is for")
			assert.Equal(t, "Bearer …", req.Header.Get("Authorization"))
		}
	})
}

func TestATokenIsRenewedWhenHalfOfItsLifeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, client := authorized(t)
		send := func() { require.Empty(t, failed(client.Send(t.Context(), tracks(1, 1), &observed{}))) }
		send()
		time.Sleep(29 * time.Minute)
		send()
		synctest.Wait()
		assert.Len(t, grants(sb), 1)

		time.Sleep(2 * time.Minute)
		send()
		synctest.Wait()

		assert.Len(t, grants(sb), 2)
		assert.Empty(t, retryCounts(sb)[2:], "nobody was refused")
	})
}

// While the old token is good, a server that grants none is nobody's trouble,
// and it is not asked with every request.
func TestARenewalThatFailsIsTriedAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, client := authorized(t)
		send := func() {
			require.Empty(t, failed(client.Send(t.Context(), tracks(1, 1), &observed{})))
			synctest.Wait()
		}
		send()
		sb.FailToken(http.StatusServiceUnavailable, "")
		time.Sleep(31 * time.Minute)
		for range 10 {
			send()
		}
		assert.Equal(t, []int{200, 503}, grants(sb))

		time.Sleep(20 * time.Minute)
		send()
		assert.Equal(t, []int{200, 503, 200}, grants(sb))
	})
}

func TestATokenThatWasRevokedIsRenewedAndTheCallsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, client := authorized(t)
		require.Empty(t, failed(client.Send(t.Context(), tracks(1, 1), &observed{})))
		sb.RevokeTokens()
		started := time.Now()
		watch := &observed{}

		errs := client.Send(t.Context(), tracks(100, 20), watch)

		assert.Empty(t, failed(errs))
		assert.Equal(t, []int{200, 200}, grants(sb), "one new token for all requests")
		assert.Zero(t, time.Since(started), "it is tried again at once")
		assert.Empty(t, watch.stuck)
		requireOrder(t, sb.Calls(segmenttest.Filter{Since: 1}))
	})
}

// A token that is refused as soon as it is granted is a wrong set-up.
func TestATokenThatIsRefusedTwiceHoldsTheCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, client := authorized(t)
		sb.Fail(http.StatusUnauthorized).Times(4)
		watch := &observed{}

		errs := client.Send(t.Context(), tracks(1, 1), watch)

		assert.Empty(t, failed(errs))
		assert.Equal(t, []time.Duration{0, 5 * time.Second, 10 * time.Second, 20 * time.Second}, gaps(sb))
		assert.Len(t, grants(sb), 2, "a new token is tried once")
		assert.Equal(t, []string{"setup: status 401"}, watch.stuck)
	})
}

func TestTheClockOfTheServerCounts(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, -time.Minute, 2 * time.Minute, 48 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb, client := authorized(t, func(conf *segmenttest.OAuth) { conf.ClockAhead = ahead })
				started := time.Now()

				errs := client.Send(t.Context(), tracks(1, 1), &observed{})

				assert.Empty(t, failed(errs))
				assert.Zero(t, time.Since(started))
				assert.Equal(t, []int{400, 200}, grants(sb))
			})
		})
	}
}

func TestAServerThatGrantsNoTokenIsTreatedByWhatItAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		retryAfter string
		wait, most time.Duration
		class      string
	}{
		"an outage":           {status: 503, wait: 250 * time.Millisecond, most: time.Second, class: "transient"},
		"a throttle":          {status: 429, retryAfter: "60", wait: time.Minute, most: 66 * time.Second, class: "throttled"},
		"an unknown key":      {status: 401, wait: 5 * time.Second, most: 5 * time.Second, class: "setup"},
		"an invalid request":  {status: 400, wait: 5 * time.Second, most: 5 * time.Second, class: "setup"},
		"an empty success":    {status: 204, wait: 5 * time.Second, most: 5 * time.Second, class: "setup"},
		"somebody's success":  {status: 203, wait: 5 * time.Second, most: 5 * time.Second, class: "setup"},
		"a wrong path":        {status: 404, wait: 5 * time.Second, most: 5 * time.Second, class: "setup"},
		"a medium not liked ": {status: 415, wait: 5 * time.Second, most: 5 * time.Second, class: "setup"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb, client := authorized(t)
				sb.FailToken(test.status, test.retryAfter)
				watch := &observed{}
				started := time.Now()

				errs := client.Send(t.Context(), tracks(1, 1), watch)

				assert.Empty(t, failed(errs))
				assert.GreaterOrEqual(t, time.Since(started), test.wait)
				assert.LessOrEqual(t, time.Since(started), test.most)
				assert.Equal(t, map[string]int{test.class: 1}, watch.retries)
				assert.Empty(t, retryCounts(sb), "nothing was sent without a token")
				assert.Len(t, watch.requests, 1)
			})
		})
	}
}

func TestWithoutATokenTheCallsCanBeRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t, segmenttest.Config{OAuth: &segmenttest.OAuth{PublicKey: &signingKey().PublicKey, ClientID: "another"}})
		conf := config(sb)
		conf.RejectOnSetupError = true
		conf.OAuth = &oauth.Config{ClientID: "app", PrivateKey: signingKey(), Server: sb.URL, Scope: "tracking_api:write"}
		client := tracking.NewClient(conf)

		errs := client.Send(t.Context(), tracks(1, 1), &observed{})

		require.Len(t, failed(errs), 1)
		assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[0]))
		assert.ErrorContains(t, errs[0], "the authorization server answered with status 400")
		assert.ErrorContains(t, client.Reach(t.Context()), "access token")
	})
}

func TestPrivateKeysAreReadAsTheEnvironmentHoldsThem(t *testing.T) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(signingKey())
	require.NoError(t, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	for name, written := range map[string]string{
		"as it is":                 text,
		"with its breaks escaped":  strings.ReplaceAll(text, "\n", `\n`),
		"in the older form of RSA": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(signingKey())})),
	} {
		key, err := oauth.ParsePrivateKey(written)
		require.NoError(t, err, name)
		assert.True(t, key.Equal(signingKey()), name)
	}
	for _, wrong := range []string{"", "secret", text[:100]} {
		_, err := oauth.ParsePrivateKey(wrong)
		require.ErrorContains(t, err, "PEM")
		assert.NotContains(t, err.Error(), "secret")
	}
}

// What the authorization server says to one write key holds for all: they
// share the token.
func TestARetryAfterOfTheAuthorizationServerHoldsForAllKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, client := authorized(t)
		sb.FailToken(http.StatusTooManyRequests, "60")
		calls := tracks(20, 20)
		for i := range calls {
			calls[i].WriteKey = []string{"one", "two", "three"}[i%3]
		}
		first := make(chan []*segment.Violation, 1)
		go func() { first <- client.Send(t.Context(), calls[:1], &observed{}) }()
		time.Sleep(time.Second)

		errs := client.Send(t.Context(), calls[1:], &observed{})

		assert.Empty(t, failed(errs))
		assert.Empty(t, failed(<-first))
		requests := sb.TokenRequests()
		require.Len(t, requests, 2)
		assert.GreaterOrEqual(t, requests[1].ReceivedAt.Sub(requests[0].ReceivedAt), time.Minute)
	})
}
