package segment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// freshID is the id that a call gets when nothing can be derived.
const freshID = "fresh-id"

func config() segment.Config {
	return segment.Config{
		LibraryName:    "benthos-segment",
		LibraryVersion: "1.2.3",
		NewID:          func() string { return freshID },
	}
}

var fromKey = segment.Provenance{WriteKey: "key"}

// converted returns the calls that a payload holds.
func converted(tb testing.TB, conf segment.Config, payload string) []segment.Call {
	tb.Helper()
	calls, _, v := segment.NewConverter(conf).Convert(nil, []byte(payload), fromKey)
	require.Nil(tb, v, "%v", v)
	return calls
}

// convertedOne returns the one call that a payload holds.
func convertedOne(tb testing.TB, payload string) segment.Call {
	tb.Helper()
	calls := converted(tb, config(), payload)
	require.Len(tb, calls, 1)
	return calls[0]
}

// refused returns why a payload cannot be sent.
func refused(tb testing.TB, payload string) *segment.Violation {
	tb.Helper()
	calls, skips, v := segment.NewConverter(config()).Convert(nil, []byte(payload), fromKey)
	require.NotNil(tb, v, "converted to %v", calls)
	assert.Empty(tb, calls)
	assert.Zero(tb, skips)
	return v
}

// rawMembers returns the members of an object as they are written.
func rawMembers(tb testing.TB, object []byte) map[string]json.RawMessage {
	tb.Helper()
	members := map[string]json.RawMessage{}
	require.NoError(tb, json.Unmarshal(object, &members), "%s", object)
	return members
}

// assertMembers checks that a call holds the members of want, byte for byte;
// a null in want stands for a member that must not be there.
func assertMembers(tb testing.TB, want string, call []byte) {
	tb.Helper()
	got := rawMembers(tb, call)
	for name, value := range rawMembers(tb, []byte(want)) {
		if string(value) == "null" {
			assert.NotContains(tb, got, name)
			continue
		}
		assert.Equal(tb, string(value), string(got[name]), name)
	}
}

// conversion is a row of a table: a payload, and what the call must hold.
type conversion struct {
	name, payload, want string
}

func runConversions(t *testing.T, rows []conversion) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			call := convertedOne(t, row.payload)
			assertMembers(t, row.want, call.JSON)
			assert.Empty(t, segment.Inspect(call.JSON, segment.UnknownType).Violations)
		})
	}
}

// refusal is a row of a table: a payload, and why it cannot be sent.
type refusal struct {
	name, payload string
	reason        segment.Reason
	field         string
}

func runRefusals(t *testing.T, rows []refusal) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			v := refused(t, row.payload)
			assert.Equal(t, row.reason, v.Reason)
			assert.Equal(t, row.field, v.Field)
			assert.NotEmpty(t, v.Sentence)
		})
	}
}

func TestMembersKeepTheirOrderAndBytes(t *testing.T) {
	call := convertedOne(t, ` { "properties" : { "z":1, "a" : "<&>\u2028\u003c é😀",`+"\n\t"+
		`"n":[9007199254740993, 0.10, 1e400, -0, 1E+2],"d":1,"d":2 , "s":"\ud83c" } ,`+
		` "event":"E" , "context" : {"library" : { } , "x":{"b":1,"a":2}}, "userId":"u",`+
		` "messageId":"m", "type":"Track" } `)
	assert.Equal(t, `{"properties":{ "z":1, "a" : "<&>\u2028\u003c é😀",`+"\n\t"+
		`"n":[9007199254740993, 0.10, 1e400, -0, 1E+2],"d":1,"d":2 , "s":"\ud83c" },`+
		`"event":"E","context":{"library" : { } , "x":{"b":1,"a":2}},"userId":"u",`+
		`"messageId":"m","type":"track"}`, string(call.JSON))
}

func TestWhatIsAddedComesLast(t *testing.T) {
	call := convertedOne(t, `{"type":"alias","originalTimestamp":"2026-01-02T03:04:05Z","anonymousId":"a","to":"u"}`)
	id := segment.Inspect(call.JSON, segment.UnknownType).MessageID
	assert.Equal(t, `{"type":"alias","anonymousId":"a","userId":"u","previousId":"a",`+
		`"context":{"library":{"name":"benthos-segment","version":"1.2.3"}},`+
		`"messageId":"`+id+`","timestamp":"2026-01-02T03:04:05.000Z"}`,
		string(call.JSON))
}

func TestACallIsMeasuredAsItIsSent(t *testing.T) {
	// Blanks and dropped members do not count, and what is added does.
	payload := `{ "type":"page",   "userId":"u", "rudderId":"` + strings.Repeat("x", 1000) + `","name":"éé😀" }`
	size := len(convertedOne(t, payload).JSON)
	conf := config()
	for _, row := range []struct {
		limit int
		fits  bool
	}{{size - 1, false}, {size, true}, {size + 1, true}, {0, true}} {
		conf.MaxCallBytes = row.limit
		_, _, v := segment.NewConverter(conf).Convert(nil, []byte(payload), fromKey)
		if row.fits {
			assert.Nil(t, v)
			continue
		}
		require.NotNil(t, v)
		assert.Equal(t, segment.ReasonOversizedCall, v.Reason)
		assert.Empty(t, v.Field)
		assert.Contains(t, v.Sentence, fmt.Sprintf("%d bytes", size))
		assert.Contains(t, v.Sentence, fmt.Sprintf("%d", row.limit))
	}
}

func TestCallsStayValidUntilReset(t *testing.T) {
	converter := segment.NewConverter(config())
	payload := func(i int) []byte {
		return fmt.Appendf(nil, `{"type":"page","userId":"user %d","messageId":"m","properties":{"x":%q}}`,
			i, strings.Repeat("x", i))
	}
	for round := range 3 {
		converter.Reset()
		var calls []segment.Call
		for i := range 1000 {
			var v *segment.Violation
			calls, _, v = converter.Convert(calls, payload(i), fromKey)
			require.Nil(t, v)
		}
		for i, call := range calls {
			require.Equal(t, segment.IDOf(fmt.Appendf(nil, "user %d", i)), call.UserID, "round %d", round)
			require.True(t, json.Valid(call.JSON))
			require.Contains(t, string(call.JSON), fmt.Sprintf(`"user %d"`, i))
		}
	}
}

func TestCallsShareNoMemoryWithThePayload(t *testing.T) {
	payload := []byte(`{"type":"page","userId":"user","anonymousId":"a","messageId":"m","properties":{"a":"b"}}`)
	calls, _, v := segment.NewConverter(config()).Convert(nil, payload, fromKey)
	require.Nil(t, v)
	before := string(calls[0].JSON)
	clear(payload)
	assert.Equal(t, before, string(calls[0].JSON))
}

func TestACallMayBeAppendedTo(t *testing.T) {
	calls := converted(t, config(), `[{"type":"page","userId":"a"},{"type":"page","userId":"b"}]`)
	next := string(calls[1].JSON)
	_ = append(calls[0].JSON, "overwritten"...)
	assert.Equal(t, next, string(calls[1].JSON))
}

func TestACallThatGrowsPastItsChunkIsWhole(t *testing.T) {
	// The anonymous id is written twice, so that the call is larger than the
	// payload.
	id := strings.Repeat("a", 300_000)
	call := convertedOne(t, `{"type":"alias","userId":"u","anonymousId":"`+id+`"}`)
	assertMembers(t, `{"previousId":"`+id+`","anonymousId":"`+id+`"}`, call.JSON)
	assert.Equal(t, segment.IDOf([]byte(id)), call.PreviousID)
}
