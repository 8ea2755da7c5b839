package guarantees_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/streamtest"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// proveRedirects: a redirect would take the key to another host.
func proveRedirects(t *testing.T) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(itoa(status), inAStream(trial{
			calls: 10, refused: places(10), atMost: 1, output: fields{"on_setup_error": "reject"},
			fail: func(sb *segmenttest.Server) { sb.Fail(status).Header("Location", elsewhere.URL) },
			then: func(t *testing.T, r *result) {
				assert.Contains(t, r.failed[idOf(0)], fmt.Sprintf("status %d, which is about the set-up", status))
			},
		}))
	}
	assert.Zero(t, visits.Load())
}

// proveSkew: a date says nothing where the clocks differ; the wait that it
// leads to is bounded, and the waits of our own go by no clock on the wall.
func proveSkew(t *testing.T) {
	for name, test := range map[string]struct {
		ahead time.Duration
		most  time.Duration
	}{
		"the server is a day ahead":  {24 * time.Hour, 330 * time.Second},
		"the server is a day behind": {-24 * time.Hour, 750 * time.Millisecond},
	} {
		t.Run(name, onAFakeClock(trial{
			calls: 10, atMost: 2,
			fail: func(sb *segmenttest.Server) {
				tenSeconds := time.Now().Add(test.ahead + 10*time.Second)
				sb.Fail(http.StatusTooManyRequests).RetryAfter(tenSeconds.UTC().Format(http.TimeFormat)).Times(1)
			},
			then: func(t *testing.T, r *result) {
				counted("segment_retries throttled", 1)(t, r)
				assert.LessOrEqual(t, r.took, test.most)
			},
		}))
	}
}

// proveRepetition: what is given twice is sent twice. Segment tells it by its
// id, and nothing here may change that.
func proveRepetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		client := tracking.NewClient(clientConfig(sb))
		list := trial{calls: 100, people: 10}.givenCalls()
		for _, pause := range []time.Duration{0, time.Second, 25 * time.Hour} {
			time.Sleep(pause)
			require.Empty(t, client.Send(t.Context(), callsOf(append(list, list...)), &watcher{}))
		}
		sum := sb.Summary()
		assert.Equal(t, 600, sum.Accepted)
		assert.Equal(t, 100, sum.Unique)
		for _, call := range sb.Calls() {
			assert.Contains(t, string(call.Raw), call.MessageID)
		}
		requireOrder(t, sb, list)
	})
}

// proveBadPerson: a person whose calls never get through holds up those that are
// in the same request, and later ones of the same people; nobody else.
func proveBadPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		bad := sb.Fail(http.StatusInternalServerError).Match(segmenttest.Match{User: "person-007"})
		client := tracking.NewClient(clientConfig(sb))
		list := trial{calls: 10_000, people: 1000}.givenCalls()
		sent := make(chan []*segment.Violation)
		go func() { sent <- client.Send(t.Context(), callsOf(list), &watcher{}) }()

		time.Sleep(time.Hour)

		assert.GreaterOrEqual(t, sb.Summary().Unique, len(list)-requestCalls, "all other requests are through")
		for _, call := range sb.Calls() {
			assert.NotEqual(t, "person-007", call.UserID)
		}
		bad.Remove()
		assert.Empty(t, <-sent, "and he is in the end")
		assert.Equal(t, len(list), sb.Summary().Unique)
		requireOrder(t, sb, list)
	})
}

// proveBackpressure: while the server is slow, the input is held back.
func proveBackpressure(t *testing.T) {
	t.Run("10 KB a second", inAStream(trial{
		network: []conduct{slowly, slowly, slowly, slowly, slowly, slowly, slowly, slowly},
	}))
	sb := segmenttest.New(t)
	sb.Delay(10 * time.Millisecond)
	p := newPipeline()
	builder := p.builder(t)
	require.NoError(t, builder.AddInputYAML(`generate:
  interval: ""
  count: 1000
  batch_size: 5
  mapping: 'root = {"type": "page", "userId": "u", "messageId": "%d".format(counter())}'
`))
	require.NoError(t, builder.AddProcessorYAML("note: {}"))
	require.NoError(t, builder.AddOutputYAML(segmentOutput(sb.URL, fields{
		"batching": fields{"count": 20, "period": "1h"}, "max_in_flight": 2,
	})))
	var mu sync.Mutex
	var most int64
	p.noted = func(read int64) {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, read-int64(sb.Summary().Accepted))
	}
	p.run(t, builder)

	sb.Wait(1000)

	p.stop(t)
	// The engine holds one batch ahead of those which are being sent, and gathers
	// another.
	assert.LessOrEqual(t, most, int64(5*20), "read and not yet accepted")
	assert.Positive(t, most)
}

