package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

var captures = filepath.Join("..", "..", "internal", "segment", "testdata", "captures")

// event is a line that an SDK has sent, as far as the tests look at it.
type event struct {
	Type       string
	MessageID  string
	UserID     any
	Properties any
	Traits     any
	Context    struct{ Traits any }
}

// parse reads JSON and keeps its numbers as they are written.
func parse(t *testing.T, text []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(into), string(text))
}

// captured reads the events of a file, by their message ids.
func captured(t *testing.T, path string) (events []event) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var e event
		parse(t, lines.Bytes(), &e)
		events = append(events, e)
	}
	require.NoError(t, lines.Err())
	return events
}

// wantedTraits are those that the call should have: of identify, those of the
// context under its own; of group, its own.
func (e *event) wantedTraits() any {
	switch e.Type {
	case "identify":
		return merged(e.Context.Traits, e.Traits)
	case "group":
		return e.Traits
	default:
		return nil
	}
}

func merged(under, over any) any {
	below, isObject := under.(map[string]any)
	above, isObjectToo := over.(map[string]any)
	switch {
	case over == nil:
		return under
	case !isObject || !isObjectToo:
		return over
	}
	sum := map[string]any{}
	for name, value := range below {
		sum[name] = value
	}
	for name, value := range above {
		sum[name] = value
		if nested, isObject := value.(map[string]any); isObject {
			sum[name] = merged(below[name], nested)
		}
	}
	return sum
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

// assertArrived checks calls against the events that they were made of. With
// one batch at a time, and their number far below a request's limit, they
// come in the order of the file.
func assertArrived(t *testing.T, events []event, calls []segmenttest.Call) {
	t.Helper()
	require.Len(t, calls, len(events), "none is lost and none comes twice")
	seen := map[string]bool{}
	for i, call := range calls {
		want := &events[i]
		var got event
		parse(t, call.Raw, &got)
		assert.Equal(t, want.Type, got.Type)
		assert.Equal(t, want.MessageID, call.MessageID)
		assert.Equal(t, want.Properties, got.Properties, call.MessageID)
		assert.Equal(t, want.wantedTraits(), got.Traits, call.MessageID)
		assert.Empty(t, call.Violations, call.MessageID)
		assert.True(t, call.Accepted)
		assert.Equal(t, seen[want.MessageID], call.Duplicate, "only what an SDK has sent twice is a duplicate")
		seen[want.MessageID] = true
	}
}
