package tracking_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// A request that needs longer than the timeout is sent again whole for ever by
// others: https://github.com/vectordotdev/vector/issues/23665 (the log advises
// to make batches smaller by hand),
// https://github.com/dwavesystems/dwave-cloud-client/issues/439 (9 MB on ADSL),
// https://github.com/sighupio/module-logging/pull/65 (fluentd: the retry fails,
// too, because it is as large), https://github.com/segmentio/analytics-android/issues/408
// (it keeps on retrying, on one of two phones).
func TestALinkTooSlowForAFullRequestCarriesAll(t *testing.T) {
	for _, parallel := range []int{1, 8, 64} {
		for _, perSecond := range []int{16_000, 2000, 200} {
			t.Run(fmt.Sprintf("%d at a time, %d bytes a second", parallel, perSecond), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					link := newSlowLink(perSecond)
					calls := kilobyteCalls(min(1500, perSecond))
					started := time.Now()
					watch := &observed{}

					errs := tracking.NewClient(over(link, parallel)).Send(t.Context(), calls, watch)

					assert.Empty(t, failed(errs))
					requireAllInOrder(t, calls, link.accepted)
					// Some of it goes into finding the size that fits.
					needed := time.Duration(1400*len(calls)/perSecond) * time.Second
					assert.Less(t, time.Since(started), 2*needed+4*time.Minute)
					assert.Zero(t, watch.splits, "nothing was refused")
				})
			})
		}
	}
}

// The first time-outs may be about anything, so that the request stays as it is.
// Then it shrinks, down to one call, and counts its attempts all the while.
func TestARequestShrinksFromTheThirdTimeoutInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(1_000_000)
		link.hangs = func([]byte) bool { return true }
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()

		watch := &observed{}

		errs := tracking.NewClient(over(link, 1)).Send(ctx, kilobyteCalls(8), watch)

		for i := range errs {
			assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[i]))
		}
		assert.Equal(t, []int{8, 8, 8, 4, 2, 1, 1, 1}, link.sizes()[:8])
		var counts []string
		for _, r := range link.requests[:8] {
			counts = append(counts, r.retryCount)
		}
		assert.Equal(t, []string{"", "1", "2", "3", "4", "5", "6", "7"}, counts)
		told := watch.unanswered
		require.GreaterOrEqual(t, len(told), 2)
		assert.Equal(t, 8, told[0].Calls, "it is said at the third attempt")
		assert.Equal(t, 1, told[len(told)-1].Calls)
		assert.Equal(t, 15*time.Second, told[0].Timeout)
		assert.InDelta(t, 8*1410, told[0].WireBytes, 100)
	})
}

// After an outage in which nothing was answered, requests are as large as ever
// again, soon.
func TestRequestsGrowAgainAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(10_000_000)
		over1Hour := time.Now().Add(time.Hour)
		link.hangs = func([]byte) bool { return time.Now().Before(over1Hour) }
		client := tracking.NewClient(over(link, 4))
		calls := kilobyteCalls(3000)

		require.Empty(t, failed(client.Send(t.Context(), calls, &observed{})))

		requireAllInOrder(t, calls, link.accepted)
		assert.Less(t, time.Since(over1Hour), 2*time.Minute)
		answered := slices.DeleteFunc(link.requests, func(r carried) bool { return !r.isAnswered })
		assert.Less(t, len(answered), 100)
		link.requests = nil
		require.Empty(t, failed(client.Send(t.Context(), calls, &observed{})))
		assert.Less(t, len(link.requests), 12, "full requests")
	})
}

// Two time-outs in a row, of however many requests at a time, are nobody's size.
func TestAShortOutageLeavesRequestsAsTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(10_000_000)
		over31Seconds := time.Now().Add(31 * time.Second)
		link.hangs = func([]byte) bool { return time.Now().Before(over31Seconds) }
		calls := kilobyteCalls(3000)

		require.Empty(t, failed(tracking.NewClient(over(link, 16)).Send(t.Context(), calls, &observed{})))

		answered := slices.DeleteFunc(link.requests, func(r carried) bool { return !r.isAnswered })
		assert.Less(t, len(answered), 12, "full requests")
	})
}

