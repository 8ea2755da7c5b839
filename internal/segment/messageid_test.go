package segment_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// messageIDs returns the ids of the calls that a payload becomes.
func messageIDs(tb testing.TB, payload string, from segment.Provenance) (ids []string) {
	tb.Helper()
	calls, _, v := segment.NewConverter(config()).Convert(nil, []byte(payload), from)
	require.Nil(tb, v, "%v", v)
	for _, call := range calls {
		ids = append(ids, segment.Inspect(call.JSON, segment.UnknownType).MessageID)
	}
	return ids
}

func messageID(tb testing.TB, payload string, from segment.Provenance) string {
	tb.Helper()
	ids := messageIDs(tb, payload, from)
	require.Len(tb, ids, 1)
	return ids[0]
}

const (
	timeless = `{"type":"page","userId":"u"}`
	timed    = `{"type":"page","userId":"u","timestamp":"2026-01-02T03:04:05Z"}`
	owned    = `{"type":"page","userId":"u","messageId":"own","timestamp":"2026-01-02T03:04:05Z"}`
)

var derivedID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestTheFirstMessageIDThatAppliesCounts(t *testing.T) {
	everything := segment.Provenance{WriteKey: "key", MessageID: "configured", Origin: readFrom("topic/0/1")}
	assert.Equal(t, "configured", messageID(t, owned, everything))

	everything.MessageID = ""
	assert.Equal(t, "own", messageID(t, owned, everything))
	everything.MessageID = "null"
	assert.Equal(t, "own", messageID(t, owned, everything), "an interpolation of nothing is no id")

	assert.Regexp(t, derivedID, messageID(t, timeless, everything), "by origin")
	assert.Regexp(t, derivedID, messageID(t, timed, fromKey), "by content")
	assert.Equal(t, freshID, messageID(t, timeless, fromKey))
}

// The place of an event in a file is a reason for an id only where there is no
// better one: an id by content is the same in every run.
func TestAPlaceIsTheLastResort(t *testing.T) {
	at := func(place string) segment.Provenance {
		return segment.Provenance{WriteKey: fromKey.WriteKey, Place: readFrom(place)}
	}
	first := messageID(t, timeless, at("run 1, line 1"))
	assert.Regexp(t, derivedID, first)
	assert.Equal(t, first, messageID(t, timeless, at("run 1, line 1")))
	assert.NotEqual(t, first, messageID(t, timeless, at("run 1, line 2")))
	assert.Equal(t, freshID, messageID(t, timeless, at("")))

	assert.Equal(t, "own", messageID(t, owned, at("run 1, line 1")))
	assert.Equal(t, messageID(t, timed, fromKey), messageID(t, timed, at("run 1, line 1")))
	everything := at("run 1, line 1")
	everything.Origin = readFrom("topic/0/1")
	assert.Equal(t, messageID(t, timeless, segment.Provenance{WriteKey: fromKey.WriteKey, Origin: everything.Origin}),
		messageID(t, timeless, everything))

	ids := messageIDs(t, "["+timeless+","+timeless+"]", at("run 1, line 1"))
	assert.NotEqual(t, ids[0], ids[1], "each call of an array has its own")
}

func TestOnlyItsOwnTimeMakesAContentTheEvents(t *testing.T) {
	for member, derived := range map[string]bool{
		`"timestamp":"2026-01-02T03:04:05Z"`:         true,
		`"originalTimestamp":"2026-01-02T03:04:05Z"`: true,
		`"timestamp":1767323045`:                     true,
		`"timestamp":""`:                             false,
		`"originalTimestamp":"Invalid Date"`:         false,
		`"timestamp":null`:                           false,
		`"sentAt":"2026-01-02T03:04:05Z"`:            false,
		`"receivedAt":"2026-01-02T03:04:05Z"`:        false,
	} {
		t.Run(member, func(t *testing.T) {
			id := messageID(t, `{"type":"page","userId":"u",`+member+`}`, fromKey)
			assert.Equal(t, derived, id != freshID, id)
		})
	}
}

