package plugin_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// waiting are the reasons for which a request may wait.
var waiting = map[string]func(sb *segmenttest.Server){
	"held":             func(sb *segmenttest.Server) { sb.Fail(http.StatusUnauthorized) },
	"throttled":        func(sb *segmenttest.Server) { sb.Fail(http.StatusTooManyRequests).RetryAfter("300") },
	"backing off":      func(sb *segmenttest.Server) { sb.Fail(http.StatusServiceUnavailable) },
	"without answer":   func(sb *segmenttest.Server) { sb.Delay(time.Hour) },
	"cut off":          func(sb *segmenttest.Server) { sb.Drop() },
	"throttled by 503": func(sb *segmenttest.Server) { sb.Fail(http.StatusServiceUnavailable).RetryAfter("300") },
}

func TestAStreamThatIsStoppedNacksWhatWaits(t *testing.T) {
	for name, inject := range waiting {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := segmenttest.New(t)
			inject(sb)
			p := start(t, segmentOutput(sb.URL, fields{
				"retry": fields{"initial_interval": "1h", "max_interval": "1h"},
			}))
			sending, giveUp := context.WithCancel(t.Context())
			answered := make(chan error, 1)
			go func() { answered <- p.send(sending, events(sixCalls...)) }()
			struck := func() bool {
				faults := sb.Faults()
				return len(faults) == 1 && faults[0].Hits > 0
			}
			require.Eventually(t, struck, 10*time.Second, time.Millisecond)

			// The engine waits for three quarters of this before it gives up what
			// is under way.
			require.NoError(t, p.stream.StopWithin(time.Second))
			require.NoError(t, <-p.ended)
			p.ended <- nil
			assert.Contains(t, p.said.String(), "6 of 6 messages were not sent, the first with: segment undelivered -: the output was stopped before the server had accepted")
			assert.NotContains(t, p.said.String(), "fallback", "nothing is wrong with the messages")
			// Whether the nack still reaches the input is up to the engine.
			giveUp()
			assert.Error(t, <-answered, "nothing is acknowledged")
			assert.Empty(t, sb.Calls())
		})
	}
}

// The first of a batch may be invalid, and most of the rest undelivered.
func TestTheLastLineOfAStopSaysHowManyWereGivenUp(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusServiceUnavailable)
	p := start(t, segmentOutput(sb.URL, fields{"retry": fields{"initial_interval": "1h", "max_interval": "1h"}}))
	sending, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	go func() {
		_ = p.send(sending, events(append([]string{`{"type":"track","userId":"Jane Doe"}`}, sixCalls...)...))
	}()
	require.Eventually(t, func() bool { return sb.Summary().Requests == 1 }, 10*time.Second, time.Millisecond)

	require.NoError(t, p.stream.StopWithin(time.Second))
	require.NoError(t, <-p.ended)
	p.ended <- nil
	assert.Contains(t, p.said.String(), "7 of 7 messages were not sent, the first with: segment event_not_defined event. ")
	assert.Contains(t, p.said.String(), ". 6 with: segment undelivered -: the output was stopped before")
	assert.NotContains(t, p.said.String(), "Jane Doe", "nothing of an event is in the log")
}

func TestAWrongSetUpIsSaidWithoutTheKey(t *testing.T) {
	sb := segmenttest.New(t)
	// What has been said of a server that is away does not hide it.
	sb.Fail(http.StatusServiceUnavailable).Times(4)
	sb.Fail(http.StatusForbidden)
	p := start(t, segmentOutput(sb.URL))
	sending, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	go func() { _ = p.send(sending, events(sixCalls...)) }()
	require.Eventually(t, func() bool { return p.said.Times("holding calls") == 1 }, 10*time.Second, time.Millisecond)
	assert.Contains(t, p.said.String(), "status 403")
	assert.NotContains(t, p.said.String(), "a-write-key")
	giveUp()
	require.NoError(t, p.stream.StopWithin(time.Second))
}

func TestNothingIsLeftBehind(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusServiceUnavailable).Times(1)
	before := goleak.IgnoreCurrent()
	t.Run("a life", func(t *testing.T) {
		p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{"parallel_requests": 4, "max_request_calls": 1})))
		for range 3 {
			p.accept(events(append(slices.Clone(sixCalls), "{")...))
		}
	})
	goleak.VerifyNone(t, before)
}
