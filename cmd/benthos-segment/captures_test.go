package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Jeffail/gabs/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

var captures = filepath.Join("..", "..", "internal", "segment", "testdata", "captures")

// parseJSON reads JSON and keeps its numbers as they are written.
func parseJSON(t *testing.T, text []byte) *gabs.Container {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	parsed, err := gabs.ParseJSONDecoder(decoder)
	require.NoError(t, err, "%s", text)
	return parsed
}

// captured reads the events of a file, in their order.
func captured(t *testing.T, path string) (events []*gabs.Container) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		events = append(events, parseJSON(t, line))
	}
	return events
}

// wantedTraits are those that the call should have: of identify, those of the
// context under its own; of group, its own.
func wantedTraits(t *testing.T, event *gabs.Container) any {
	t.Helper()
	traits, inContext := event.S("traits"), event.Path("context.traits")
	switch kind := event.S("type").Data(); {
	case kind == "identify" && traits.Data() == nil:
		return inContext.Data()
	case kind == "identify" && inContext.Data() != nil:
		require.NoError(t, inContext.MergeFn(traits, func(_, own any) any { return own }))
		return inContext.Data()
	case kind == "identify" || kind == "group":
		return traits.Data()
	default:
		return nil
	}
}

// capturesPipeline reads a file of events and sends them to a sandbox.
const capturesPipeline = `
http: {enabled: false}
input:
  file:
    paths: [ $EVENTS ]
output:
  fallback:
    - segment:
        write_key: a-key
        endpoint: $ENDPOINT
        batching: {count: 10, period: 10ms}
    - file:
        path: $DEAD
        codec: lines
`

func TestEveryEventThatSDKsSendArrivesAsTheCallItShouldBe(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captures, "*.events.ndjson"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".events.ndjson"), func(t *testing.T) {
			t.Parallel()
			path, err := filepath.Abs(file)
			require.NoError(t, err)
			sb := segmenttest.New(t)
			dead := filepath.Join(t.TempDir(), "dead.ndjson")
			p := begin(t, "run", pipeline(t, strings.NewReplacer(
				"$EVENTS", path, "$ENDPOINT", sb.URL, "$DEAD", dead,
			).Replace(capturesPipeline)))
			require.Zero(t, p.code(), p.said())
			assert.NoFileExists(t, dead)
			assertArrived(t, captured(t, path), sb.Calls())
		})
	}
}

// assertArrived checks calls against the events that they were made of. Only
// those of a person come in the order of the file, so that they are compared by
// their ids.
func assertArrived(t *testing.T, events []*gabs.Container, calls []segmenttest.Call) {
	t.Helper()
	require.Len(t, calls, len(events), "none is lost and none comes twice")
	slices.SortStableFunc(events, func(a, b *gabs.Container) int {
		return strings.Compare(a.S("messageId").Data().(string), b.S("messageId").Data().(string))
	})
	slices.SortStableFunc(calls, func(a, b segmenttest.Call) int { return strings.Compare(a.MessageID, b.MessageID) })
	seen := map[any]bool{}
	for i, call := range calls {
		want, got := events[i], parseJSON(t, call.Raw)
		id := want.S("messageId").Data()
		assert.Equal(t, id, call.MessageID)
		assert.Equal(t, want.S("type").Data(), got.S("type").Data(), id)
		assert.Equal(t, want.S("properties").Data(), got.S("properties").Data(), id)
		assert.Equal(t, wantedTraits(t, want), got.S("traits").Data(), id)
		assert.Empty(t, call.Violations, id)
		assert.True(t, call.Accepted, id)
		assert.Equal(t, seen[id], call.Duplicate, "only what an SDK has sent twice is a duplicate")
		seen[id] = true
	}
}
