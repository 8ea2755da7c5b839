package tracking_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// trusted returns a client whose key the sandbox has accepted a call of.
func trusted(t *testing.T, conf tracking.Config) *tracking.Client {
	t.Helper()
	client := tracking.NewClient(conf)
	require.Empty(t, failed(client.Send(t.Context(), []segment.Call{track("first", 0)}, &observed{})))
	return client
}

func TestOneGuiltyCallFailsAlone(t *testing.T) {
	for _, status := range []int{400, 409, 413, 422, 418} {
		for _, guilty := range []int{0, 1, 124, 249} {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				calls := tracks(250, 25)
				client := trusted(t, config(sb))
				id := segmenttest.Match{Text: string(calls[guilty].JSON)}
				sb.Fail(status).Match(id)
				watch := &observed{}

				errs := client.Send(t.Context(), calls, watch)

				require.Equal(t, []int{guilty}, failed(errs), "status %d", status)
				assert.Equal(t, segment.ReasonRefused, reasonOf(t, errs[guilty]))
				assert.Contains(t, errs[guilty].Error(), "status 4")
				assert.Equal(t, 1+249, sb.Summary().Unique)
				samples := 0
				if guilty == 249 {
					// Nothing comes after it that could tell.
					samples = 1
				}
				assert.Equal(t, samples, sb.Summary().Duplicates, "nobody else is sent twice")
				assert.LessOrEqual(t, len(sb.Requests()), 20)
				assert.Positive(t, watch.splits)
				requireOrder(t, firstAccepted(sb))
			})
		}
	}
}

func TestSeveralGuiltyCallsFailAlone(t *testing.T) {
	sb := segmenttest.New(t)
	calls := tracks(250, 25)
	client := trusted(t, config(sb))
	guilty := []int{17, 130, 131}
	for _, i := range guilty {
		sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Text: string(calls[i].JSON)})
	}

	errs := client.Send(t.Context(), calls, &observed{})

	assert.Equal(t, guilty, failed(errs))
	assert.Zero(t, sb.Summary().Duplicates)
	requireOrder(t, sb.Calls())
}