// Whatever max_in_flight is, what is under way is bounded by its size: as long as
// nothing has been answered, by the least that there is room for.
func TestWhatIsUnderWayIsBounded(t *testing.T) {
	const count, size, room, batch = 6000, 24 << 10, 24 << 20, 500
	sb := segmenttest.New(t)
	outage := sb.Fail(http.StatusServiceUnavailable)
	p := newPipeline()
	builder := p.builder(t)
	require.NoError(t, builder.AddInputYAML(fmt.Sprintf(`generate:
  interval: ""
  count: %d
  batch_size: 50
  mapping: |
    let n = counter()
    root = """{"type":"page","userId":"user-%%d","messageId":"m-%%d","properties":{"title":"%%s"}}""".format($n, $n, "x".repeat(%d))
`, count, size)))
	require.NoError(t, builder.AddProcessorYAML("note: {}"))
	require.NoError(t, builder.AddOutputYAML(segmentOutput(sb.URL, fields{
		"max_in_flight": 64, "batching": fields{"count": batch, "period": "100ms"},
		"retry": fields{"initial_interval": "10ms", "max_interval": "50ms"},
	})))
	var read atomic.Int64
	p.noted = read.Store
	p.run(t, builder)

	require.Eventually(t, func() bool { return read.Load() >= room/size-batch }, 30*time.Second, time.Millisecond)
	assert.Never(t, func() bool { return read.Load() > room/size+3*batch }, time.Second, 10*time.Millisecond)
	outage.Remove()
	require.Eventually(t, func() bool { return sb.Summary().Unique == count }, time.Minute, 10*time.Millisecond)
	p.stop(t)
}

// proveFullDeadLetter: a dead letter that cannot be written is no place for a
// call to get lost.
func proveFullDeadLetter(t *testing.T) {
	sb := segmenttest.New(t)
	p := newPipeline()
	p.dead.Failures = 3
	builder := p.builder(t)
	require.NoError(t, builder.AddInputYAML(`generate:
  interval: ""
  count: 20
  batch_size: 20
  mapping: |
    let n = counter()
    root = {"type": "track", "event": "E", "userId": "u", "messageId": "%d".format($n)}
    root.event = if $n == 7 { deleted() }
`))
	require.NoError(t, builder.AddOutputYAML(streamtest.WithDeadLetter(segmentOutput(sb.URL))))
	p.run(t, builder)
	require.NoError(t, p.ends(t))

	// The engine answers the whole batch with the error of the dead letter, and
	// delivers all of it again; by their ids they count once.
	assert.Equal(t, 19, sb.Summary().Unique)
	require.Len(t, p.dead.ReasonsByID(), 1)
	assert.Contains(t, p.dead.ReasonsByID()["7"], "segment event_not_defined event")
}

// proveRotation: a wrong key holds the calls. The stream with the new one, as
// the engine makes it when the config changes, delivers the same.
func proveRotation(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{WriteKeys: []string{canaryKey}})
	list := trial{calls: 100, people: 10}.givenCalls()
	old := start(t, segmentOutput(sb.URL, fields{"write_key": "wk_CANARY_revoked", "on_setup_error": "hold"}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- old.send(ctx, messages(list)) }()
	old.awaitCount(t, "segment_requests 401", 1)
	old.abandon(t)
	cancel()
	require.Error(t, <-ended, "what was not accepted is not acknowledged")

	start(t, segmentOutput(sb.URL)).accept(t, list)

	assert.Equal(t, len(list), sb.Summary().Unique)
	assert.Zero(t, sb.Summary().Duplicates)
	for _, req := range sb.Requests() {
		assert.Equal(t, idOf(0), req.MessageIDs[0])
	}
	assert.NotContains(t, old.everythingSaid(), "wk_CANARY")
}

// abandon stops a stream that cannot end by itself.
func (p *pipeline) abandon(t *testing.T) {
	t.Helper()
	p.stopped = true
	_ = p.stream.StopWithin(time.Second)
	<-p.ended
}

// ends waits until the input of a stream has ended and all is acknowledged.
func (p *pipeline) ends(t *testing.T) error {
	t.Helper()
	p.stopped = true
	select {
	case err := <-p.ended:
		return err
	case <-t.Context().Done():
		return context.Cause(t.Context())
	}
}
