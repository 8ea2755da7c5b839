package tracking_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// Whatever people, links, batches, answers and stops are drawn: of two calls of
// a source that share an id, the one that entered first is accepted first, or is
// given up and the other one with it.
func TestRandomBatchesThatOverlap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := drawOverlap(rt)
		synctest.Test(t, func(t *testing.T) { o.run(t) })
		o.check(rt)
	})
}

// overlap is what is sent, what the server does, and what comes of it.
type overlap struct {
	perReq, parallel int
	batches          []*drawnBatch
	guilty           map[string]bool
	answers          []drawnAnswer

	mu       sync.Mutex
	asked    int
	accepted map[string]int
}

type drawnBatch struct {
	calls      []segment.Call
	pause      time.Duration
	stopsAfter time.Duration
	entered    time.Time
	stopped    time.Time
	violations []*segment.Violation
}

type drawnAnswer struct {
	status int
	delay  time.Duration
}

func drawOverlap(rt *rapid.T) *overlap {
	o := &overlap{
		perReq: rapid.IntRange(1, 20).Draw(rt, "calls a request"), parallel: rapid.IntRange(1, 6).Draw(rt, "parallel"),
		guilty: map[string]bool{}, accepted: map[string]int{},
	}
	people := rapid.IntRange(1, 12).Draw(rt, "people")
	areGuilty, areStopped := rapid.Bool().Draw(rt, "guilty calls"), rapid.Bool().Draw(rt, "stops")
	id := rapid.Map(rapid.IntRange(0, people), func(n int) segment.ID {
		if n == 0 {
			return 0
		}
		return segment.IDOf(fmt.Append(nil, n))
	})
	for b := range rapid.IntRange(1, 8).Draw(rt, "batches") {
		batch := &drawnBatch{pause: time.Duration(rapid.IntRange(0, 150).Draw(rt, "pause")) * time.Millisecond}
		if areStopped && rapid.IntRange(0, 3).Draw(rt, "stops") == 0 {
			batch.stopsAfter = time.Duration(rapid.IntRange(0, 2000).Draw(rt, "after")) * time.Millisecond
		}
		for n := range rapid.IntRange(1, 40).Draw(rt, "calls") {
			call := track("u", 1000*b+n)
			call.WriteKey = rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "key")
			call.UserID, call.AnonymousID, call.PreviousID = id.Draw(rt, "user"), id.Draw(rt, "anonymous"), id.Draw(rt, "previous")
			o.guilty[idIn(call)] = areGuilty && rapid.IntRange(0, 20).Draw(rt, "is guilty") == 0
			batch.calls = append(batch.calls, call)
		}
		o.batches = append(o.batches, batch)
	}
	for range rapid.IntRange(1, 20).Draw(rt, "answers") {
		o.answers = append(o.answers, drawnAnswer{
			rapid.SampledFrom([]int{200, 200, 200, 500, 429}).Draw(rt, "status"),
			time.Duration(rapid.IntRange(0, 100).Draw(rt, "delay")) * time.Millisecond,
		})
	}
	o.answers = append(o.answers, drawnAnswer{200, 10 * time.Millisecond})
	return o
}

func (o *overlap) run(t *testing.T) {
	client := tracking.NewClient(tracking.Config{
		Endpoint: "http://127.0.0.1", UserAgent: "test", Transport: o,
		MaxRequestBytes: 480_000, MaxRequestCalls: o.perReq, ParallelRequests: o.parallel, Timeout: 15 * time.Second,
		Retry: tracking.Retry{InitialInterval: 100 * time.Millisecond, MaxInterval: time.Second},
	})
	defer client.Close()
	// A key that has taken nothing so far is held where it refuses a call.
	for n, key := range []string{"a", "b"} {
		call := track("first", n)
		call.WriteKey = key
		require.Empty(t, failed(client.Send(t.Context(), []segment.Call{call}, &observed{})))
	}
	var sent sync.WaitGroup
	for _, batch := range o.batches {
		time.Sleep(batch.pause)
		ctx, cancel := t.Context(), context.CancelFunc(func() {})
		if batch.stopsAfter > 0 {
			ctx, cancel = context.WithTimeout(ctx, batch.stopsAfter)
			batch.stopped = time.Now().Add(batch.stopsAfter)
		}
		delivery := client.Enter(ctx, batch.calls, &observed{})
		batch.entered = time.Now()
		sent.Go(func() {
			defer cancel()
			batch.violations = delivery.Wait()
		})
	}
	sent.Wait()
}

