package tracking_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

func TestPatienceEndsAfterMaxElapsedTime(t *testing.T) {
	for name, fail := range map[string]func(*segmenttest.Server){
		"a failure that passes": func(sb *segmenttest.Server) { sb.Fail(http.StatusBadGateway) },
		"a wrong set-up":        func(sb *segmenttest.Server) { sb.Fail(http.StatusUnauthorized) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				fail(sb)
				conf := config(sb)
				conf.MaxRequestCalls = 10
				conf.Retry.MaxElapsedTime = 10 * time.Minute
				started := time.Now()

				errs := tracking.NewClient(conf).Send(t.Context(), tracks(100, 20), &observed{})

				assert.Len(t, failed(errs), 100)
				assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[0]))
				assert.Contains(t, errs[0].Error(), "max_elapsed_time")
				assert.LessOrEqual(t, time.Since(started), 10*time.Minute)
				assert.Greater(t, time.Since(started), 8*time.Minute)
			})
		})
	}
}

func TestWaitsTheServerAskedForDoNotCountAgainstPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).RetryAfter("300").Times(20)
		sb.Fail(http.StatusBadGateway).Times(3)
		conf := config(sb)
		conf.Retry.MaxElapsedTime = time.Minute

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(10, 3), &observed{})

		assert.Empty(t, failed(errs))
		assert.Len(t, sb.Calls(), 10)
	})
}

func TestStoppingEndsEveryWaitAndGivesUpTheRest(t *testing.T) {
	for name, fail := range map[string]func(*segmenttest.Server){
		"a Retry-After":   func(sb *segmenttest.Server) { sb.Fail(429).RetryAfter("300") },
		"a hold":          func(sb *segmenttest.Server) { sb.Fail(401) },
		"a backoff":       func(sb *segmenttest.Server) { sb.Fail(500) },
		"a slow answer":   func(sb *segmenttest.Server) { sb.Delay(time.Hour) },
		"a dead endpoint": func(sb *segmenttest.Server) { sb.Drop() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				conf := config(sb)
				conf.MaxRequestCalls = 10
				conf.ParallelRequests = 1
				client := tracking.NewClient(conf)
				require.Empty(t, failed(client.Send(t.Context(), tracks(1, 1), &observed{})))
				fail(sb)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				started := time.Now()

				errs := client.Send(ctx, tracks(100, 10), &observed{})

				assert.Len(t, failed(errs), 100)
				assert.Equal(t, 10*time.Second, time.Since(started))
				assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[99]))
			})
		})
	}
}

// What comes after a request that is given up must not overtake it.
func TestWhatIsBehindAGivenUpRequestIsGivenUpToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(500).Match(segmenttest.Match{MessageID: "user-000-00020"})
		conf := config(sb)
		conf.MaxRequestCalls = 10
		conf.Retry.MaxElapsedTime = time.Minute

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(50, 1), &observed{})

		places := failed(errs)
		require.Len(t, places, 30)
		assert.Equal(t, 20, places[0])
		assert.Len(t, sb.Calls(), 20)
	})
}

func TestTheRateLimitIsAccessedOncePerRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).RetryAfter("9").Delay(time.Second).Times(3)
		conf := config(sb)
		conf.MaxRequestCalls = 10
		conf.ParallelRequests = 4
		var accesses atomic.Int32
		conf.RateLimit = func(context.Context) error {
			accesses.Add(1)
			return nil
		}

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(95, 50), &observed{})

		assert.Empty(t, failed(errs))
		assert.EqualValues(t, len(sb.Requests()), accesses.Load())
	})
}
