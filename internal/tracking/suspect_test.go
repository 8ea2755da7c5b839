package tracking_test

import (
	"context"
	"fmt"
	"net/http"
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

// poison is an event that the servers of these tests do not take.
const poison = "poison"

func poisoned(call segment.Call, n int) segment.Call {
	call.JSON = fmt.Appendf(nil, `{"type":"track","event":%q,"userId":"poisoned","messageId":"poison-%05d"}`, poison, n)
	return call
}

// poisonable is a sandbox that refuses the poison.
func poisonable(t *testing.T, status int) *segmenttest.Server {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(status).Match(segmenttest.Match{Event: poison})
	return sb
}

// samplesIn counts the requests with nothing but one call that had been accepted.
func samplesIn(sb *segmenttest.Server) (n int) {
	accepted := map[string]bool{}
	for _, req := range sb.Requests() {
		if req.Calls == 1 && accepted[req.MessageIDs[0]] {
			n++
		}
		for _, id := range req.MessageIDs {
			accepted[id] = accepted[id] || req.Status == http.StatusOK
		}
	}
	return n
}

// A proxy that answers for Segment refuses whatever it is sent. Nothing of that
// is the calls' fault, also where the key was good before.
func TestAnEdgeThatRefusesEverythingCostsNoCall(t *testing.T) {
	for _, status := range []int{400, 409, 413, 418, 422} {
		for _, parallel := range []int{1, 8} {
			t.Run(fmt.Sprintf("%d, %d side by side", status, parallel), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sb := segmenttest.NewInProcess(t)
					conf := config(sb)
					conf.MaxRequestCalls, conf.ParallelRequests = 50, parallel
					client := trusted(t, conf)
					edge := sb.Fail(status)
					time.AfterFunc(10*time.Second, edge.Remove)
					watch := &observed{}

					errs := client.Send(t.Context(), tracks(900, 100), watch)

					assert.Empty(t, failed(errs))
					assert.Equal(t, 1+900, sb.Summary().Unique)
					requireOrder(t, firstAccepted(sb))
					said := fmt.Sprintf("setup: status %d for a call that it had accepted before", status)
					assert.Equal(t, []string{said}, watch.stuck)
					assert.Equal(t, 1, watch.recoveries)
					assert.LessOrEqual(t, edge.Hits(), 16+16+40, "found out soon, and then asked with a call at a time")
				})
			})
		}
	}
}

func TestAnEdgeThatRefusesEverythingIsASetupErrorThatCanBeRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		conf := config(sb)
		conf.RejectOnSetupError = true
		client := trusted(t, conf)
		edge := sb.Fail(http.StatusBadRequest)
		watch := &observed{}

		errs := client.Send(t.Context(), tracks(100, 10), watch)

		assert.Len(t, failed(errs), 100)
		for _, v := range errs {
			assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, v))
			assert.Contains(t, v.Sentence, "status 400 for a call that it had accepted before, which is about the set-up")
		}
		assert.Empty(t, watch.stuck, "nothing is held")
		edge.Remove()
		require.Empty(t, failed(client.Send(t.Context(), tracks(100, 10), watch)))
	})
}

// What comes after a call that is given up must not overtake it, also where the
// edge is right again by then.
func TestWhatIsAfterARejectedSuspectIsRejectedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		conf := config(sb)
		conf.RejectOnSetupError, conf.MaxRequestCalls = true, 1
		client := trusted(t, conf)
		sb.Fail(http.StatusBadRequest).Times(16 + 1)

		errs := client.Send(t.Context(), tracks(30, 1), &observed{})

		assert.Len(t, failed(errs), 30)
		assert.Equal(t, 1, sb.Summary().Unique, "the one that was trusted")
	})
}