// RoundTrip is Segment, which takes requests in as they are sent.
func (o *overlap) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	next := o.answer(body)
	select {
	case <-time.After(next.delay):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	return &http.Response{StatusCode: next.status, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}

func (o *overlap) answer(body []byte) drawnAnswer {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := o.answers[min(o.asked, len(o.answers)-1)]
	o.asked++
	if next.status != http.StatusOK {
		return next
	}
	ids := messageID.FindAllSubmatch(body, -1)
	for _, id := range ids {
		if o.guilty[string(id[1])] {
			next.status = http.StatusBadRequest
			return next
		}
	}
	for _, id := range ids {
		if _, again := o.accepted[string(id[1])]; !again {
			o.accepted[string(id[1])] = len(o.accepted)
		}
	}
	return next
}

// check compares with a model that has everything in one list.
func (o *overlap) check(rt *rapid.T) {
	type line struct {
		key string
		id  segment.ID
	}
	last, lost := map[line]int{}, map[line]time.Time{}
	anyGuilty := false
	for _, isGuilty := range o.guilty {
		anyGuilty = anyGuilty || isGuilty
	}
	for _, batch := range o.batches {
		for i, call := range batch.calls {
			id := idIn(call)
			place, isAccepted := o.accepted[id]
			isSettledWell := batch.violations == nil || batch.violations[i] == nil
			require.True(rt, isAccepted || !isSettledWell, "%s is lost", id)
			if o.guilty[id] {
				require.False(rt, isSettledWell, "%s is guilty", id)
			}
			isLost := !isSettledWell && batch.violations[i].Reason == segment.ReasonUndelivered
			for _, who := range []segment.ID{call.UserID, call.AnonymousID, call.PreviousID} {
				if who == 0 {
					continue
				}
				l := line{call.WriteKey, who}
				if isAccepted {
					before, isKnown := last[l]
					require.True(rt, !isKnown || before <= place, "%s was accepted before one that entered before", id)
					last[l] = place
				}
				if stopped := lost[l]; !anyGuilty && batch.entered.Before(stopped) {
					require.True(rt, isLost, "%s came after one that was given up", id)
				}
			}
			if !isLost {
				continue
			}
			// It was given up when its own batch stopped, or with an earlier one, also
			// where that stopped at the instant at which this one entered.
			at := batch.stopped
			for _, who := range []segment.ID{call.UserID, call.AnonymousID, call.PreviousID} {
				with := lost[line{call.WriteKey, who}]
				if who != 0 && !batch.entered.After(with) && (at.IsZero() || with.Before(at)) {
					at = with
				}
			}
			for _, who := range []segment.ID{call.UserID, call.AnonymousID, call.PreviousID} {
				if l := (line{call.WriteKey, who}); who != 0 && lost[l].Before(at) {
					lost[l] = at
				}
			}
		}
	}
}

// entering lets batches enter one after the other, and returns what became of
// them.
func entering(t *testing.T, client *tracking.Client, batches ...[]segment.Call) (results [][]*segment.Violation) {
	results = make([][]*segment.Violation, len(batches))
	var sent sync.WaitGroup
	for i, batch := range batches {
		delivery := client.Enter(t.Context(), batch, &observed{})
		sent.Go(func() { results[i] = delivery.Wait() })
		synctest.Wait()
	}
	sent.Wait()
	return results
}

func TestACallWaitsForThoseOfItsPersonInEarlierBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(10 * time.Second).Match(segmenttest.Match{User: "slow"}).Times(1)
		client := tracking.NewClient(config(sb))
		started := time.Now()

		entering(
			t, client,
			[]segment.Call{track("slow", 1)},
			[]segment.Call{track("slow", 2), track("fast", 3)},
			[]segment.Call{track("slow", 4), track("fast", 5), track("other", 6)},
		)

		at := map[string]time.Duration{}
		for _, req := range sb.Requests() {
			for _, id := range req.MessageIDs {
				at[id] = req.ReceivedAt.Sub(started)
			}
		}
		assert.Equal(t, map[string]time.Duration{
			"slow-00001": 0, "fast-00003": 0, "fast-00005": 0, "other-00006": 0,
			"slow-00002": 10 * time.Second, "slow-00004": 10 * time.Second,
		}, at)
		assert.Len(t, sb.Requests(), 4, "what waited goes together")
	})
}

// While all slots are taken, what comes in gathers, and goes in one request.
func TestWhatComesInWhileSlotsAreTakenGoesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(time.Second)
		conf := config(sb)
		conf.ParallelRequests = 2
		var batches [][]segment.Call
		for n := range 50 {
			batches = append(batches, []segment.Call{track(fmt.Sprintf("u-%d", n), n)})
		}

		results := entering(t, tracking.NewClient(conf), batches...)

		for _, violations := range results {
			assert.Empty(t, failed(violations))
		}
		var calls []int
		for _, req := range sb.Requests() {
			calls = append(calls, req.Calls)
		}
		assert.Equal(t, []int{1, 1, 48}, calls)
	})
}

// A batch with calls that were given up does not return before an earlier one
// with such calls, so that both come again in their order.
func TestBatchesWithCallsGivenUpReturnInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(500).Match(segmenttest.Match{User: "bad"})
		sb.Delay(10 * time.Minute).Match(segmenttest.Match{User: "slow"})
		conf := config(sb)
		conf.Retry.MaxElapsedTime, conf.Timeout = time.Minute, time.Hour
		conf.MaxRequestCalls = 1
		client := tracking.NewClient(conf)
		var mu sync.Mutex
		var order []string
		var sent sync.WaitGroup
		for name, batch := range []([]segment.Call){
			{track("bad", 1), track("slow", 2)}, {track("bad", 3)}, {track("good", 4)},
		} {
			delivery := client.Enter(t.Context(), batch, &observed{})
			sent.Go(func() {
				violations := delivery.Wait()
				mu.Lock()
				defer mu.Unlock()
				order = append(order, fmt.Sprint(name, failed(violations)))
			})
		}
		sent.Wait()

		assert.Equal(t, []string{"2 []", "0 [0]", "1 [0]"}, order)
	})
}
