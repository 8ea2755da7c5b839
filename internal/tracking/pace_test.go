package tracking_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

func TestEventsLeaveEvenly(t *testing.T) {
	for name, test := range map[string]struct {
		calls, people, inRequest, perSecond int
		takes                               time.Duration
	}{
		"full requests":  {calls: 12_500, people: 5000, inRequest: 2500, perSecond: 1000, takes: 12301 * time.Millisecond},
		"small requests": {calls: 1000, people: 1000, inRequest: 10, perSecond: 100, takes: 9810 * time.Millisecond},
		"one person":     {calls: 1000, people: 1, inRequest: 10, perSecond: 100, takes: 9810 * time.Millisecond},
		"one a second":   {calls: 50, people: 1, inRequest: 2500, perSecond: 1, takes: 49 * time.Second},
		"a limit above":  {calls: 1000, people: 10, inRequest: 100, perSecond: 1_000_000, takes: 900 * time.Microsecond},
		"no limit":       {calls: 12_500, people: 5000, inRequest: 2500, takes: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				conf := config(sb)
				conf.MaxRequestCalls, conf.EventsPerSecond = test.inRequest, test.perSecond
				// Waiting for its turn is not the fault of a request.
				conf.Retry.MaxElapsedTime = time.Millisecond
				started := time.Now()

				errs := tracking.NewClient(conf).Send(t.Context(), tracks(test.calls, test.people), &observed{})

				assert.Empty(t, failed(errs))
				assert.InDelta(t, test.takes, time.Since(started), float64(time.Millisecond))
			})
		})
	}
}

// Segment counts what it receives, however often and whatever it makes of it.
func TestWhatIsSentAgainCountsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const inRequest, perSecond = 10, 100
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusServiceUnavailable).Times(5)
		sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{MessageID: "user-000-00077"})
		conf := config(sb)
		conf.MaxRequestCalls, conf.EventsPerSecond = inRequest, perSecond
		conf.Retry.InitialInterval, conf.Retry.MaxInterval = time.Millisecond, time.Millisecond
		started, observer := time.Now(), &observed{}

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(100, 1), observer)

		assert.Len(t, failed(errs), 1)
		received := 0
		for _, request := range observer.requests {
			received += request.Count()
		}
		assert.Greater(t, received, 150)
		within := 2*inRequest + perSecond*time.Since(started).Seconds()
		assert.LessOrEqual(t, float64(received), within+0.1)
	})
}

func TestAStopEndsTheWaitForTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		conf := config(sb)
		conf.EventsPerSecond = 10
		ctx, cancel := context.WithTimeout(t.Context(), 4950*time.Millisecond)
		defer cancel()
		started := time.Now()

		errs := tracking.NewClient(conf).Send(ctx, tracks(100, 1), &observed{})

		assert.Len(t, failed(errs), 50)
		assert.Equal(t, 4950*time.Millisecond, time.Since(started))
	})
}
