package segmenttest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// track is a call that breaks no rule.
func track(id string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"u-%s","messageId":%q}`, id, id)
}

// send posts calls as one batch and returns the status of the answer.
func send(t *testing.T, server *segmenttest.Server, calls ...string) (status int) {
	t.Helper()
	body := `{"batch":[` + strings.Join(calls, ",") + `]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/batch", strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth("a-write-key", "")
	resp, err := server.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func TestAServerReadsLikeASentence(t *testing.T) {
	server := segmenttest.New(t)
	throttled := server.Fail(http.StatusTooManyRequests).Times(2)

	var statuses []int
	for range 3 {
		statuses = append(statuses, send(t, server, track("a"), track("b")))
	}

	assert.Equal(t, []int{429, 429, 200}, statuses)
	assert.Equal(t, 2, throttled.Hits())
	calls := server.Wait(2)
	assert.Equal(t, "Order Completed", calls[0].Name)
	assert.Equal(t, track("b"), string(calls[1].Raw))
	assert.Len(t, server.Requests(), 3)
	assert.Len(t, server.Calls(segmenttest.Filter{Match: segmenttest.Match{User: "u-a"}}), 1)
	assert.Equal(t, 2, server.Summary().Accepted)
	typed, err := segmenttest.ParseFilter("user:u-b -duplicate:true")
	require.NoError(t, err)
	assert.Len(t, server.Calls(typed), 1)

	server.Reset()
	assert.Empty(t, server.Calls())
	assert.Empty(t, server.Faults())
}

// Behind a server of one's own, for example with TLS.
func TestAServerIsAHandler(t *testing.T) {
	server := segmenttest.NewInProcess(t)
	own := httptest.NewTLSServer(server)
	defer own.Close()
	resp, err := own.Client().Post(own.URL+"/v1/track", "application/json", strings.NewReader(`{"writeKey":"k","event":"E","userId":"u"}`))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Len(t, server.Wait(1), 1)
}

func TestWaitSleepsUntilTheCallsAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := segmenttest.NewInProcess(t)
		start := time.Now()
		var sender sync.WaitGroup
		defer sender.Wait() // Its last answer is on its way when the call has arrived.
		sender.Go(func() {
			for i := range 5 {
				time.Sleep(time.Second)
				send(t, server, track(fmt.Sprint(i)))
			}
		})

		assert.Len(t, server.Wait(3), 3)
		assert.Equal(t, 3*time.Second, time.Since(start))
		assert.Len(t, server.Wait(1, segmenttest.Filter{Match: segmenttest.Match{MessageID: "4"}}), 1)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

// failing is a test that notes how it failed.
type failing struct {
	*testing.T
	message string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	panic(f)
}

func (f *failing) run(test func()) {
	defer func() {
		if p := recover(); p != nil && p != any(f) {
			panic(p)
		}
	}()
	test()
}

func TestWaitSaysWhatArrivedInstead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tb := &failing{T: t}
		server := segmenttest.NewInProcess(tb)
		send(t, server, track("m"), `{"type":"track","userId":"u"}`)
		server.Fail(503)
		send(t, server, track("n"))
		start := time.Now()

		tb.run(func() { server.Wait(3) })

		assert.Equal(t, 10*time.Second, time.Since(start))
		assert.Contains(t, tb.message, "waited 10s for 3 calls, got 2")
		assert.Contains(t, tb.message, "1 discarded [event_not_defined×1], warnings []; 1 in refused requests")
		assert.Contains(t, tb.message, "[200×1 503×1]")
	})
}

func TestWaitSaysThatTheCallsWereEvicted(t *testing.T) {
	tb := &failing{T: t}
	server := segmenttest.NewInProcess(tb, segmenttest.Config{MaxCalls: 2})
	send(t, server, track("a"), track("b"), track("c"), track("d"), track("e"))

	tb.run(func() { server.Wait(5) })

	assert.Contains(t, tb.message, "raise MaxCalls")
}