func TestAnOwnMessageID(t *testing.T) {
	hundred := strings.Repeat("é", 100)
	rows := []struct{ name, written, want string }{
		{"is kept byte for byte", `"a\u00e9\n"`, "aé\n"},
		{"of a number becomes a string", `12345678901234567890`, "12345678901234567890"},
		{"of 100 characters is kept", `"` + hundred + `"`, hundred},
		{"of 100 escaped characters is kept", `"` + strings.Repeat(`\u00e9`, 100) + `"`, hundred},
		{"that is empty is absent", `""`, freshID},
		{"of another kind is absent", `true`, freshID},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			payload := `{"type":"page","userId":"u","messageId":` + row.written + `}`
			assert.Equal(t, row.want, messageID(t, payload, fromKey))
		})
	}
}

func TestALongMessageIDIsHashed(t *testing.T) {
	own := func(id string) string { return `{"type":"page","userId":"u","messageId":"` + id + `"}` }
	long := strings.Repeat("é", 101)
	hash := messageID(t, own(long), fromKey)
	assert.Regexp(t, derivedID, hash)
	assert.Equal(t, hash, messageID(t, own(strings.Repeat(`\u00e9`, 101)), fromKey), "however it is written")
	assert.NotEqual(t, hash, messageID(t, own(long+"x"), fromKey))
	configured := segment.Provenance{WriteKey: "key", MessageID: long}
	assert.Equal(t, hash, messageID(t, timeless, configured), "wherever it comes from")
}

func TestTheSameRecordHasTheSameIDAgain(t *testing.T) {
	byOrigin := segment.Provenance{WriteKey: "key", Origin: readFrom("topic/0/1")}
	for name, row := range map[string]struct {
		payload string
		from    segment.Provenance
	}{
		"by origin":            {timeless, byOrigin},
		"by content":           {timed, fromKey},
		"by both":              {timed, byOrigin},
		"in an array":          {`[` + timeless + `,` + timeless + `]`, byOrigin},
		"its own in an array":  {`[` + owned + `,` + owned + `]`, fromKey},
		"configured, in array": {`[` + owned + `,` + owned + `]`, segment.Provenance{MessageID: "m"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, messageIDs(t, row.payload, row.from), messageIDs(t, row.payload, row.from))
		})
	}
}

func TestDerivedIDsStayWhatTheyAreFromReleaseToRelease(t *testing.T) {
	assert.Equal(t, "82d956bc-9c4d-8f15-a161-9e449cdf7c4a", messageID(t, timeless, segment.Provenance{WriteKey: "key", Origin: readFrom("topic/0/1")}))
	assert.Equal(t, "dabc5e8a-961b-8656-b76b-3ac1aa0dbea2", messageID(t, timed, fromKey))
	long := `{"type":"page","userId":"u","messageId":"` + strings.Repeat("x", 101) + `"}`
	assert.Equal(t, "75fa0fe6-4b97-8356-9d9f-b1cacbdf3c70", messageID(t, long, fromKey))
}

func TestTwoRecordsNeverHaveTheSameID(t *testing.T) {
	seen := map[string]string{}
	claim := func(what, id string) {
		t.Helper()
		require.NotContains(t, seen, id, what)
		seen[id] = what
	}
	for _, key := range []string{"key", "key2", ""} {
		for _, origin := range []string{"", "topic/0/1", "topic/0/11", "topic/01/1"} {
			from := segment.Provenance{WriteKey: key, Origin: readFrom(origin)}
			for _, payload := range []string{timed, strings.Replace(timed, ":05Z", ":06Z", 1)} {
				claim(fmt.Sprint(from, payload), messageID(t, payload, from))
			}
			for i, id := range messageIDs(t, `[`+timed+`,`+timed+`,`+timed+`]`, from)[1:] {
				claim(fmt.Sprint(from, "position", i+1), id)
			}
		}
	}
}

func TestPartsOfADerivedIDDoNotRunIntoEachOther(t *testing.T) {
	assert.NotEqual(t,
		messageID(t, timed, segment.Provenance{WriteKey: "ab", Origin: readFrom("c")}),
		messageID(t, timed, segment.Provenance{WriteKey: "a", Origin: readFrom("bc")}))
}

