package tracking_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

func TestAFailureThatPassesIsRetriedWithBackoff(t *testing.T) {
	for _, status := range []int{408, 410, 460, 500, 502, 503, 504, 508, 529, 599} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				sb.Fail(status).Times(4)
				watch := &observed{}

				errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(10, 3), watch)

				assert.Empty(t, failed(errs))
				assert.Len(t, sb.Calls(), 10)
				assert.Equal(t, ",1,2,3,4", retryCounts(sb))
				assert.Equal(t, map[string]int{"transient": 4}, watch.retries)
				assert.Equal(t, []string{fmt.Sprintf("transient: status %d", status)}, watch.stuck)
				for i, gap := range gaps(sb) {
					usual := 500 * time.Millisecond << i
					assert.InDelta(t, usual, gap, float64(usual)/2, "wait %d", i)
				}
			})
		})
	}
}

func TestABrokenConnectionIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Drop().Times(2)

		errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(10, 3), &observed{})

		assert.Empty(t, failed(errs))
		assert.Len(t, sb.Calls(), 10)
	})
}

func TestAServerThatHangsIsGivenUpAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(time.Hour).Times(1)
		started := time.Now()

		errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(1, 1), &observed{})

		assert.Empty(t, failed(errs))
		assert.InDelta(t, 15*time.Second, time.Since(started), float64(time.Second))
	})
}

// When the answer is lost, the calls arrive twice, and nothing but sentAt may
// differ: Segment tells them by their message ids.
func TestALostAnswerRepeatsTheSameCallsWithAFreshSentAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.LostAck().Times(1)

		errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(5, 2), &observed{})

		assert.Empty(t, failed(errs))
		journal := sb.Requests()
		require.Len(t, journal, 2)
		assert.Equal(t, journal[0].MessageIDs, journal[1].MessageIDs)
		for _, req := range journal {
			assert.Equal(t, req.ReceivedAt.UTC().Format("2006-01-02T15:04:05.000Z"), req.SentAt)
		}
		assert.NotEqual(t, journal[0].SentAt, journal[1].SentAt)
		calls := sb.Calls()
		require.Len(t, calls, 10)
		for i := range 5 {
			assert.Equal(t, string(calls[i].Raw), string(calls[i+5].Raw))
			assert.True(t, calls[i+5].Duplicate)
		}
	})
}
