package tracking_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// trusted returns a client whose key the sandbox has accepted a call of.
func trusted(t *testing.T, conf tracking.Config) *tracking.Client {
	t.Helper()
	client := tracking.NewClient(conf)
	require.Empty(t, failed(client.Send(t.Context(), []segment.Call{track("first", 0)}, &observed{})))
	return client
}

func TestOneGuiltyCallFailsAlone(t *testing.T) {
	for _, status := range []int{400, 413, 422, 418} {
		for _, guilty := range []int{0, 1, 124, 249} {
			sb := sandbox.New(t)
			calls := tracks(250, 25)
			client := trusted(t, config(sb))
			id := sandbox.Match{Text: string(calls[guilty].JSON)}
			sb.Fail(status).Match(id)
			watch := &observed{}

			errs := client.Send(t.Context(), calls, watch)

			require.Equal(t, []int{guilty}, failed(errs), "status %d", status)
			assert.Equal(t, segment.ReasonRefused, reasonOf(t, errs[guilty]))
			assert.Contains(t, errs[guilty].Error(), "status 4")
			assert.Len(t, sb.Calls(), 1+249)
			assert.Zero(t, sb.Summary().Duplicates, "nobody else is sent twice")
			assert.LessOrEqual(t, len(sb.Requests()), 20)
			assert.Positive(t, watch.splits)
			requireOrder(t, sb.Calls())
		}
	}
}

func TestSeveralGuiltyCallsFailAlone(t *testing.T) {
	sb := sandbox.New(t)
	calls := tracks(250, 25)
	client := trusted(t, config(sb))
	guilty := []int{17, 130, 131}
	for _, i := range guilty {
		sb.Fail(http.StatusBadRequest).Match(sandbox.Match{Text: string(calls[i].JSON)})
	}

	errs := client.Send(t.Context(), calls, &observed{})

	assert.Equal(t, guilty, failed(errs))
	assert.Zero(t, sb.Summary().Duplicates)
	requireOrder(t, sb.Calls())
}

func TestRefusingEverythingTakesAtMostTwoRequestsACall(t *testing.T) {
	sb := sandbox.New(t)
	client := trusted(t, config(sb))
	sb.Fail(http.StatusBadRequest)

	errs := client.Send(t.Context(), tracks(1000, 100), &observed{})

	assert.Len(t, failed(errs), 1000)
	assert.LessOrEqual(t, len(sb.Requests()), 2001)
}

// A key that never worked and refuses call after call is a wrong key: the
// calls behind are kept and not thrown at the dead letter.
func TestAKeyThatRefusesEverythingIsTakenForWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.NewInProcess(t)
		wrong := sb.Fail(http.StatusBadRequest)
		client := tracking.NewClient(config(sb))
		watch := &observed{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()

		errs := client.Send(ctx, tracks(1000, 100), watch)

		refusedCalls := 0
		for _, err := range errs {
			if reasonOf(t, err) == segment.ReasonRefused {
				refusedCalls++
			}
		}
		assert.Equal(t, 15, refusedCalls)
		assert.NotEmpty(t, watch.stuck)

		wrong.Remove()
		errs = client.Send(t.Context(), tracks(1000, 100), watch)
		assert.Empty(t, failed(errs))
	})
}

// A key under suspicion is cleared by the first good call, so that requests of
// several calls are cut as ever.
func TestASuspectedKeyIsClearedByAGoodCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.NewInProcess(t)
		sb.Fail(http.StatusBadRequest).Match(sandbox.Match{Event: "poison"})
		poison := []byte(`{"type":"track","event":"poison","userId":"u"}`)
		client := tracking.NewClient(config(sb))
		calls := tracks(16, 16)
		for i := range calls {
			calls[i].JSON = poison
		}
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		errs := client.Send(short, calls, &observed{})
		require.Equal(t, segment.ReasonUndelivered, reasonOf(t, errs[15]), "the 16th makes the key suspect")
		long, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()

		calls = tracks(250, 25)
		calls[200].JSON = poison
		errs = client.Send(long, calls, &observed{})

		assert.Equal(t, []int{200}, failed(errs))
	})
}
