package tracking_test

import (
	"fmt"
	"net/http"
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
