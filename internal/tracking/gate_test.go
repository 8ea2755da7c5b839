package tracking_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

func TestRetryAfterSilencesAllLanesOfTheKey(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		want   time.Duration
	}{
		"seconds":       {"7", 7 * time.Second},
		"a date":        {"date", 90 * time.Second},
		"a day":         {"86400", 300 * time.Second},
		"an absurdity":  {"99999999999999999999", 300 * time.Second},
		"with a blank":  {" 3 ", 3 * time.Second},
		"a small start": {"1", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				times := 3
				if test.header == "date" {
					// It is over when the first wait is.
					times = 1
					test.header = time.Now().Add(test.want).UTC().Format(http.TimeFormat)
				}
				sb := segmenttest.NewInProcess(t)
				sb.Fail(http.StatusTooManyRequests).RetryAfter(test.header).Times(times)
				conf := config(sb)
				conf.MaxRequestCalls = 20
				watch := &observed{}
				started := time.Now()

				errs := tracking.NewClient(conf).Send(t.Context(), tracks(1000, 100), watch)

				assert.Empty(t, failed(errs))
				assert.Len(t, sb.Calls(), 1000)
				requireOrder(t, sb.Calls())
				var silent []time.Time
				for _, req := range sb.Requests() {
					if req.Status == http.StatusTooManyRequests {
						silent = append(silent, req.ReceivedAt)
					}
				}
				for _, since := range silent {
					for _, req := range sb.Requests() {
						in := req.ReceivedAt.Sub(since)
						assert.False(t, in > 0 && in < test.want, "a request %v after being told to wait %v", in, test.want)
					}
				}
				assert.Zero(t, watch.retries["transient"])
				assert.LessOrEqual(t, time.Since(started), 4*test.want, "all requests are told at once")
			})
		})
	}
}

func TestARetryAfterThatAsksForNothingIsBackedOff(t *testing.T) {
	for _, header := range []string{"0", "-1", "abc", "Fri, 01 Jan 1999 00:00:00 GMT", "1.5", ""} {
		t.Run(header, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				sb.Fail(http.StatusTooManyRequests).RetryAfter(header).Times(1)
				watch := &observed{}

				errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(1, 1), watch)

				assert.Empty(t, failed(errs))
				assert.Equal(t, map[string]int{"throttled": 1}, watch.retries)
				assert.InDelta(t, 500*time.Millisecond, gaps(sb)[0], float64(250*time.Millisecond))
			})
		})
	}
}

func TestRetryAfterCountsOnAnyStatusThatIsRetried(t *testing.T) {
	for _, status := range []int{408, 503, 529} {
		synctest.Test(t, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			sb.Fail(status).RetryAfter("10").Times(1)

			errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(1, 1), &observed{})

			assert.Empty(t, failed(errs))
			assert.InDelta(t, 10.5*float64(time.Second), gaps(sb)[0], float64(500*time.Millisecond))
		})
	}
}

// A server that throttles for ever gets one probe in a window, not one from
// each request.
func TestOneRequestGoesFirstAfterAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).RetryAfter("10").Delay(100 * time.Millisecond)
		conf := config(sb)
		conf.MaxRequestCalls = 10
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()

		errs := tracking.NewClient(conf).Send(ctx, tracks(1000, 100), &observed{})

		assert.Len(t, failed(errs), 1000)
		atOnce := 8
		assert.LessOrEqual(t, len(sb.Requests()), atOnce+60)
		assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[999]))
	})
}

func TestASetupErrorHoldsTheCallsUntilItIsMended(t *testing.T) {
	for _, status := range []int{401, 403, 404, 407, 301, 302, 308, 501, 505, 511} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				sb.Fail(status).Times(9)
				watch := &observed{}

				errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(10, 3), watch)

				assert.Empty(t, failed(errs), "nothing is wrong with the data")
				assert.Len(t, sb.Calls(), 10)
				var pauses []string
				for _, gap := range gaps(sb) {
					pauses = append(pauses, gap.String())
				}
				assert.Equal(t, "5s 10s 20s 40s 1m20s 2m40s 5m0s 5m0s 5m0s", strings.Join(pauses, " "))
				assert.Equal(t, 9, watch.retries["setup"])
				require.NotEmpty(t, watch.stuck)
				assert.LessOrEqual(t, len(watch.stuck), 21, "it is said once a minute at most")
				assert.Equal(t, fmt.Sprintf("setup: status %d", status), watch.stuck[0])
			})
		})
	}
}

// A request that left before the server asked for a wait may well succeed
// during it. That says nothing about those who wait.
func TestAnAnswerFromBeforeTheWaitDoesNotEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).RetryAfter("60").Match(segmenttest.Match{User: "user-000"}).Times(1)
		sb.Delay(10 * time.Second).Match(segmenttest.Match{User: "user-001"}).Times(1)
		conf := config(sb)
		conf.MaxRequestCalls = 5
		conf.ParallelRequests = 2

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(40, 2), &observed{})

		assert.Empty(t, failed(errs))
		journal := sb.Requests()
		for _, req := range journal {
			in := req.ReceivedAt.Sub(journal[0].ReceivedAt)
			assert.False(t, in > 0 && in < time.Minute, "a request after %v", in)
		}
	})
}

