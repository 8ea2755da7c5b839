package segment_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// captured returns the events that SDKs sent, from testdata, by the file and
// the line they are in.
func captured(tb testing.TB, pattern string) (events [][]byte, places []string) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "captures", pattern))
	require.NoError(tb, err)
	require.NotEmpty(tb, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(tb, err)
		sdk := strings.TrimSuffix(filepath.Base(file), ".events.ndjson")
		for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
			events = append(events, line)
			places = append(places, fmt.Sprintf("%s:%d", sdk, i+1))
		}
	}
	return events, places
}

// decoded returns a document with its number literals.
func decoded(tb testing.TB, data []byte) map[string]any {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document map[string]any
	require.NoError(tb, decoder.Decode(&document), "%s", data)
	return document
}

// None of them is refused: where one has an empty id, it has another one too.
func TestEveryCapturedEventIsConverted(t *testing.T) {
	events, places := captured(t, "*.events.ndjson")
	for i, event := range events {
		t.Run(places[i], func(t *testing.T) {
			calls, skips, v := segment.NewConverter(config()).Convert(nil, event, fromSource)
			require.Nil(t, v, "%v", v)
			require.Len(t, calls, 1)
			require.Zero(t, skips)
			assertSameEvent(t, event, calls[0].JSON)
			assert.Empty(t, segment.Inspect(calls[0].JSON, segment.UnknownType).Violations)
		})
	}
}

// assertSameEvent checks that a call says what the SDK's event said.
func assertSameEvent(t *testing.T, event, call []byte) {
	t.Helper()
	want, got := decoded(t, event), decoded(t, call)
	written, sent := rawMembers(t, event), rawMembers(t, call)
	assert.Equal(t, want["type"], got["type"])
	assert.Equal(t, want["messageId"], got["messageId"])
	assert.Equal(t, want["event"], got["event"])
	assert.Equal(t, string(written["properties"]), string(sent["properties"]))
	for _, id := range []string{"userId", "anonymousId", "groupId", "previousId"} {
		assert.Equal(t, wantedID(want[id]), got[id], id)
	}
	assert.Equal(t, wantedTraits(want), got["traits"])
	assert.Equal(t, wantedContext(want), got["context"])
	assert.NotContains(t, got, "integrations")
	assert.NotContains(t, got, "sentAt")
	assert.Contains(t, got, "timestamp")
}

func wantedID(id any) any {
	switch id := id.(type) {
	case json.Number:
		return id.String()
	case string:
		if id != "" {
			return id
		}
	}
	return nil
}

// wantedTraits merges the traits of the SDKs, whose copies differ in nothing
// deeper than one level.
func wantedTraits(event map[string]any) any {
	own := event["traits"]
	context, _ := event["context"].(map[string]any)
	inContext, _ := context["traits"].(map[string]any)
	if event["type"] != "identify" || len(inContext) == 0 {
		return own
	}
	traits := map[string]any{}
	for name, value := range inContext {
		traits[name] = value
	}
	ownTraits, _ := own.(map[string]any)
	for name, value := range ownTraits {
		traits[name] = value
	}
	return traits
}

func wantedContext(event map[string]any) any {
	context, _ := event["context"].(map[string]any)
	if context == nil {
		context = map[string]any{}
	}
	if event["type"] == "identify" {
		delete(context, "traits")
	}
	if hints, exists := context["ua-ch"]; exists {
		delete(context, "ua-ch")
		context["userAgentData"] = hints
	}
	if ids, exists := context["externalId"]; exists {
		delete(context, "externalId")
		context["externalIds"] = ids
		for _, id := range ids.([]any) {
			id.(map[string]any)["collection"] = "users"
			id.(map[string]any)["encoding"] = "none"
		}
	}
	if _, exists := context["library"]; !exists {
		context["library"] = map[string]any{"name": "benthos-segment", "version": "1.2.3"}
	}
	return context
}
