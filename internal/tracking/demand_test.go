package tracking_test

import (
	"context"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// more is more calls than are worth having ready.
func more(conf tracking.Config) []segment.Call {
	calls := tracks(100, 100)
	size := len(calls[0].JSON) + 1
	return tracks((4+runtime.GOMAXPROCS(0))*conf.MaxRequestBytes/size, 10_000)
}

func TestThereIsNoDemandWhileRequestsAreFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(time.Second)
		conf := config(sb)
		conf.ParallelRequests, conf.MaxRequestBytes = 1, 10_000
		client := tracking.NewClient(conf)
		defer client.Close()
		started := time.Now()
		client.AwaitDemand(t.Context())
		assert.Zero(t, time.Since(started), "there is nothing yet")

		first := client.Enter(t.Context(), more(conf), &observed{})
		synctest.Wait()
		client.AwaitDemand(t.Context())

		assert.Positive(t, time.Since(started))
		assert.Less(t, len(sb.Calls()), len(more(conf)), "what is left keeps the requests full")
		assert.Empty(t, failed(first.Wait()))
	})
}

// What waits for one source says nothing about the others.
func TestASourceThatIsStuckLeavesTheDemandOfOthers(t *testing.T) {
	for name, status := range map[string]int{
		"throttled": http.StatusTooManyRequests, "failing": http.StatusServiceUnavailable, "held": http.StatusUnauthorized,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				fault := sb.Fail(status)
				conf := config(sb)
				conf.MaxRequestBytes = 10_000
				client := tracking.NewClient(conf)
				defer client.Close()

				stuck := client.Enter(t.Context(), more(conf), &observed{})
				time.Sleep(100 * time.Millisecond)
				asked := time.Now()
				client.AwaitDemand(t.Context())

				assert.Zero(t, time.Since(asked))
				fault.Remove()
				assert.Empty(t, failed(stuck.Wait()))
				client.AwaitDemand(t.Context())
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				client.AwaitDemand(ctx)
			})
		})
	}
}

func TestAStopEndsTheWaitForDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(time.Hour)
		conf := config(sb)
		conf.ParallelRequests, conf.MaxRequestBytes, conf.Timeout = 1, 10_000, time.Hour
		client := tracking.NewClient(conf)
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		started := time.Now()

		given := client.Enter(ctx, more(conf), &observed{})
		synctest.Wait()
		client.AwaitDemand(ctx)

		assert.Equal(t, time.Minute, time.Since(started))
		assert.Len(t, failed(given.Wait()), len(more(conf)))
	})
}
