package tracking_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// taking answers every request at once, without a network.
type taking struct{}

func (taking) RoundTrip(req *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, req.Body)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, err
}

// takingClient is a client with the defaults of the output.
func takingClient() *tracking.Client {
	return tracking.NewClient(tracking.Config{
		Endpoint: "http://127.0.0.1", UserAgent: "test", Transport: taking{}, SentAt: true, Gzip: true,
		MaxRequestBytes: 480_000, MaxRequestCalls: 2500, ParallelRequests: 8, Timeout: time.Hour,
	})
}

// kilobyteCalls makes calls of 1.4 KB, each person's ten at most.
func kilobyteCalls(n int) []segment.Call {
	calls := make([]segment.Call, n)
	for i := range calls {
		user := fmt.Appendf(nil, "user-%d", i%(n/10+1))
		calls[i] = segment.Call{
			Type: segment.Track, WriteKey: "key", UserID: segment.IDOf(user),
			JSON: fmt.Appendf(nil, `{"userId":%q,"messageId":"m-%d","event":"E","properties":{"n":"%01340d"}}`, user, i, i),
		}
	}
	return calls
}

func TestACallOfABatchTakesHardlyAnAllocation(t *testing.T) {
	client, calls := takingClient(), kilobyteCalls(2500)

	allocations := testing.AllocsPerRun(5, func() {
		require.Empty(t, client.Send(t.Context(), calls, &observed{}))
	})

	assert.Less(t, allocations/float64(len(calls)), 0.25)
}

// What a batch holds at a time grows with it, and nothing else: ten times the
// calls take ten times the allocations, and the requests stay as many.
func TestABatchOfTenTimesTheCallsTakesTenTimesTheWork(t *testing.T) {
	work := func(n int) (allocations float64, requests int) {
		client, calls := takingClient(), kilobyteCalls(n)
		watch := &observed{}
		require.Empty(t, client.Send(t.Context(), calls, watch))
		return testing.AllocsPerRun(3, func() {
			require.Empty(t, client.Send(t.Context(), calls, &observed{}))
		}), len(watch.requests)
	}

	few, fewRequests := work(2500)
	many, manyRequests := work(25_000)

	assert.Less(t, many, 12*few)
	assert.Less(t, manyRequests, 12*fewRequests)
}

// A step that grew with the square of the batch would take a hundred times as
// long. One of several tries has to be undisturbed.
func TestABatchOfTenTimesTheCallsDoesNotTakeAHundredTimesAsLong(t *testing.T) {
	least := func(n int) time.Duration {
		client, calls, least := takingClient(), kilobyteCalls(n), time.Hour
		for range 3 {
			start := time.Now()
			require.Empty(t, client.Send(t.Context(), calls, &observed{}))
			least = min(least, time.Since(start))
		}
		return least
	}
	var ratio float64
	for range 10 {
		if ratio = float64(least(20_000)) / float64(least(2000)); ratio < 40 {
			return
		}
	}
	assert.Fail(t, "the cost is not linear", "ten times the calls take %.1f times as long", ratio)
}
