package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/sandbox"
	"benthos-segment/plugin/segmenttest"
)

func TestWaitSleepsUntilTheCallsAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		start := time.Now()
		var sender sync.WaitGroup
		defer sender.Wait() // Its last answer is on the way when its call is in.
		sender.Go(func() {
			for i := range 5 {
				time.Sleep(time.Second)
				post(t, sb, "/v1/batch", batch(track(fmt.Sprint(i))))
			}
		})

		assert.Len(t, sb.Wait(3), 3)
		assert.Equal(t, 3*time.Second, time.Since(start))
		assert.Len(t, sb.Wait(1, segmenttest.Filter{Match: segmenttest.Match{MessageID: "4"}}), 1)
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

func TestWaitSaysWhatCameInstead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tb := &failing{T: t}
		sb := segmenttest.NewInProcess(tb)
		post(t, sb, "/v1/batch", batch(track("m"), `{"type":"track","userId":"u"}`))
		sb.Fail(503)
		post(t, sb, "/v1/batch", batch(track("n")))
		start := time.Now()

		tb.run(func() { sb.Wait(3) })

		assert.Equal(t, 10*time.Second, time.Since(start))
		assert.Contains(t, tb.message, "waited 10s for 3 calls, got 2")
		assert.Contains(t, tb.message, "1 discarded [event_not_defined×1], warnings []; 1 in refused requests")
		assert.Contains(t, tb.message, "[200×1 503×1]")
	})
}

func TestWaitSaysThatTheStoreIsTooSmall(t *testing.T) {
	tb := &failing{T: t}
	sb := segmenttest.NewInProcess(tb, segmenttest.Config{MaxCalls: 2})
	post(t, sb, "/v1/batch", batch(tracks(0, 5)...))

	tb.run(func() { sb.Wait(5) })

	assert.Contains(t, tb.message, "raise MaxCalls")
}

func TestWaitingOverTheAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxCalls: 2})
		go func() {
			time.Sleep(time.Second)
			post(t, sb, "/v1/batch", batch(tracks(0, 4)...))
		}()
		start := time.Now()

		_, answer := control(t, sb, http.MethodGet, "/api/v1/wait?count=4&timeout=30s", "")
		assert.Equal(t, true, answer["reached"], "also calls that made room count")
		assert.Equal(t, time.Second, time.Since(start))

		status, answer := control(t, sb, http.MethodGet, "/api/v1/wait?count=3&type=track&timeout=5", "")
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, false, answer["reached"])
		assert.EqualValues(t, "2", answer["matched"])
		assert.Equal(t, 6*time.Second, time.Since(start))

		_, answer = control(t, sb, http.MethodGet, "/api/v1/wait?count=1&since=3&timeout=0s", "")
		assert.Equal(t, true, answer["reached"])
		_, answer = control(t, sb, http.MethodGet, "/api/v1/wait?count=1&since=4&timeout=0s", "")
		assert.Equal(t, false, answer["reached"])
	})
}

func TestShutdownEndsLongPollsAndDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		handler := sandbox.New(sandbox.Config{})
		server := handler.Server()
		server.RegisterOnShutdown(cancel)
		base := server.BaseContext(nil)
		var wg sync.WaitGroup
		wg.Go(func() {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequestWithContext(base, http.MethodGet, "http://127.0.0.1/api/v1/wait?timeout=5m", nil))
			assert.Contains(t, answer.Body.String(), `"reached":false`)
		})
		synctest.Wait()
		start := time.Now()

		assert.NoError(t, server.Shutdown(ctx))

		wg.Wait()
		assert.Less(t, time.Since(start), time.Second)
	})
}