// Nothing is smaller than a single call, so that its time-outs say nothing of
// larger requests.
func TestSingleCallsThatTimeOutLeaveLargerRequestsAsTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(10_000_000)
		over10Minutes := time.Now().Add(10 * time.Minute)
		link.hangs = func([]byte) bool { return time.Now().Before(over10Minutes) }
		client := tracking.NewClient(over(link, 4))
		require.Empty(t, failed(client.Send(t.Context(), kilobyteCalls(1), &observed{})))
		link.requests = nil

		require.Empty(t, failed(client.Send(t.Context(), kilobyteCalls(3000), &observed{})))

		assert.Less(t, len(link.requests), 12, "full requests")
	})
}

// What is learned holds for all requests: for those that wait meanwhile, and for
// those that take their calls later.
func TestFewTimeoutsAreEnoughForManyRequests(t *testing.T) {
	for _, parallel := range []int{1, 16} {
		t.Run(fmt.Sprintf("%d at a time", parallel), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				link := newSlowLink(16_000)
				client := tracking.NewClient(over(link, parallel))
				calls, started := kilobyteCalls(10_000), time.Now()

				require.Empty(t, failed(client.Send(t.Context(), calls, &observed{})))

				requireAllInOrder(t, calls, link.accepted)
				soon, late := started.Add(5*time.Minute), 0
				for _, r := range link.requests {
					if !r.isAnswered && r.ended.Before(soon) {
						late++
					}
				}
				assert.LessOrEqual(t, late, parallel+5)
				assert.Less(t, len(link.sizes()), 300, "fewer side by side, and not smaller")
			})
		})
	}
}

// A server that takes its time whatever it gets keeps requests small after an
// outage for as long as it takes to find that out.
func TestASlowServerGetsFullRequestsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(10_000_000)
		over1Hour := time.Now().Add(time.Hour)
		link.hangs = func([]byte) bool { return time.Now().Before(over1Hour) }
		link.answersAfter = 6 * time.Second
		client := tracking.NewClient(over(link, 4))

		require.Empty(t, failed(client.Send(t.Context(), kilobyteCalls(20_000), &observed{})))

		assert.Less(t, time.Since(over1Hour), 30*time.Minute)
		link.requests = nil
		require.Empty(t, failed(client.Send(t.Context(), kilobyteCalls(3000), &observed{})))
		assert.Less(t, len(link.requests), 12, "full requests")
	})
}

// Requests that are small by themselves say nothing of a bound from an earlier
// outage: however slow their answers, as many go side by side as ever.
func TestSmallRequestsGoSideBySideAgainAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(10_000_000)
		over10Minutes := time.Now().Add(10 * time.Minute)
		link.hangs = func([]byte) bool { return time.Now().Before(over10Minutes) }
		link.answersAfter = 5 * time.Second
		client := tracking.NewClient(over(link, 64))
		const keys, rounds = 8, 12
		calls := kilobyteCalls(5 * keys)
		for i := range calls {
			calls[i].WriteKey = fmt.Sprint("key", i%keys)
		}
		var last time.Duration

		for range rounds {
			started := time.Now()
			require.Empty(t, failed(client.Send(t.Context(), calls, &observed{})))
			last = time.Since(started)
		}

		assert.Less(t, last, 2*link.answersAfter, "one request of each key, side by side")
	})
}

// One of three servers hangs, after an outage of all of them. That is not about the
// size, which gets through at the others.
func TestOneServerThatHangsDoesNotKeepRequestsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(10_000_000)
		over1Hour := time.Now().Add(time.Hour)
		var turn atomic.Int64
		link.hangs = func([]byte) bool { return time.Now().Before(over1Hour) || turn.Add(1)%3 == 0 }
		client := tracking.NewClient(over(link, 4))

		calls := kilobyteCalls(10_000)

		require.Empty(t, failed(client.Send(t.Context(), calls, &observed{})))

		requireAllInOrder(t, calls, link.accepted)
		assert.Less(t, time.Since(over1Hour), 6*time.Hour)
	})
}

