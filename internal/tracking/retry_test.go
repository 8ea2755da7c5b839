package tracking_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

func TestAFailureThatPassesIsRetriedWithBackoff(t *testing.T) {
	for _, status := range []int{408, 410, 460, 500, 502, 503, 504, 508, 529, 599} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := sandbox.NewInProcess(t)
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
		sb := sandbox.NewInProcess(t)
		sb.Drop().Times(2)

		errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(10, 3), &observed{})

		assert.Empty(t, failed(errs))
		assert.Len(t, sb.Calls(), 10)
	})
}

func TestAServerThatHangsIsGivenUpAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.NewInProcess(t)
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
		sb := sandbox.NewInProcess(t)
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
				sb := sandbox.NewInProcess(t)
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
				assert.LessOrEqual(t, time.Since(started), 4*test.want, "all lanes are told at once")
			})
		})
	}
}

func TestARetryAfterThatAsksForNothingIsBackedOff(t *testing.T) {
	for _, header := range []string{"0", "-1", "abc", "Fri, 01 Jan 1999 00:00:00 GMT", "1.5", ""} {
		t.Run(header, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := sandbox.NewInProcess(t)
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
			sb := sandbox.NewInProcess(t)
			sb.Fail(status).RetryAfter("10").Times(1)

			errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(1, 1), &observed{})

			assert.Empty(t, failed(errs))
			assert.InDelta(t, 10.5*float64(time.Second), gaps(sb)[0], float64(500*time.Millisecond))
		})
	}
}

// A server that throttles for ever gets one probe in a window, not one from
// each lane.
func TestOneRequestGoesFirstAfterAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.NewInProcess(t)
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
				sb := sandbox.NewInProcess(t)
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
		sb := sandbox.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).RetryAfter("60").Match(sandbox.Match{User: "user-000"}).Times(1)
		sb.Delay(10 * time.Second).Match(sandbox.Match{User: "user-001"}).Times(1)
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

// The lanes of one key fail together. Together they wait 5 s, and not each
// twice as long as the one before.
func TestLanesThatFailTogetherAreHeldForOnePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.NewInProcess(t)
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
		sb := sandbox.NewInProcess(t)
		client := tracking.NewClient(config(sb))
		for range 2 {
			sb.Fail(http.StatusUnauthorized).Times(2)
			require.Empty(t, failed(client.Send(t.Context(), tracks(1, 1), &observed{})))
		}

		assert.Equal(t, []time.Duration{5 * time.Second, 10 * time.Second, 0, 5 * time.Second, 10 * time.Second}, gaps(sb))
	})
}

func TestASetupErrorCanBeRejectedSoThatOtherKeysGoOn(t *testing.T) {
	sb := sandbox.New(t, sandbox.Config{WriteKeys: []string{"good"}})
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
		sb := sandbox.NewInProcess(t, sandbox.Config{WriteKeys: []string{"good"}})
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
		sb := sandbox.NewInProcess(t)
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

// A fleet that is told to come back in 100 s must not come back at one
// instant.
func TestAWaitIsSpreadByUpToATenth(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 5 {
		synctest.Test(t, func(t *testing.T) {
			sb := sandbox.NewInProcess(t)
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

func TestPatienceEndsAfterMaxElapsedTime(t *testing.T) {
	for name, fail := range map[string]func(*sandbox.TestServer){
		"a failure that passes": func(sb *sandbox.TestServer) { sb.Fail(http.StatusBadGateway) },
		"a wrong set-up":        func(sb *sandbox.TestServer) { sb.Fail(http.StatusUnauthorized) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := sandbox.NewInProcess(t)
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
		sb := sandbox.NewInProcess(t)
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
	for name, fail := range map[string]func(*sandbox.TestServer){
		"a Retry-After":   func(sb *sandbox.TestServer) { sb.Fail(429).RetryAfter("300") },
		"a hold":          func(sb *sandbox.TestServer) { sb.Fail(401) },
		"a backoff":       func(sb *sandbox.TestServer) { sb.Fail(500) },
		"a slow answer":   func(sb *sandbox.TestServer) { sb.Delay(time.Hour) },
		"a dead endpoint": func(sb *sandbox.TestServer) { sb.Drop() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := sandbox.NewInProcess(t)
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

// What comes behind a request that is given up must not overtake it.
func TestWhatIsBehindAGivenUpRequestIsGivenUpToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.NewInProcess(t)
		sb.Fail(500).Match(sandbox.Match{MessageID: "user-000-00020"})
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
		sb := sandbox.NewInProcess(t)
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