// A run of guilty calls is no reason to hold a key that takes others.
func TestGuiltyCallsInARowNeverHoldAKeyThatTakesOthers(t *testing.T) {
	for _, parallel := range []int{1, 8} {
		synctest.Test(t, func(t *testing.T) {
			sb := poisonable(t, http.StatusBadRequest)
			conf := config(sb)
			conf.ParallelRequests, conf.MaxRequestCalls = parallel, 100
			client := trusted(t, conf)
			calls := tracks(400, 40)
			for i := 100; i < 300; i++ {
				calls[i] = poisoned(calls[i], i)
			}
			watch := &observed{}
			started := time.Now()

			errs := client.Send(t.Context(), calls, watch)

			require.Len(t, failed(errs), 200)
			for i := 100; i < 300; i++ {
				require.Equal(t, segment.ReasonRefused, reasonOf(t, errs[i]))
			}
			assert.Zero(t, time.Since(started), "it goes on at once")
			assert.Empty(t, watch.stuck)
			assert.LessOrEqual(t, samplesIn(sb), 200/16)
			assert.LessOrEqual(t, len(sb.Requests()), 2*200+20, "two requests a guilty call at most, and the rest")
			requireOrder(t, firstAccepted(sb))
		})
	}
}

// What comes after it tells that it was this call.
func TestAGuiltyCallAmongGoodOnesTakesNoSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := tracking.NewClient(config(sb))
		calls := tracks(10, 3)
		calls[0] = poisoned(calls[0], 0)
		calls[5] = poisoned(calls[5], 5)
		started := time.Now()

		errs := client.Send(t.Context(), calls, &observed{})

		assert.Equal(t, []int{0, 5}, failed(errs), "also where it is the first call ever")
		assert.Zero(t, sb.Summary().Duplicates)
		assert.Zero(t, time.Since(started))
		assert.Equal(t, "the server answered this call alone with status 400, and accepted another one of the same write key after it; "+
			"so it is this call that it does not take, and it needs a mapping or a dead letter", errs[0].Sentence)
	})
}

func TestAfterASecondOfQuietASampleTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := trusted(t, config(sb))
		started := time.Now()

		errs := client.Send(t.Context(), []segment.Call{poisoned(track("u", 0), 0)}, &observed{})

		assert.Equal(t, []int{0}, failed(errs))
		assert.Equal(t, segment.ReasonRefused, reasonOf(t, errs[0]))
		assert.Equal(t, time.Second, time.Since(started))
		requests := sb.Requests()
		require.Len(t, requests, 3)
		assert.Equal(t, requests[0].MessageIDs, requests[2].MessageIDs, "the call that was accepted last")
		assert.Equal(t, 1, sb.Summary().Duplicates, "which Segment knows by its id")
	})
}

// Another batch may bring the answer before.
func TestWhatAnotherBatchMeetsTellsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := trusted(t, config(sb))
		started := time.Now()
		first := make(chan []*segment.Violation, 1)
		go func() { first <- client.Send(t.Context(), []segment.Call{poisoned(track("u", 0), 0)}, &observed{}) }()
		time.Sleep(300 * time.Millisecond)

		require.Empty(t, failed(client.Send(t.Context(), tracks(3, 1), &observed{})))

		assert.Equal(t, segment.ReasonRefused, reasonOf(t, (<-first)[0]))
		assert.Equal(t, 300*time.Millisecond, time.Since(started))
		assert.Zero(t, samplesIn(sb))
	})
}

// As long as an answer is waited for, it may tell, and nothing else has to wait.
func TestThereIsNoQuietWhileARequestIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := trusted(t, config(sb))
		sb.Delay(10 * time.Second).Match(segmenttest.Match{User: "slow"})
		started := time.Now()
		sends := make(chan []*segment.Violation, 2)
		go func() { sends <- client.Send(t.Context(), []segment.Call{poisoned(track("u", 0), 0)}, &observed{}) }()
		synctest.Wait()
		go func() { sends <- client.Send(t.Context(), []segment.Call{track("slow", 0)}, &observed{}) }()
		time.Sleep(2 * time.Second)

		require.Empty(t, failed(client.Send(t.Context(), tracks(3, 1), &observed{})))

		assert.Equal(t, segment.ReasonRefused, reasonOf(t, (<-sends)[0]))
		assert.Equal(t, 2*time.Second, time.Since(started))
		assert.Empty(t, failed(<-sends))
		assert.Zero(t, samplesIn(sb))
	})
}