// A server that cannot be connected to says nothing of the size.
func TestWhatIsNotConnectedStaysWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int64
		dead := roundTrip(func(req *http.Request) (*http.Response, error) {
			sizes = append(sizes, req.ContentLength)
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()

		watch := &observed{}

		tracking.NewClient(over(dead, 1)).Send(ctx, kilobyteCalls(100), watch)

		require.Greater(t, len(sizes), 8)
		assert.Equal(t, sizes[0], slices.Min(sizes))
		for _, told := range watch.unanswered {
			assert.Zero(t, told)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// Something on the way swallows what is large. What is small and gets through all
// the while does not hide that, and the large requests are not tried for ever.
func TestWhatGetsThroughInSmallRequestsDoesNotHideWhatIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(10_000_000)
		link.hangs = func(body []byte) bool { return len(body) > 50_000 }
		client := tracking.NewClient(over(link, 4))
		large := kilobyteCalls(1000)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		delivery := client.Enter(ctx, large, &observed{})
		isOver := make(chan struct{})
		var small sync.WaitGroup
		small.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-isOver:
					return
				case <-time.After(time.Second):
					assert.Empty(t, failed(client.Send(t.Context(), []segment.Call{track("somebody", n)}, &observed{})))
				}
			}
		})

		assert.Empty(t, failed(delivery.Wait()))

		close(isOver)
		small.Wait()
		requireAllInOrder(t, large, link.accepted)
	})
}

// What was tried together has the same time: parts do not get it once more.
func TestPartsAreGivenUpTogetherAfterMaxElapsedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := newSlowLink(1_000_000)
		link.hangs = func([]byte) bool { return true }
		conf := over(link, 1)
		conf.Retry.MaxElapsedTime = 3 * time.Minute
		started := time.Now()

		errs := tracking.NewClient(conf).Send(t.Context(), kilobyteCalls(300), &observed{})

		for i := range errs {
			assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[i]))
		}
		assert.Less(t, slices.Min(link.sizes()), 100, "it has shrunk")
		assert.LessOrEqual(t, time.Since(started), conf.Retry.MaxElapsedTime+conf.Timeout)
	})
}

// Whatever the link, the people, and the calls that the server does not want:
// exactly these are refused, and the others arrive in order.
func TestRandomSlowLinksAndGuiltyCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		link := newSlowLink(rapid.IntRange(200, 100_000).Draw(rt, "bytes a second"))
		link.guilty = map[string]bool{}
		if limit := rapid.IntRange(0, 60_000).Draw(rt, "swallows more than"); limit > 2000 {
			link.hangs = func(body []byte) bool { return len(body) > limit }
		}
		calls := kilobyteCalls(rapid.IntRange(1, 200).Draw(rt, "calls"))
		for range rapid.IntRange(0, 5).Draw(rt, "guilty") {
			link.guilty[idIn(calls[rapid.IntRange(0, len(calls)-1).Draw(rt, "one")])] = true
		}
		parallel := rapid.IntRange(1, 8).Draw(rt, "parallel requests")
		perReq := rapid.IntRange(1, 200).Draw(rt, "calls a request")
		var errs []*segment.Violation
		synctest.Test(t, func(t *testing.T) {
			conf := over(link, parallel)
			conf.MaxRequestCalls = perReq
			// A channel belongs to its bubble.
			link.turn = make(chan struct{}, 1)
			client := tracking.NewClient(conf)
			require.Empty(t, failed(client.Send(t.Context(), []segment.Call{track("first", 0)}, &observed{})))
			// Far more than any of these links needs.
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			errs = client.Send(ctx, calls, &observed{})
		})
		var good []segment.Call
		for i, call := range calls {
			if !link.guilty[idIn(call)] {
				good = append(good, call)
				require.True(rt, errs == nil || errs[i] == nil, "%s is innocent", idIn(call))
				continue
			}
			require.NotNil(rt, errs[i], "%s is guilty", idIn(call))
			require.Equal(rt, segment.ReasonRefused, errs[i].Reason)
		}
		requireAllInOrder(t, good, link.accepted)
		require.False(rt, slices.ContainsFunc(link.accepted, func(id string) bool { return link.guilty[id] }))
	})
}
