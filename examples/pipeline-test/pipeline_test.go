// Package pipeline tests a pipeline of its own against a stand-in of Segment, as
// a module outside of benthos-segment does.
package pipeline

import (
	"benthos-segment/plugin/segmenttest"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "benthos-segment/plugin"
)

// run runs the pipeline to its end, and returns its dead letters.
func run(t *testing.T, endpoint string) string {
	t.Helper()
	text, err := os.ReadFile("pipeline.yaml")
	require.NoError(t, err)
	dead := filepath.Join(t.TempDir(), "dead_letters.ndjson")
	t.Setenv("SEGMENT_ENDPOINT", endpoint)
	t.Setenv("DEAD_LETTERS", dead)

	builder := service.NewStreamBuilder()
	require.NoError(t, builder.SetYAML(string(text)))
	require.NoError(t, builder.SetLoggerYAML("level: WARN"))
	stream, err := builder.Build()
	require.NoError(t, err)
	require.NoError(t, stream.Run(t.Context()))

	letters, err := os.ReadFile(dead)
	require.NoError(t, err)
	return string(letters)
}

func TestOrdersBecomeCalls(t *testing.T) {
	server := segmenttest.New(t)

	letters := run(t, server.URL)

	calls := server.Wait(3)
	require.Len(t, calls, 3)
	assert.Equal(t, "Order Completed", calls[0].Name)
	assert.Equal(t, "ada", calls[0].UserID)
	assert.Contains(t, string(calls[0].Raw), `"total":19.90`, "every digit arrives")
	assert.Zero(t, server.Summary().Discarded, "Segment would keep all of them")
	assert.Contains(t, letters, "no_user_anon_id", "order 1003 names no customer")
	assert.Contains(t, letters, "1003")
}

// An order and its refund share the number of the order. With the same message
// id Segment would take the refund for a duplicate, answer 200, and drop it.
func TestARefundIsNoDuplicate(t *testing.T) {
	server := segmenttest.New(t)

	run(t, server.URL)

	refunds := server.Wait(1, segmenttest.Filter{Match: segmenttest.Match{Event: "Order Refunded"}})
	assert.False(t, refunds[0].Duplicate)
}

func TestAnOutageLosesNothing(t *testing.T) {
	server := segmenttest.New(t)
	busy := server.Fail(http.StatusTooManyRequests).RetryAfter("1").Times(1)
	server.LostAck().Times(1)

	run(t, server.URL)

	server.Wait(6) // each of the three twice: the answer to the first ones was lost
	assert.Equal(t, 1, busy.Hits())
	assert.Equal(t, 3, server.Summary().Unique, "and Segment removes the second ones")
	requests := server.Requests()
	require.Len(t, requests, 3)
	waited := requests[1].ReceivedAt.Sub(requests[0].ReceivedAt)
	assert.GreaterOrEqual(t, waited, time.Second, "as long as Segment asked for")
	assert.Equal(t, "1", requests[1].RetryCount)
}
