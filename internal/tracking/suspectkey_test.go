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