// An answer to what was sent before the refusal tells nothing about it: the edge
// may have come in between.
func TestAnAcceptanceOfWhatWasSentBeforeTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		client := trusted(t, config(sb))
		sb.Delay(500 * time.Millisecond).Match(segmenttest.Match{User: "slow"}).Times(1)
		first := make(chan []*segment.Violation, 1)
		go func() { first <- client.Send(t.Context(), []segment.Call{track("slow", 0)}, &observed{}) }()
		synctest.Wait()
		time.AfterFunc(10*time.Second, sb.Fail(http.StatusBadRequest).Remove)

		errs := client.Send(t.Context(), []segment.Call{track("u", 1)}, &observed{})

		assert.Empty(t, failed(<-first))
		assert.Empty(t, failed(errs))
	})
}

// A request that is under way when sixteen calls are suspect may tell as well,
// and must not be overtaken by what goes back.
func TestASampleWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		conf := config(sb)
		conf.MaxRequestCalls = 1
		client := trusted(t, conf)
		sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: poison}).Delay(100 * time.Millisecond)
		sb.Delay(5 * time.Second).Match(segmenttest.Match{User: "slow"}).Times(1)
		calls := tracks(20, 1)
		for i := range 17 {
			calls[i] = poisoned(calls[i], i)
		}
		first := make(chan []*segment.Violation, 1)
		started := time.Now()
		time.AfterFunc(time.Second+time.Millisecond, func() {
			first <- client.Send(t.Context(), []segment.Call{track("slow", 0)}, &observed{})
		})

		errs := client.Send(t.Context(), calls, &observed{})

		assert.Empty(t, failed(<-first))
		assert.Len(t, failed(errs), 17)
		assert.Greater(t, time.Since(started), 6*time.Second)
		for _, req := range sb.Requests() {
			in := req.ReceivedAt.Sub(started)
			assert.False(t, in > 1600*time.Millisecond && in < 6*time.Second, "a request after %v", in)
		}
		// It was sent after some of the refusals. Of the rest a sample tells.
		assert.Equal(t, 1, samplesIn(sb))
	})
}

// A key that never accepted anything gives nothing to compare with: its calls
// are held, one at a time is tried, and none is thrown at the dead letter.
func TestAKeyThatRefusesEverythingIsTakenForWrong(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnprocessableEntity} {
		synctest.Test(t, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			wrong := sb.Fail(status)
			client := tracking.NewClient(config(sb))
			watch := &observed{}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()

			errs := client.Send(ctx, tracks(1000, 100), watch)

			require.Len(t, failed(errs), 1000)
			for _, v := range errs {
				assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, v))
			}
			said := fmt.Sprintf("setup: status %d, while no call of this write key is known to have been accepted", status)
			require.NotEmpty(t, watch.stuck)
			assert.Equal(t, said, watch.stuck[0])
			assert.LessOrEqual(t, wrong.Hits(), 5+2*16+20, "one request a pause")

			wrong.Remove()
			assert.Empty(t, failed(client.Send(t.Context(), tracks(1000, 100), watch)))
			assert.Equal(t, 1, watch.recoveries)
			requireOrder(t, sb.Calls())
		})
	}
}

// Where calls do not wait for the set-up to be fixed, it is not certain that
// nothing is wrong with them, and the sentence does not say so.
func TestAKeyThatRefusesEverythingCanBeRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusBadRequest)
		conf := config(sb)
		conf.RejectOnSetupError = true
		started := time.Now()

		errs := tracking.NewClient(conf).Send(t.Context(), []segment.Call{track("u", 0)}, &observed{})

		assert.Equal(t, time.Second, time.Since(started))
		require.Len(t, errs, 1)
		assert.Equal(t, "segment undelivered -: the last attempt met status 400, while no call of this write key is known to have been accepted; "+
			"check the set-up first, and then send the event again as it is", errs[0].Error())
	})
}

