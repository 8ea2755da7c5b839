package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// doors are the two ways to a sandbox. They must not differ.
var doors = map[string]func(testing.TB, ...segmenttest.Config) *segmenttest.Server{
	"over a socket": segmenttest.New,
	"in process":    segmenttest.NewInProcess,
}

func throughBothDoors(t *testing.T, test func(t *testing.T, sb *segmenttest.Server)) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) { test(t, door(t)) })
	}
}

func TestAFaultAnswersAndAcceptsNothing(t *testing.T) {
	throughBothDoors(t, func(t *testing.T, sb *segmenttest.Server) {
		fault := sb.Fail(http.StatusTooManyRequests).RetryAfter("2").Times(2)

		for attempt := range 3 {
			resp, err := try(t, sb, "/v1/batch", batch(track("m1"), track("m2")))
			require.NoError(t, err)
			if attempt == 2 {
				assert.Equal(t, http.StatusOK, resp.StatusCode)
				assert.Empty(t, resp.Header.Get("Retry-After"))
				continue
			}
			assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
			assert.Equal(t, "2", resp.Header.Get("Retry-After"))
			assert.Empty(t, sb.Calls())
		}

		assert.Equal(t, 2, fault.Hits())
		assert.Equal(t, []string{"m1", "m2"}, idsOf(sb.Wait(2)))
		for i, req := range sb.Requests() {
			assert.Equal(t, []string{"m1", "m2"}, req.MessageIDs, "same ids in attempt %d", i)
		}
		assert.Equal(t, &segmenttest.FaultRef{ID: 1, Effect: "status 429"}, sb.Requests()[0].Fault)
		assert.Nil(t, sb.Requests()[2].Fault)
		assert.Equal(t, 4, sb.Summary().Refused)
		assert.Equal(t, map[string]int{"429": 2, "200": 1}, sb.Summary().RequestsByStatus)
	})
}

func TestADroppedConnectionAcceptsNothing(t *testing.T) {
	throughBothDoors(t, func(t *testing.T, sb *segmenttest.Server) {
		sb.Drop().Times(1)

		_, err := try(t, sb, "/v1/batch", batch(track("m")))

		require.Error(t, err)
		assert.True(t, errors.Is(err, syscall.ECONNRESET), "got %v", err)
		assert.Empty(t, sb.Calls())
		require.Len(t, sb.Requests(), 1)
		assert.Zero(t, sb.Requests()[0].Status)
		assert.Equal(t, []string{"m"}, sb.Requests()[0].MessageIDs)
		assert.Equal(t, map[string]int{"cut": 1}, sb.Summary().RequestsByStatus)
	})
}

func TestALostAckAcceptsAndSaysNothing(t *testing.T) {
	throughBothDoors(t, func(t *testing.T, sb *segmenttest.Server) {
		sb.LostAck().Times(1)

		_, err := try(t, sb, "/v1/batch", batch(track("m")))
		require.Error(t, err)
		post(t, sb, "/v1/batch", batch(track("m")))

		calls := sb.Wait(2)
		assert.False(t, calls[0].Duplicate)
		assert.True(t, calls[1].Duplicate)
		assert.Equal(t, "lost_ack", sb.Requests()[0].Fault.Effect)
	})
}

func TestALostAckDoesNotAcceptAnInvalidRequest(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.LostAck()
	status, _ := post(t, sb, "/v1/batch", `{"batch":`)
	assert.Equal(t, http.StatusBadRequest, status)
}

func TestADelayPassesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(3 * time.Second).Times(1)
		sb.Fail(http.StatusServiceUnavailable).Delay(time.Minute).Times(1)

		start := time.Now()
		status, _ := post(t, sb, "/v1/batch", batch(track("m")))
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, 3*time.Second, time.Since(start))

		status, _ = post(t, sb, "/v1/batch", batch(track("m")))
		assert.Equal(t, http.StatusServiceUnavailable, status)
		assert.Equal(t, 63*time.Second, time.Since(start))
		assert.Equal(t, "delay 1m0s, status 503", sb.Requests()[1].Fault.Effect)
	})
}

func TestASenderThatDoesNotWaitGetsNothingAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, sb.URL+"/v1/batch", strings.NewReader(batch(track("m"))))
		require.NoError(t, err)

		start := time.Now()
		_, err = sb.Client().Do(r)

		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
		assert.Empty(t, sb.Calls())
		assert.Zero(t, sb.Requests()[0].Status)
	})
}

func TestADelayDoesNotOutliveItsTest(t *testing.T) {
	start := time.Now()
	t.Run("hang", func(t *testing.T) {
		sb := segmenttest.New(t)
		sb.Delay(time.Hour)
		go func() {
			resp, err := http.Post(sb.URL+"/v1/batch", "application/json", strings.NewReader(batch(track("m"))))
			if err == nil {
				_ = resp.Body.Close()
			}
		}()
		require.Eventually(t, func() bool { return sb.Faults()[0].Hits == 1 }, 5*time.Second, time.Millisecond)
	})
	assert.Less(t, time.Since(start), 10*time.Second)
}

