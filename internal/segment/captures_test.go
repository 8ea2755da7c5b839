package segment_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Jeffail/gabs/v2"
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

// None of them is refused: where one has an empty id, it has another one too.
func TestEveryCapturedEventIsConverted(t *testing.T) {
	events, places := captured(t, "*.events.ndjson")
	for i, event := range events {
		t.Run(places[i], func(t *testing.T) {
			calls, skips, v := segment.NewConverter(config()).Convert(nil, event, fromKey)
			require.Nil(t, v, "%v", v)
			require.Len(t, calls, 1)
			require.Zero(t, skips)
			assertSameEvent(t, event, calls[0].JSON)
			assertSameRouting(t, strings.HasPrefix(places[i], "segment-"), event, calls[0].JSON)
			assert.Empty(t, segment.Inspect(calls[0].JSON, segment.UnknownType).Violations)
		})
	}
}

// assertSameEvent checks that a call says what the SDK's event said.
func assertSameEvent(t *testing.T, event, call []byte) {
	t.Helper()
	want, got := document(t, event), document(t, call)
	written, sent := rawMembers(t, event), rawMembers(t, call)
	for _, name := range []string{"type", "messageId", "event"} {
		assert.Equal(t, want.S(name).Data(), got.S(name).Data(), name)
	}
	assert.Equal(t, string(written["properties"]), string(sent["properties"]))
	for _, id := range []string{"userId", "anonymousId", "groupId", "previousId"} {
		assert.Equal(t, wantedID(want.S(id).Data()), got.S(id).Data(), id)
	}
	// The traits are moved out of the context, so that they come first.
	assert.Equal(t, wantedTraits(t, want), got.S("traits").Data())
	assert.Equal(t, wantedContext(t, want), got.S("context").Data())
	assert.False(t, got.Exists("sentAt"))
	assert.True(t, got.Exists("timestamp"))
}

// assertSameRouting checks that a call goes to those destinations at Segment
// that its event names in the dialect of its SDK: Segment's leave as they are, of
// RudderStack's only the exclusions.
func assertSameRouting(t *testing.T, isSegments bool, event, call []byte) {
	t.Helper()
	want, got := document(t, event), document(t, call)
	if isSegments {
		assert.Equal(t, want.S("integrations").Data(), got.S("integrations").Data())
		assert.Equal(t, want.S("_metadata", "bundled").Data(), got.S("_metadata", "bundled").Data())
		assert.False(t, got.Exists("_metadata", "nodeVersion"))
		return
	}
	exclusions := map[string]any{}
	for name, value := range want.S("integrations").ChildrenMap() {
		if value.Data() == false && !strings.EqualFold(name, "All") {
			exclusions[name] = false
		}
	}
	assert.Len(t, got.S("integrations").ChildrenMap(), len(exclusions))
	for name := range exclusions {
		assert.Equal(t, false, got.S("integrations", name).Data(), name)
	}
	assert.False(t, got.Exists("_metadata"))
}

// document reads a payload with its number literals.
func document(tb testing.TB, data []byte) *gabs.Container {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	parsed, err := gabs.ParseJSONDecoder(decoder)
	require.NoError(tb, err, "%s", data)
	return parsed
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

// wantedTraits lays the traits of an identify over those in its context.
func wantedTraits(t *testing.T, event *gabs.Container) any {
	t.Helper()
	traits, inContext := event.S("traits"), event.S("context", "traits")
	if event.S("type").Data() != "identify" || len(inContext.ChildrenMap()) == 0 {
		return traits.Data()
	}
	if traits == nil {
		return inContext.Data()
	}
	require.NoError(t, inContext.MergeFn(traits, func(_, own any) any { return own }))
	return inContext.Data()
}

// wantedContext gives a context Segment's names.
func wantedContext(t *testing.T, event *gabs.Container) any {
	t.Helper()
	context := event.S("context")
	if context == nil {
		context = gabs.New()
	}
	if event.S("type").Data() == "identify" && context.Exists("traits") {
		require.NoError(t, context.Delete("traits"))
	}
	for theirs, segments := range map[string]string{"ua-ch": "userAgentData", "externalId": "externalIds"} {
		if !context.Exists(theirs) {
			continue
		}
		_, err := context.Set(context.S(theirs).Data(), segments)
		require.NoError(t, err)
		require.NoError(t, context.Delete(theirs))
	}
	for _, id := range context.S("externalIds").Children() {
		_, err := id.Set("users", "collection")
		require.NoError(t, err)
		_, err = id.Set("none", "encoding")
		require.NoError(t, err)
	}
	if !context.Exists("library") {
		_, err := context.Set(map[string]any{"name": "benthos-segment", "version": "1.2.3"}, "library")
		require.NoError(t, err)
	}
	return context.Data()
}