// Whoever waited for a slot was let through the gate before it was shut.
func TestARequestThatWaitedForASlotLooksAtTheGateAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).RetryAfter("60").Delay(time.Second).Times(1)
		sb.Delay(10 * time.Second).Match(segmenttest.Match{User: "other"})
		conf := config(sb)
		conf.ParallelRequests = 2
		client := tracking.NewClient(conf)
		var batches sync.WaitGroup
		send := func(key, user string, n int) {
			batches.Go(func() {
				call := track(user, n)
				call.WriteKey = key
				assert.Empty(t, failed(client.Send(t.Context(), []segment.Call{call}, &observed{})))
			})
			synctest.Wait()
		}

		send("key", "user-1", 1)
		send("other", "other", 2)
		send("key", "user-3", 3)
		batches.Wait()

		journal := sb.Requests()
		require.Len(t, journal, 4)
		assert.Equal(t, "other", journal[1].WriteKey)
		assert.GreaterOrEqual(t, journal[2].ReceivedAt.Sub(journal[0].ReceivedAt), time.Minute)
	})
}

// The requests of one key fail together. Together they wait 5 s, and not each
// twice as long as the one before.
func TestLanesThatFailTogetherAreHeldForOnePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusUnauthorized).Delay(100 * time.Millisecond).Times(8)
		conf := config(sb)
		conf.MaxRequestCalls = 10
		started := time.Now()

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(1000, 100), &observed{})

		assert.Empty(t, failed(errs))
		assert.Less(t, time.Since(started), 6*time.Second)
	})
}

// Once the set-up works, the next trouble starts with a short pause again.
func TestAPauseStartsOverAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		client := tracking.NewClient(config(sb))
		for range 2 {
			sb.Fail(http.StatusUnauthorized).Times(2)
			require.Empty(t, failed(client.Send(t.Context(), tracks(1, 1), &observed{})))
		}

		assert.Equal(t, []time.Duration{5 * time.Second, 10 * time.Second, 0, 5 * time.Second, 10 * time.Second}, gaps(sb))
	})
}

func TestASetupErrorCanBeRejectedSoThatOtherKeysGoOn(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{WriteKeys: []string{"good"}})
	conf := config(sb)
	conf.RejectOnSetupError = true
	calls := tracks(10, 10)
	for i := range calls {
		calls[i].WriteKey = []string{"good", "bad"}[i%2]
	}

	errs := tracking.NewClient(conf).Send(t.Context(), calls, &observed{})

	assert.Equal(t, []int{1, 3, 5, 7, 9}, failed(errs))
	assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[1]))
	assert.Contains(t, errs[1].Error(), "status 401")
	assert.NotContains(t, errs[1].Error(), "bad")
}

func TestAKeyThatIsHeldStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t, segmenttest.Config{WriteKeys: []string{"good"}})
		conf := config(sb)
		conf.ParallelRequests = 1
		calls := tracks(10, 10)
		for i := range calls {
			calls[i].WriteKey = []string{"good", "bad"}[i%2]
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		started := time.Now()

		errs := tracking.NewClient(conf).Send(ctx, calls, &observed{})

		assert.Equal(t, []int{1, 3, 5, 7, 9}, failed(errs))
		accepted := sb.Calls()
		require.Len(t, accepted, 5)
		assert.Less(t, accepted[4].ReceivedAt.Sub(started), time.Second, "a request that waits holds no slot")
	})
}

func TestRequestsSideBySideAreBoundedAcrossKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(time.Second)
		conf := config(sb)
		conf.ParallelRequests = 3
		calls := tracks(30, 30)
		for i := range calls {
			calls[i].WriteKey = fmt.Sprintf("key-%d", i)
		}
		watch := &observed{}

		errs := tracking.NewClient(conf).Send(t.Context(), calls, watch)

		assert.Empty(t, failed(errs))
		assert.Equal(t, 3, watch.most)
	})
}

func TestRequestsSideBySideAreBoundedAcrossBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(time.Second)
		conf := config(sb)
		conf.ParallelRequests, conf.MaxRequestCalls = 3, 1
		client := tracking.NewClient(conf)
		watch := &observed{}
		var batches sync.WaitGroup

		for n := range 10 {
			batches.Go(func() {
				calls := []segment.Call{track(fmt.Sprintf("user-%d", n), n)}
				assert.Empty(t, failed(client.Send(t.Context(), calls, watch)))
			})
		}
		batches.Wait()

		assert.Equal(t, 3, watch.most)
		assert.Len(t, sb.Calls(), 10)
	})
}

// A fleet that is told to come back in 100 s must not come back at one
// instant.
func TestAWaitIsSpreadByUpToATenth(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 5 {
		synctest.Test(t, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			sb.Fail(http.StatusTooManyRequests).RetryAfter("100").Times(1)

			errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(1, 1), &observed{})

			assert.Empty(t, failed(errs))
			wait := gaps(sb)[0]
			assert.GreaterOrEqual(t, wait, 100*time.Second)
			assert.LessOrEqual(t, wait, 110*time.Second)
			waits[wait] = true
		})
	}
	assert.Greater(t, len(waits), 1)
}
