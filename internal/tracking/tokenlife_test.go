package tracking

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/tracking/oauth"
)

// authority answers requests for tokens as it is told, and takes every call.
type authority struct {
	mu     sync.Mutex
	answer func() (*http.Response, error)
	// asked are the times of the requests for tokens.
	asked []time.Time
	calls int
}

func (a *authority) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !strings.HasSuffix(req.URL.Path, "/token") {
		a.calls++
		return answering(req, `{"success":true}`), nil
	}
	a.asked = append(a.asked, time.Now())
	return a.answer()
}

func (a *authority) set(answer func() (*http.Response, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

// grantsFor answers with a token of such a life.
func grantsFor(expiresIn string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		return answering(nil, `{"access_token":"token","expires_in":`+expiresIn+`}`), nil
	}
}

func failsWith(status int) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		res := answering(nil, "")
		res.StatusCode = status
		return res, nil
	}
}

func isAway() (*http.Response, error) { return nil, errors.New("away") }

func authorizedBy(network *authority) (*Client, *noted) {
	log := &noted{}
	conf := testConfig("http://127.0.0.1", network)
	conf.RejectOnSetupError, conf.Log = false, log
	conf.Retry = Retry{InitialInterval: 500 * time.Millisecond, MaxInterval: time.Minute}
	conf.OAuth = &oauth.Config{ClientID: "app", PrivateKey: anyKey(), Server: "http://127.0.0.1", Scope: "s"}
	return NewClient(conf), log
}

// https://datatracker.ietf.org/doc/html/rfc6749#section-5.1 has whole seconds.
func TestNoLifeOfATokenMakesAStormOfRequests(t *testing.T) {
	anyKey()
	for expiresIn, most := range map[string]int{
		// In five minutes.
		"1e10": 1, "9223372037": 1, "1e400": 1, "86400": 1, "7000": 1, "400": 2,
		"1e-9": 301, "0.5": 301, "1": 301, "30": 21,
	} {
		t.Run(expiresIn, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := &authority{answer: grantsFor(expiresIn)}
				client, log := authorizedBy(network)
				started := time.Now()
				for time.Since(started) < 5*time.Minute {
					require.Empty(t, client.Send(t.Context(), oneCall, quiet{}))
					time.Sleep(100 * time.Millisecond)
				}
				synctest.Wait()
				assert.LessOrEqual(t, len(network.asked), most+1)
				for i := 2; i < len(network.asked); i++ {
					assert.GreaterOrEqual(t, network.asked[i].Sub(network.asked[i-2]), time.Second)
				}
				assert.Greater(t, network.calls, 2_500, "and calls get through")
				assert.Empty(t, log.warned())
			})
		})
	}
}

// A token that is refused with each call is asked for anew with each key.
func TestTokensThatAreRefusedAreAskedForOnceASecond(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		network := &authority{answer: grantsFor("3600")}
		client, _ := authorizedBy(network)
		started := time.Now()
		for range 100 {
			token, err := client.tokens.Get(t.Context())
			require.NoError(t, err)
			client.tokens.Reject(token)
		}
		assert.Len(t, network.asked, 100)
		assert.Equal(t, 98*time.Second, time.Since(started), "but for one in advance")
	})
}

func TestAnAuthorizationServerThatIsAwayIsReported(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		network := &authority{answer: isAway}
		client, log := authorizedBy(network)
		started := time.Now()
		sent := make(chan any, 1)
		go func() { sent <- client.Send(t.Context(), oneCall, quiet{}) }()

		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Len(t, log.warned(), 1, "soon")
		assert.Contains(t, log.warned()[0], "no access token is granted: a connection that ended early")
		assert.Contains(t, log.warned()[0], "calls wait")

		time.Sleep(time.Hour)
		synctest.Wait()
		assert.InDelta(t, 40, len(log.warned()), 22, "and once a minute at most")

		network.set(grantsFor("3600"))
		assert.Empty(t, <-sent)
		synctest.Wait()
		assert.Equal(t, []string{"access tokens are granted again"}, log.said())
		assert.Less(t, time.Since(started), 2*time.Hour)
	})
}

// While the old token is good, nothing fails yet, and there is time to act.
func TestARenewalThatIsRefusedIsReportedBeforeTheTokenEnds(t *testing.T) {
	anyKey()
	for name, test := range map[string]struct {
		answer func() (*http.Response, error)
		says   string
	}{
		"refused": {failsWith(http.StatusUnauthorized), "the authorization server answered with status 401"},
		"away":    {isAway, "a connection that ended early"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := &authority{answer: grantsFor("3600")}
				client, log := authorizedBy(network)
				require.Empty(t, client.Send(t.Context(), oneCall, quiet{}))
				good := time.Now().Add(time.Hour - 30*time.Second).UTC().Format(time.RFC3339)
				network.set(test.answer)

				for range 59 {
					time.Sleep(time.Minute)
					require.Empty(t, client.Send(t.Context(), oneCall, quiet{}))
					synctest.Wait()
				}

				require.NotEmpty(t, log.warned())
				assert.Contains(t, log.warned()[0], test.says)
				assert.Contains(t, log.warned()[0], "the one in use is valid until "+good)
				assert.LessOrEqual(t, len(log.warned()), 30)
			})
		})
	}
}

// A body that stalls says nothing of what would be in it.
func TestAStalledAnswerIsNotTakenForOneWithoutAToken(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		conf := testConfig("http://127.0.0.1", bodiesOfTokens{})
		conf.OAuth = &oauth.Config{ClientID: "app", PrivateKey: anyKey(), Server: "http://127.0.0.1", Scope: "s"}
		_, err := NewClient(conf).tokens.Get(t.Context())
		assert.EqualError(t, err, "getting an access token: no answer within the timeout")
	})
}

type bodiesOfTokens struct{}

func (bodiesOfTokens) RoundTrip(req *http.Request) (*http.Response, error) {
	res := answering(req, "")
	res.Body = stalled{req.Context()}
	return res, nil
}

// Some servers give the same token again until it has ended, at last for no
// whole second.
// https://github.com/spring-attic/spring-security-oauth/issues/975
func TestATokenThatIsGivenAgainUntilItEndsCostsNoCall(t *testing.T) {
	anyKey()
	synctest.Test(t, func(t *testing.T) {
		const life = 10 * time.Minute
		var ends time.Time
		network := &authority{answer: func() (*http.Response, error) {
			if !time.Now().Before(ends) {
				ends = time.Now().Add(life)
			}
			return grantsFor(strconv.Itoa(int(time.Until(ends) / time.Second)))()
		}}
		client, _ := authorizedBy(network)
		started := time.Now()
		for time.Since(started) < time.Hour {
			require.Empty(t, client.Send(t.Context(), oneCall, quiet{}))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		assert.Greater(t, network.calls, 3500, "hardly one waits")
		assert.Less(t, len(network.asked), 6*15)
	})
}