// A key under suspicion is cleared by the first good call, so that requests of
// several calls are cut as ever.
func TestASuspectedKeyIsClearedByAGoodCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := tracking.NewClient(config(sb))
		calls := tracks(16, 16)
		for i := range calls {
			calls[i] = poisoned(calls[i], i)
		}
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		errs := client.Send(short, calls, &observed{})
		require.Len(t, failed(errs), 16)
		require.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[15]), "the key has taken none so far")
		long, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()

		calls = tracks(250, 25)
		calls[200] = poisoned(calls[200], 200)
		errs = client.Send(long, calls, &observed{})

		assert.Equal(t, []int{200}, failed(errs))
	})
}

func TestStoppingGivesSuspectsBack(t *testing.T) {
	for name, status := range map[string]int{"before the sample is sent": 0, "while the key is held": http.StatusBadRequest} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := poisonable(t, http.StatusBadRequest)
				client := trusted(t, config(sb))
				if status != 0 {
					sb.Fail(status).Match(segmenttest.Match{User: "first"})
				}
				ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond+time.Duration(status)*10*time.Millisecond)
				defer cancel()

				errs := client.Send(ctx, []segment.Call{poisoned(track("u", 0), 0), poisoned(track("u", 1), 1)}, &observed{})

				assert.Equal(t, []int{0, 1}, failed(errs))
				for _, v := range errs {
					assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, v))
					assert.Contains(t, v.Sentence, "stopped")
				}
			})
		})
	}
}

// The suspects of one batch do not keep those of another from their verdict.
func TestAStoppedBatchLeavesTheSuspectsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := trusted(t, config(sb))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		var batches sync.WaitGroup

		batches.Go(func() {
			errs := client.Send(ctx, []segment.Call{poisoned(track("u", 0), 0)}, &observed{})
			assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[0]))
		})
		batches.Go(func() {
			errs := client.Send(t.Context(), []segment.Call{poisoned(track("v", 1), 1)}, &observed{})
			assert.Equal(t, segment.ReasonRefused, reasonOf(t, errs[0]))
		})
		batches.Wait()
	})
}

// Where nobody is suspect any more, nobody waits to know.
func TestAStoppedBatchLeavesNoDoubtBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := trusted(t, config(sb))
		sb.Delay(10 * time.Second).Match(segmenttest.Match{User: "first"})
		ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
		defer cancel()
		errs := client.Send(ctx, []segment.Call{poisoned(track("u", 0), 0)}, &observed{})
		require.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[0]))
		started := time.Now()

		require.Empty(t, failed(client.Send(t.Context(), tracks(3, 1), &observed{})))

		assert.Zero(t, time.Since(started))
	})
}

func TestAKeyThatIsRefusedStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		conf := config(sb)
		conf.ParallelRequests = 1
		client := tracking.NewClient(conf)
		calls := tracks(30, 30)
		for i := range calls {
			calls[i].WriteKey = []string{"good", "edge", "poisoned"}[i%3]
		}
		require.Empty(t, failed(client.Send(t.Context(), calls, &observed{})))
		calls[2] = poisoned(calls[2], 2)
		sb.Fail(http.StatusConflict).Match(segmenttest.Match{Event: poison})
		edge := sb.Fail(http.StatusConflict).Match(segmenttest.Match{WriteKey: "edge"})
		time.AfterFunc(time.Hour, edge.Remove)
		started := time.Now()

		errs := client.Send(t.Context(), calls, &observed{})

		assert.Equal(t, []int{2}, failed(errs))
		assert.Greater(t, time.Since(started), time.Hour)
		for _, req := range sb.Requests() {
			if req.WriteKey != "edge" && req.ReceivedAt.After(started) {
				assert.Less(t, req.ReceivedAt.Sub(started), time.Second, req.WriteKey)
			}
		}
	})
}

