package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// noted returns the one call that a payload holds, and the kinds and fields of
// what was noted of it.
func noted(tb testing.TB, payload string) (segment.Call, []string) {
	tb.Helper()
	converter := segment.NewConverter(config())
	calls, _, v := converter.Convert(nil, []byte(payload), fromKey)
	require.Nil(tb, v, "%v", v)
	require.Len(tb, calls, 1)
	return calls[0], described(converter.Notes())
}

func described(notes []segment.Note) (list []string) {
	for _, n := range notes {
		list = append(list, n.Kind.String()+" "+n.Field())
	}
	return list
}

func TestATimeThatCannotBeReadIsNotedWhereItWasNeeded(t *testing.T) {
	const good, bad = `"2026-01-02T03:04:05Z"`, `"soon"`
	tests := map[string]struct {
		members string
		sent    string
		notes   []string
	}{
		// https://github.com/segmentio/analytics-swift/issues/75
		"the original, where receivedAt stands in": {
			`"originalTimestamp":"2021-10-16T16:00:27.029:Z","receivedAt":"2021-10-16T16:00:28.078Z"`,
			`"2021-10-16T16:00:28.078Z"`,
			[]string{"time_unreadable originalTimestamp"},
		},
		"the original, where sentAt stands in": {
			`"originalTimestamp":` + bad + `,"sentAt":` + good, `"2026-01-02T03:04:05.000Z"`,
			[]string{"time_unreadable originalTimestamp"},
		},
		"the original, where nothing stands in": {
			`"originalTimestamp":` + bad, `null`, []string{"time_unreadable originalTimestamp"},
		},
		"receivedAt, where sentAt stands in": {
			`"receivedAt":` + bad + `,"sentAt":` + good, `"2026-01-02T03:04:05.000Z"`,
			[]string{"time_unreadable receivedAt"},
		},
		"receivedAt, which would correct the original": {
			`"originalTimestamp":` + good + `,"receivedAt":` + bad + `,"sentAt":` + good, `"2026-01-02T03:04:05.000Z"`,
			[]string{"time_unreadable receivedAt"},
		},
		"sentAt, which would correct the original": {
			`"originalTimestamp":` + good + `,"receivedAt":` + good + `,"sentAt":` + bad, `"2026-01-02T03:04:05.000Z"`,
			[]string{"time_unreadable sentAt"},
		},
		"all of them": {
			`"originalTimestamp":` + bad + `,"receivedAt":` + bad + `,"sentAt":` + bad, `null`,
			[]string{"time_unreadable originalTimestamp", "time_unreadable receivedAt", "time_unreadable sentAt"},
		},
		"none beside a timestamp": {
			`"timestamp":` + good + `,"originalTimestamp":` + bad + `,"receivedAt":` + bad + `,"sentAt":` + bad,
			`"2026-01-02T03:04:05.000Z"`, nil,
		},
		"no receivedAt where there is no sentAt to compare": {
			`"originalTimestamp":` + good + `,"receivedAt":` + bad, `"2026-01-02T03:04:05.000Z"`, nil,
		},
		"no sentAt where receivedAt is zero": {
			`"originalTimestamp":` + good + `,"receivedAt":"0001-01-01T00:00:00Z","sentAt":` + bad, `"2026-01-02T03:04:05.000Z"`, nil,
		},
		"no sentAt where there is no receivedAt to compare": {
			`"originalTimestamp":` + good + `,"sentAt":` + bad, `"2026-01-02T03:04:05.000Z"`, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			call, notes := noted(t, `{"type":"page","userId":"u",`+test.members+`}`)
			assertMembers(t, `{"timestamp":`+test.sent+`}`, call.JSON)
			assert.Equal(t, test.notes, notes)
		})
	}
}

func TestNotesAreThoseOfTheLastPayload(t *testing.T) {
	const fine, odd = `{"type":"page","userId":"u"}`, `{"type":"page","userId":"u","sentAt":"soon"}`
	converter := segment.NewConverter(config())
	for _, step := range []struct {
		payload string
		notes   []string
	}{
		{odd, []string{"time_unreadable sentAt"}},
		{fine, nil},
		{`[` + odd + `,` + fine + `,` + odd + `]`, []string{"time_unreadable 0.sentAt", "time_unreadable 2.sentAt"}},
		{odd, []string{"time_unreadable sentAt"}},
		// One element costs the payload, and the others are not sent either.
		{`[` + odd + `,{"type":"track"}]`, nil},
		{odd, []string{"time_unreadable sentAt"}},
		{` `, nil},
	} {
		_, _, _ = converter.Convert(nil, []byte(step.payload), fromKey)
		assert.Equal(t, step.notes, described(converter.Notes()), step.payload)
	}
}

func TestANoteSaysWhatItIsAboutAndNoValue(t *testing.T) {
	converter := segment.NewConverter(config())
	_, _, v := converter.Convert(nil, []byte(`{"type":"page","userId":"u","sentAt":"CANARY"}`), fromKey)
	require.Nil(t, v)
	require.Len(t, converter.Notes(), 1)

	said := converter.Notes()[0].String()

	assert.Contains(t, said, "note time_unreadable sentAt: ")
	assert.NotContains(t, said, "CANARY")
}

func TestANoteCostsNoAllocation(t *testing.T) {
	with := []byte(`{"type":"page","userId":"u","messageId":"m","context":{"library":{}},"sentAt":true}`)
	without := []byte(`{"type":"page","userId":"u","messageId":"m","context":{"library":{}}}`)
	converter := segment.NewConverter(config())
	calls := make([]segment.Call, 0, 1)
	var counts segment.NoteCounts
	cost := func(payload []byte) float64 {
		return testing.AllocsPerRun(100, func() {
			converter.Reset()
			_, _, v := converter.Convert(calls, payload, fromKey)
			require.Nil(t, v)
			counts.Add(converter.Notes())
		})
	}

	assert.LessOrEqual(t, cost(with), cost(without))
	assert.Equal(t, 101, counts[segment.NoteTimeUnreadable])
}