func TestSeveralCallsOfOnePayloadHaveIDsOfTheirOwn(t *testing.T) {
	own := func(ids ...string) string {
		var calls []string
		for _, id := range ids {
			calls = append(calls, `{"type":"page","userId":"u","messageId":"`+id+`"}`)
		}
		return "[" + strings.Join(calls, ",") + "]"
	}
	rows := []struct {
		name, payload string
		from          segment.Provenance
		want          []string
	}{
		{"configured", own("x", "y", "z"), segment.Provenance{MessageID: "m"}, []string{"m", "*", "*"}},
		{"different", own("x", "y"), fromKey, []string{"x", "y"}},
		{"copied", own("x", "x", "y", "x"), fromKey, []string{"x", "*", "y", "*"}},
		{"copied, and written otherwise", own("x", `\u0078`), fromKey, []string{"x", "*"}},
		{"copied, beside one that looks like it", own("x-1", "x", "x", "x-1-1"), fromKey, []string{"x-1", "x", "*", "x-1-1"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := messageIDs(t, row.payload, row.from)
			require.Len(t, got, len(row.want))
			seen := map[string]bool{}
			for n, want := range row.want {
				assert.False(t, seen[got[n]], "%s is given twice", got[n])
				seen[got[n]] = true
				if want == "*" {
					assert.Regexp(t, derivedID, got[n])
					continue
				}
				assert.Equal(t, want, got[n])
			}
			assert.Equal(t, got, messageIDs(t, row.payload, row.from), "read again")
		})
	}
}

// A message may have an id that reads like one of the calls of another.
func TestCallsOfAMessageDoNotTakeTheIDsOfAnother(t *testing.T) {
	const call = `{"type":"page","userId":"u"}`
	seen := map[string]string{}
	for _, id := range []string{"1001", "1001-1", "1001-2", "1001-1-1", "1001#1"} {
		for n, got := range messageIDs(t, `[`+call+`,`+call+`,`+call+`]`, segment.Provenance{MessageID: id}) {
			assert.NotContains(t, seen, got)
			seen[got] = fmt.Sprint(id, " at ", n)
		}
	}
}

func TestABlankIDCountsAsAbsent(t *testing.T) {
	for _, id := range []string{"", " ", "\\t"} {
		ids := messageIDs(t, `{"type":"page","userId":"u","messageId":"`+id+`"}`, segment.Provenance{MessageID: " "})
		assert.Equal(t, []string{freshID}, ids, "%q", id)
	}
}

func TestACopiedLongIDIsHashedWithItsPosition(t *testing.T) {
	call := `{"type":"page","userId":"u","messageId":"` + strings.Repeat("x", 101) + `"}`
	ids := messageIDs(t, `[`+call+`,`+call+`]`, fromKey)
	require.Len(t, ids, 2)
	assert.Regexp(t, derivedID, ids[0])
	assert.Regexp(t, derivedID, ids[1])
	assert.NotEqual(t, ids[0], ids[1])
}

func TestIDsOfOneArrayDoNotCountInTheNext(t *testing.T) {
	converter := segment.NewConverter(config())
	for range 2 {
		calls, _, v := converter.Convert(nil, []byte(`[`+owned+`]`), fromKey)
		require.Nil(t, v)
		assertMembers(t, `{"messageId":"own"}`, calls[0].JSON)
	}
}

// readFrom returns an origin.
func readFrom(origin string) func() string {
	return func() string { return origin }
}

func TestAnIDCanBeDerivedBeforeAnythingIsAdded(t *testing.T) {
	const event = `{"type":"track","userId":"u1","event":"E","timestamp":"2026-03-14T09:12:00Z"}`
	id, isDerived := segment.DeriveMessageID([]byte(event), "key", 0)
	require.True(t, isDerived)
	again, _ := segment.DeriveMessageID([]byte(event), "key", 0)
	assert.Equal(t, id, again, "a client that sends it again sends the same event")
	neighbour, _ := segment.DeriveMessageID([]byte(event), "key", 1)
	assert.NotEqual(t, id, neighbour)
	elsewhere, _ := segment.DeriveMessageID([]byte(event), "other", 0)
	assert.NotEqual(t, id, elsewhere)

	for _, timeless := range []string{`{"type":"track","userId":"u1","event":"E"}`, `{"timestamp":"Invalid Date"}`, `7`, ``} {
		_, isDerived := segment.DeriveMessageID([]byte(timeless), "key", 0)
		assert.False(t, isDerived, timeless)
	}
}
