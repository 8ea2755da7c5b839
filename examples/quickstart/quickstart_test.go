// Package quickstart_test runs the quickstart as its README says.
package quickstart_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	_ "benthos-segment/plugin"
	"benthos-segment/plugin/segmenttest"
)

func TestTheSampleEventsArriveAndTheGuiltyOneIsADeadLetter(t *testing.T) {
	t.Chdir("../..")
	sb := segmenttest.New(t)
	deadLetters := filepath.Join(t.TempDir(), "dead_letters.ndjson")
	t.Setenv("SEGMENT_ENDPOINT", sb.URL)
	t.Setenv("DEAD_LETTERS", deadLetters)

	code, err := service.RunCLIToCode(context.Background(),
		service.CLIOptSetArgs("benthos-segment", "run", "examples/quickstart/pipeline.yaml"))

	require.NoError(t, err)
	require.Zero(t, code)
	summary := sb.Summary()
	assert.Equal(t, 36, summary.Unique)
	assert.Zero(t, summary.Duplicates)
	assert.Zero(t, summary.Discarded, summary.Violations)
	assert.Equal(t, map[string]int{
		"identify": 5, "track": 14, "page": 6, "screen": 4, "group": 4, "alias": 3,
	}, summary.ByType)

	lines, err := os.ReadFile(deadLetters)
	require.NoError(t, err)
	var dead struct{ Reason, Field, Sentence, Payload string }
	require.NoError(t, json.Unmarshal(lines, &dead))
	assert.Equal(t, "event_not_defined", dead.Reason)
	assert.Equal(t, "event", dead.Field)
	assert.NotEmpty(t, dead.Sentence)
	assert.Contains(t, dead.Payload, "nantes-2")
}

// Issue 10, A4: bytes that are not UTF-8 became U+FFFD in the dead letter.
func TestADeadLetterOfTheQuickstartKeepsTheBytesOfItsEvent(t *testing.T) {
	t.Chdir("../..")
	const latin1 = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"Caf\xe9\"}"
	folder := t.TempDir()
	events, deadLetters := filepath.Join(folder, "events.ndjson"), filepath.Join(folder, "dead_letters.ndjson")
	require.NoError(t, os.WriteFile(events, []byte(latin1+"\n"), 0o600))
	t.Setenv("SEGMENT_ENDPOINT", segmenttest.New(t).URL)
	t.Setenv("EVENTS", events)
	t.Setenv("DEAD_LETTERS", deadLetters)

	code, err := service.RunCLIToCode(context.Background(),
		service.CLIOptSetArgs("benthos-segment", "run", "examples/quickstart/pipeline.yaml"))

	require.NoError(t, err)
	require.Zero(t, code)
	line, err := os.ReadFile(deadLetters)
	require.NoError(t, err)
	var dead struct {
		Payload []byte `json:"payload_base64"`
	}
	require.NoError(t, json.Unmarshal(line, &dead))
	assert.Equal(t, latin1, string(dead.Payload))
	assert.NotContains(t, string(line), `"payload":`)
}

// What the README of the quickstart tells its reader to look for.
func TestTheSampleEventsArriveAsTheCallsTheyShouldBe(t *testing.T) {
	t.Chdir("../..")
	sb := segmenttest.New(t)
	t.Setenv("SEGMENT_ENDPOINT", sb.URL)
	t.Setenv("DEAD_LETTERS", filepath.Join(t.TempDir(), "dead_letters.ndjson"))

	_, err := service.RunCLIToCode(context.Background(),
		service.CLIOptSetArgs("benthos-segment", "run", "examples/quickstart/pipeline.yaml"))
	require.NoError(t, err)

	raw := map[string]string{}
	for _, call := range sb.Calls() {
		raw[call.Type+" "+call.Name] = string(call.Raw)
		assert.NotContains(t, string(call.Raw), `"userId":""`)
	}
	assert.Contains(t, raw["track Order Completed"], `"payment_id":9007199254740993`)
	assert.Contains(t, raw["track Order Completed"], `"shipping":19.90`)
	assert.Contains(t, raw["track Product Added"], "🎂🫖")
	assert.Contains(t, raw["track Subscription Renewed"], `"userId":"48213"`)
	assert.Contains(t, raw["screen Tea Detail"], `"externalIds":`)
	assert.Contains(t, raw["track Product Viewed"], `"userAgentData":`)
	assert.Contains(t, raw["page Brewing guide"], `"ip":"198.51.100.7"`)
	for name := range raw {
		if kind, screen, _ := strings.Cut(name, " "); kind == "screen" {
			assert.NotEmpty(t, screen)
		}
	}
}

// The page of the sandbox has something to show: people whose ids are joined,
// every type of call, and what Segment would throw away.
func TestTheTrafficIsWorthWatching(t *testing.T) {
	t.Chdir("../..")
	sb := segmenttest.New(t)
	t.Setenv("SEGMENT_ENDPOINT", sb.URL)
	t.Setenv("INTERVAL", "1ms")
	t.Setenv("COUNT", "200")

	code, err := service.RunCLIToCode(context.Background(),
		service.CLIOptSetArgs("benthos-segment", "run", "examples/quickstart/traffic.yaml"))

	require.NoError(t, err)
	require.Zero(t, code)
	summary := sb.Summary()
	assert.Equal(t, 200, summary.Calls)
	assert.Len(t, summary.ByType, 6)
	assert.Len(t, summary.Violations, 4)
	assert.InDelta(t, 200/19, summary.Discarded, 2)
	assert.Zero(t, summary.Duplicates)
	for _, order := range sb.Calls(segmenttest.Filter{Match: segmenttest.Match{Event: "Order Completed"}}) {
		assert.NotEmpty(t, order.UserID)
		assert.NotEmpty(t, order.AnonymousID)
	}
}