// Whatever else the sample meets tells nothing, and is waited out.
func TestASampleThatTellsNothingIsSentAgain(t *testing.T) {
	for name, meet := range map[string]func(*segmenttest.Server) *segmenttest.Injected{
		"an outage":      func(sb *segmenttest.Server) *segmenttest.Injected { return sb.Fail(503) },
		"a throttle":     func(sb *segmenttest.Server) *segmenttest.Injected { return sb.Fail(429).RetryAfter("7") },
		"a wrong set-up": func(sb *segmenttest.Server) *segmenttest.Injected { return sb.Fail(401) },
		"no answer":      func(sb *segmenttest.Server) *segmenttest.Injected { return sb.Drop() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := poisonable(t, http.StatusBadRequest)
				client := trusted(t, config(sb))
				met := meet(sb).Match(segmenttest.Match{User: "first"}).Times(3)

				errs := client.Send(t.Context(), []segment.Call{poisoned(track("u", 0), 0)}, &observed{})

				assert.Equal(t, segment.ReasonRefused, reasonOf(t, errs[0]))
				assert.Equal(t, 3, met.Hits())
			})
		})
	}
}

// It waits for a verdict that has nothing to do with it.
func TestTheWaitForAVerdictIsExcused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		conf := config(sb)
		conf.Retry.MaxElapsedTime = 500 * time.Millisecond
		client := trusted(t, conf)

		errs := client.Send(t.Context(), []segment.Call{poisoned(track("u", 0), 0)}, &observed{})

		assert.Equal(t, segment.ReasonRefused, reasonOf(t, errs[0]))
	})
}

func TestAKeyThatIsHeldForItsRefusalsIsReportedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusBadRequest)
		watch := &observed{}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()

		errs := tracking.NewClient(config(sb)).Send(ctx, tracks(30, 3), watch)

		assert.Len(t, failed(errs), 30)
		assert.Len(t, watch.stuck, 1)
	})
}

// A refusal may be that of an edge, which has only taken another form.
func TestARefusalOfACallAloneIsNoRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		client := trusted(t, config(sb))
		sb.Fail(http.StatusBadGateway).Times(5)
		edge := sb.Fail(http.StatusBadRequest)
		watch := &observed{}
		time.AfterFunc(time.Minute, func() {
			watch.mu.Lock()
			defer watch.mu.Unlock()
			assert.Zero(t, watch.recoveries)
			edge.Remove()
		})

		errs := client.Send(t.Context(), []segment.Call{track("u", 0)}, watch)

		assert.Empty(t, failed(errs))
		assert.Equal(t, 1, watch.recoveries)
	})
}

// The sample may be refused for what is in it, as by a firewall with a new rule.
// A key that takes others is not held for that.
func TestASampleIsNotTheOnlyProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := poisonable(t, http.StatusBadRequest)
		client := trusted(t, config(sb))
		sb.Fail(http.StatusConflict).Match(segmenttest.Match{User: "first"})
		first := make(chan []*segment.Violation, 1)
		go func() { first <- client.Send(t.Context(), []segment.Call{poisoned(track("u", 0), 0)}, &observed{}) }()
		time.Sleep(2 * time.Second)

		require.Empty(t, failed(client.Send(t.Context(), tracks(10, 3), &observed{})))

		assert.Equal(t, segment.ReasonRefused, reasonOf(t, (<-first)[0]))
	})
}

func TestPatienceEndsForSuspectsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		conf := config(sb)
		conf.Retry.MaxElapsedTime = 10 * time.Minute
		client := trusted(t, conf)
		sb.Fail(http.StatusBadRequest)
		started := time.Now()

		errs := client.Send(t.Context(), tracks(30, 3), &observed{})

		require.Len(t, failed(errs), 30)
		assert.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[0]))
		assert.Contains(t, errs[0].Sentence, "max_elapsed_time")
		assert.InDelta(t, 10*time.Minute, time.Since(started), float64(10*time.Second))
	})
}
