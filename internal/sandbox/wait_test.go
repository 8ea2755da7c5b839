package sandbox_test

import (
	"context"
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

func TestWaitingOverTheAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxCalls: 2})
		go func() {
			time.Sleep(time.Second)
			post(t, sb, "/v1/batch", batch(tracks(0, 4)...))
		}()
		start := time.Now()

		_, answer := control(t, sb, http.MethodGet, "/api/v1/wait?count=4&timeout=30s", "")
		assert.Equal(t, true, answer.at("reached"), "evicted calls count as well")
		assert.Equal(t, time.Second, time.Since(start))

		status, answer := control(t, sb, http.MethodGet, "/api/v1/wait?count=3&type=track&timeout=5", "")
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, false, answer.at("reached"))
		assert.EqualValues(t, "2", answer.at("matched"))
		assert.Equal(t, 6*time.Second, time.Since(start))

		_, answer = control(t, sb, http.MethodGet, "/api/v1/wait?count=1&since=3&timeout=0s", "")
		assert.Equal(t, true, answer.at("reached"))
		_, answer = control(t, sb, http.MethodGet, "/api/v1/wait?count=1&since=4&timeout=0s", "")
		assert.Equal(t, false, answer.at("reached"))
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
