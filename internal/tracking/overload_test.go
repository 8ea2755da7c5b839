package tracking_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// overloaded is a server that does not take everything that it is sent.
type overloaded struct {
	takes time.Duration
	// atOnce is how many requests it takes at a time, perSecond how many in a
	// second, 0 for any number.
	atOnce, perSecond int
	status            int
	retryAfter        string

	mu                sync.Mutex
	underWay, inTurn  int
	second            time.Time
	requests, refused int
}

func (o *overloaded) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}
	defer o.leave()
	if o.enter() {
		time.Sleep(o.takes + rand.N(o.takes/5))
		return res, nil
	}
	time.Sleep(20 * time.Millisecond)
	res.StatusCode = o.status
	if o.retryAfter != "" {
		res.Header.Set("Retry-After", o.retryAfter)
	}
	return res, nil
}

func (o *overloaded) enter() (isTaken bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now().Truncate(time.Second); now != o.second {
		o.second, o.inTurn = now, 0
	}
	o.requests++
	o.underWay++
	o.inTurn++
	isTaken = (o.atOnce == 0 || o.underWay <= o.atOnce) && (o.perSecond == 0 || o.inTurn <= o.perSecond)
	if !isTaken {
		o.refused++
	}
	return isTaken
}

func (o *overloaded) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.underWay--
}

// A server that takes everything gets it at once, and one that does not is sent
// fewer requests at a time. With -v it prints the figures of bench/DIARY.md.
func TestAServerThatFailsIsSentFewerRequestsAtATime(t *testing.T) {
	const perSecond, lasts = 20_000, 30
	for name, test := range map[string]struct {
		server *overloaded
		// least is how many events a second get through, failing how many of a
		// hundred requests may be refused.
		least, failing float64
	}{
		"takes all":                     {&overloaded{takes: 300 * time.Millisecond}, 18_500, 0},
		"503 above 16 at a time":        {&overloaded{takes: 300 * time.Millisecond, atOnce: 16, status: 503}, 9000, 40},
		"429 above 30 a second":         {&overloaded{takes: 50 * time.Millisecond, perSecond: 30, status: 429}, 7000, 25},
		"429 with Retry-After above 30": {&overloaded{takes: 50 * time.Millisecond, perSecond: 30, status: 429, retryAfter: "1"}, 6500, 25},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := tracking.NewClient(tracking.Config{
					Endpoint: "http://127.0.0.1", UserAgent: "test", Transport: test.server,
					MaxRequestBytes: 480_000, MaxRequestCalls: 320, ParallelRequests: 64, Timeout: 15 * time.Second,
					Retry: tracking.Retry{InitialInterval: 500 * time.Millisecond, MaxInterval: time.Minute},
				})
				defer client.Close()
				started := time.Now()

				delays := flood(t, client, perSecond, lasts)

				rate := perSecond * lasts / time.Since(started).Seconds()
				refused := 100 * float64(test.server.refused) / float64(test.server.requests)
				slices.Sort(delays)
				t.Logf("%.0f events/s, p50 %s, p99 %s, %d requests, %.0f %% refused", rate,
					delays[len(delays)/2].Round(time.Millisecond), delays[len(delays)*99/100].Round(time.Millisecond), test.server.requests, refused)
				assert.GreaterOrEqual(t, rate, test.least)
				assert.LessOrEqual(t, refused, test.failing)
			})
		})
	}
}

// flood enters batches of 500 calls as they happen, with no more than 48 under
// way, and returns how long each took.
func flood(t *testing.T, client *tracking.Client, perSecond, seconds int) (delays []time.Duration) {
	t.Helper()
	const batch, underWay = 500, 48
	room := make(chan struct{}, underWay)
	var mu sync.Mutex
	var sent sync.WaitGroup
	started := time.Now()
	for from := 0; from < perSecond*seconds; from += batch {
		born := started.Add(time.Duration(from) * time.Second / time.Duration(perSecond))
		time.Sleep(time.Until(born))
		calls := make([]segment.Call, batch)
		for i := range calls {
			calls[i] = track(fmt.Sprintf("user-%d", from+i), from+i)
		}
		room <- struct{}{}
		delivery := client.Enter(t.Context(), calls, &observed{})
		sent.Go(func() {
			assert.Empty(t, failed(delivery.Wait()))
			<-room
			mu.Lock()
			defer mu.Unlock()
			delays = append(delays, time.Since(born))
		})
	}
	sent.Wait()
	return delays
}