func TestTheSameSeedStrikesTheSameRequests(t *testing.T) {
	row := func(seed uint64, others bool) []int {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusServiceUnavailable).Probability(0.3, seed).Match(segmenttest.Match{Path: "/v1/batch"})
		var statuses []int
		for range 200 {
			status, _ := post(t, sb, "/v1/batch", batch(track("m")))
			statuses = append(statuses, status)
			if others { // which do not match, and must not change the row
				post(t, sb, "/v1/track", track("other"))
			}
		}
		return statuses
	}
	first := row(7, true)
	assert.Equal(t, first, row(7, false))
	assert.NotEqual(t, first, row(8, false))
	struck := 0
	for _, status := range first {
		if status == http.StatusServiceUnavailable {
			struck++
		}
	}
	assert.InDelta(t, 60, struck, 25)
}

func TestAFaultStrikesARequestWithAMatchingCall(t *testing.T) {
	good, guilty := track("good"), `{"type":"screen","name":"Check Out 3","anonymousId":"ann","messageId":"guilty","properties":{"x":"poison"}}`
	for name, match := range map[string]segmenttest.Match{
		"type":         {Type: "screen"},
		"user":         {User: "ann"},
		"event":        {Event: "Check*3"},
		"message id":   {MessageID: "guilty"},
		"text":         {Text: `"poison"`},
		"all together": {Type: "screen", User: "ann", Event: "*", MessageID: "guilty", Text: "poison", Path: "/v1/batch", WriteKey: canary},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			sb.Fail(http.StatusBadRequest).Match(match)

			status, _ := post(t, sb, "/v1/batch", batch(good, good))
			assert.Equal(t, http.StatusOK, status)
			status, _ = post(t, sb, "/v1/batch", batch(good, guilty, good))
			assert.Equal(t, http.StatusBadRequest, status)
		})
	}
}

func TestOneCallMustMeetTheWholeMatch(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{User: "u-a", MessageID: "b"})
	status, _ := post(t, sb, "/v1/batch", batch(track("a"), track("b")))
	assert.Equal(t, http.StatusOK, status)
}

func TestAFaultForAWriteKeyKnowsItsFingerprint(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(track("m")))
	_, answer := control(t, sb, http.MethodGet, "/api/v1/requests", "")
	seen := answer.at("requests.0.write_key_fingerprint").(string)
	sb.Fail(http.StatusUnauthorized).Match(segmenttest.Match{WriteKey: seen})

	status, _ := post(t, sb, "/v1/batch", batch(track("m")))
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = post(t, sb, "/v1/batch", batch(track("m")), "Authorization", "Basic b3RoZXI6")
	assert.Equal(t, http.StatusOK, status)
}

func TestTheFaultInjectedFirstStrikesFirst(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(500).Times(1)
	second := sb.Fail(502)
	sb.Fail(503)

	var statuses []int
	for i := range 3 {
		if i == 2 {
			second.Remove()
		}
		status, _ := post(t, sb, "/v1/batch", batch(track("m")))
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{500, 502, 503}, statuses)
}

func TestASuccessWithAStrangeBodyAccepts(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(http.StatusOK).Body(`{"success":false}`)
	_, answer := post(t, sb, "/v1/batch", batch(track("m")))
	assert.Equal(t, `{"success":false}`, answer)
	assert.Equal(t, []string{"m"}, idsOf(sb.Calls()))
}

func TestARedirectCarriesItsLocation(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(http.StatusTemporaryRedirect).Header("Location", "http://127.0.0.1:1/").Header("X-A", "b")
	sb.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := try(t, sb, "/v1/batch", batch(track("m")))
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:1/", resp.Header.Get("Location"))
	assert.Equal(t, "b", resp.Header.Get("X-A"))
}

func TestInvalidFaultsAreNotInjected(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for name, fault := range map[string]segmenttest.Fault{
		"nothing":            {},
		"two effects":        {Status: 500, Drop: true},
		"status of no kind":  {Status: 42},
		"informational":      {Status: 100},
		"header without":     {Drop: true, RetryAfter: "2"},
		"negative times":     {Drop: true, Times: -1},
		"negative delay":     {Delay: -1},
		"probability over 1": {Drop: true, Probability: 1.5},
		"type of no kind":    {Drop: true, Match: segmenttest.Match{Type: "Track"}},
	} {
		_, err := sb.Inject(fault)
		assert.Error(t, err, name)
	}
	assert.Empty(t, sb.Faults())
}

// A fault answers with any body and any header, on the origin of the control API:
// its scripts ran as those of the sandbox.
func TestTheBodyOfAFaultIsIsolated(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusOK).Body(`<script>fetch("/api/v1/reset",{method:"POST"})</script>`).
		Header("Content-Type", "text/html").Header("Content-Security-Policy", "default-src *").Header("X-Content-Type-Options", "sniff")
	for i, path := range []string{"/v1/batch", "/v1/track", "/v1/nope"} {
		if i == 2 {
			sb.Reset()
		}
		resp, err := try(t, sb, path, `{"batch":[],"event":"E","userId":"u"}`)
		require.NoError(t, err)
		assert.Equal(t, []string{"sandbox; default-src 'none'"}, resp.Header["Content-Security-Policy"], path)
		assert.Equal(t, []string{"nosniff"}, resp.Header["X-Content-Type-Options"])
	}
}
