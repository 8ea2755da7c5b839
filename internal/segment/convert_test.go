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

var fromSource = segment.Source{WriteKey: "key"}

// converted returns the calls that a payload holds.
func converted(tb testing.TB, conf segment.Config, payload string) []segment.Call {
	tb.Helper()
	calls, _, v := segment.NewConverter(conf).Convert(nil, []byte(payload), fromSource)
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
	calls, skips, v := segment.NewConverter(config()).Convert(nil, []byte(payload), fromSource)
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

func TestType(t *testing.T) {
	runConversions(t, []conversion{
		{"identify", `{"type":"identify","userId":"u"}`, `{"type":"identify"}`},
		{"track", `{"type":"track","userId":"u","event":"E"}`, `{"type":"track"}`},
		{"page", `{"type":"page","userId":"u"}`, `{"type":"page"}`},
		{"screen", `{"type":"screen","userId":"u"}`, `{"type":"screen"}`},
		{"group", `{"type":"group","userId":"u","groupId":"g"}`, `{"type":"group"}`},
		{"alias", `{"type":"alias","userId":"u","previousId":"p"}`, `{"type":"alias"}`},
		{"is lower-cased", `{"type":"Page","userId":"u"}`, `{"type":"page"}`},
		{"is trimmed", `{"type":" \tPAGE\n ","userId":"u"}`, `{"type":"page"}`},
		{"is understood with escapes", `{"type":"p\u0061ge","userId":"u"}`, `{"type":"page"}`},
		{"of duplicates is the last", `{"type":"page","type":"screen","userId":"u"}`, `{"type":"screen"}`},
	})
	runRefusals(t, []refusal{
		{"missing", `{"userId":"u"}`, segment.ReasonUnknownType, "type"},
		{"null", `{"type":null,"userId":"u"}`, segment.ReasonUnknownType, "type"},
		{"empty", `{"type":"","userId":"u"}`, segment.ReasonUnknownType, "type"},
		{"number", `{"type":1,"userId":"u"}`, segment.ReasonUnknownType, "type"},
		{"of RudderStack alone", `{"type":"merge","userId":"u"}`, segment.ReasonUnknownType, "type"},
		{"unknown is no type of its own", `{"type":"unknown","userId":"u"}`, segment.ReasonUnknownType, "type"},
	})
}

func TestTypeOfACallIsKnown(t *testing.T) {
	assert.Equal(t, segment.Screen, convertedOne(t, `{"type":"SCREEN","userId":"u"}`).Type)
	for kind := segment.Identify; kind <= segment.Alias; kind++ {
		assert.Equal(t, kind, segment.ParseType(kind.String()))
	}
	assert.Equal(t, segment.UnknownType, segment.ParseType("unknown"))
}

func TestIDs(t *testing.T) {
	runConversions(t, []conversion{
		{
			"keep their bytes", `{"type":"page","userId":"\u00e9é\/","anonymousId":"a"}`,
			`{"userId":"\u00e9é\/","anonymousId":"a"}`,
		},
		{
			"of numbers become strings with every digit",
			`{"type":"page","userId":12345678901234567890123,"anonymousId":0.10}`,
			`{"userId":"12345678901234567890123","anonymousId":"0.10"}`,
		},
		{"of zero are ids", `{"type":"page","userId":0}`, `{"userId":"0"}`},
		{"of an exponent keep it", `{"type":"page","userId":1e400}`, `{"userId":"1e400"}`},
		{
			"that are empty are absent", `{"type":"page","userId":"","anonymousId":"a"}`,
			`{"userId":null,"anonymousId":"a"}`,
		},
		{
			"that are null are absent", `{"type":"page","userId":"u","anonymousId":null}`,
			`{"userId":"u","anonymousId":null}`,
		},
		{
			"never stand for one another", `{"type":"page","anonymousId":"a","context":{"traits":{"id":"x"}}}`,
			`{"userId":null,"anonymousId":"a"}`,
		},
		{
			"are understood under an escaped name", `{"type":"page","us\u0065rId":"u"}`,
			`{"userId":"u"}`,
		},
		{
			"of duplicates are the last", `{"type":"page","userId":1,"userId":"two","anonymousId":"a"}`,
			`{"userId":"two"}`,
		},
		{
			"of duplicates are absent where the last is null", `{"type":"page","userId":"u","userId":null,"anonymousId":"a"}`,
			`{"userId":null}`,
		},
		{
			"do not come from the traits of a group", `{"type":"group","anonymousId":"a","groupId":"g","traits":{"id":"company"}}`,
			`{"userId":null,"groupId":"g"}`,
		},
	})
	runRefusals(t, []refusal{
		{"none", `{"type":"page"}`, segment.ReasonNoUserAnonID, "userId"},
		{"both empty", `{"type":"page","userId":"","anonymousId":""}`, segment.ReasonNoUserAnonID, "userId"},
		{"true", `{"type":"page","userId":true,"anonymousId":"a"}`, segment.ReasonIDNotString, "userId"},
		{"an object", `{"type":"page","userId":"u","anonymousId":{}}`, segment.ReasonIDNotString, "anonymousId"},
		{"an array", `{"type":"page","userId":["u"]}`, segment.ReasonIDNotString, "userId"},
	})
}

func TestACallNamesWhoseItIs(t *testing.T) {
	call := convertedOne(t, `{"type":"alias","userId":"\u0075","previousId":7,"anonymousId":"a"}`)
	assert.Equal(t, "u", string(call.UserID))
	assert.Equal(t, "a", string(call.AnonymousID))
	assert.Equal(t, "7", string(call.PreviousID))
	assert.Equal(t, "key", call.WriteKey)

	page := convertedOne(t, `{"type":"page","anonymousId":"a","previousId":"p"}`)
	assert.Empty(t, page.UserID)
	assert.Empty(t, page.PreviousID, "only alias has a previous id")
}

func TestEvent(t *testing.T) {
	runConversions(t, []conversion{
		{"is sent on track", `{"type":"track","userId":"u","event":"Order \u003cDone>"}`, `{"event":"Order \u003cDone>"}`},
		{"is dropped on identify", `{"type":"identify","userId":"u","event":"identify"}`, `{"event":null}`},
		{"is dropped on page", `{"type":"page","userId":"u","event":"E"}`, `{"event":null,"name":null}`},
		{"is dropped on group", `{"type":"group","userId":"u","groupId":"g","event":"E"}`, `{"event":null}`},
		{"is dropped on alias", `{"type":"alias","userId":"u","previousId":"p","event":"E"}`, `{"event":null}`},
		{"is dropped whatever it is", `{"type":"page","userId":"u","event":{"a":1}}`, `{"event":null}`},
	})
	runRefusals(t, []refusal{
		{"missing", `{"type":"track","userId":"u"}`, segment.ReasonEventNotDefined, "event"},
		{"null", `{"type":"track","userId":"u","event":null}`, segment.ReasonEventNotDefined, "event"},
		{"empty", `{"type":"track","userId":"u","event":""}`, segment.ReasonEventNotDefined, "event"},
		{"a number", `{"type":"track","userId":"u","event":1}`, segment.ReasonEventNotString, "event"},
		{"an object", `{"type":"track","userId":"u","event":{}}`, segment.ReasonEventNotString, "event"},
	})
}

func TestNameAndCategory(t *testing.T) {
	runConversions(t, []conversion{
		{
			"are sent on page", `{"type":"page","userId":"u","name":"N","category":"C"}`,
			`{"name":"N","category":"C","properties":null}`,
		},
		{
			"come from properties, which keep them",
			`{"type":"page","userId":"u","properties":{"name":"N","category":"C"}}`,
			`{"name":"N","category":"C","properties":{"name":"N","category":"C"}}`,
		},
		{
			"prefer the top level", `{"type":"page","userId":"u","name":"T","properties":{"name":"P"}}`,
			`{"name":"T"}`,
		},
		{
			"are absent where they are empty", `{"type":"page","userId":"u","name":"","category":"","properties":{"name":""}}`,
			`{"name":null,"category":null}`,
		},
		{
			"come from properties where they are empty above", `{"type":"page","userId":"u","name":"","properties":{"name":"P"}}`,
			`{"name":"P"}`,
		},
		{
			"of properties do not count where they are no text", `{"type":"page","userId":"u","properties":{"name":1,"category":{}}}`,
			`{"name":null,"category":null}`,
		},
		{
			"of a screen come from the event of mobile SDKs",
			`{"type":"screen","userId":"u","event":"Home","properties":{"name":"P","category":"C"}}`,
			`{"name":"Home","category":"C","event":null}`,
		},
		{
			"of a screen prefer the name", `{"type":"screen","userId":"u","name":"N","event":"E"}`,
			`{"name":"N","event":null}`,
		},
		{
			"of a screen come from properties last", `{"type":"screen","userId":"u","event":"","properties":{"name":"P"}}`,
			`{"name":"P"}`,
		},
		{
			"are dropped elsewhere", `{"type":"track","userId":"u","event":"E","name":"N","category":5}`,
			`{"name":null,"category":null}`,
		},
	})
	runRefusals(t, []refusal{
		{"a name of another kind", `{"type":"page","userId":"u","name":1}`, segment.ReasonNameNotString, "name"},
		{"a category of another kind", `{"type":"screen","userId":"u","category":[]}`, segment.ReasonCategoryNotString, "category"},
	})
}

func TestObjects(t *testing.T) {
	runConversions(t, []conversion{
		{
			"properties are sent on track", `{"type":"track","userId":"u","event":"E","properties":{"a": [1, 2]}}`,
			`{"properties":{"a": [1, 2]}}`,
		},
		{"properties are sent on screen", `{"type":"screen","userId":"u","properties":{}}`, `{"properties":{}}`},
		{"properties are dropped on identify", `{"type":"identify","userId":"u","properties":{"a":1}}`, `{"properties":null}`},
		{
			"properties are dropped on group, whatever they are",
			`{"type":"group","userId":"u","groupId":"g","properties":1}`, `{"properties":null}`,
		},
		{"properties of null are absent", `{"type":"track","userId":"u","event":"E","properties":null}`, `{"properties":null}`},
		{"traits are dropped on track", `{"type":"track","userId":"u","event":"E","traits":{"a":1}}`, `{"traits":null}`},
		{"traits of null are absent", `{"type":"identify","userId":"u","traits":null}`, `{"traits":null}`},
		{
			"traits of a group are its own", `{"type":"group","userId":"u","groupId":"g","traits":{"n":1},"context":{"traits":{"e":2},"library":{}}}`,
			`{"traits":{"n":1},"context":{"traits":{"e":2},"library":{}}}`,
		},
		{
			"traits of a group never come from context", `{"type":"group","userId":"u","groupId":"g","context":{"traits":{"e":2},"library":{}}}`,
			`{"traits":null,"context":{"traits":{"e":2},"library":{}}}`,
		},
	})
	runRefusals(t, []refusal{
		{"properties in an array", `{"type":"track","userId":"u","event":"E","properties":[]}`, segment.ReasonPropertiesNotObject, "properties"},
		{"properties in a string", `{"type":"page","userId":"u","properties":"{}"}`, segment.ReasonPropertiesNotObject, "properties"},
		{"traits in a string", `{"type":"identify","userId":"u","traits":""}`, segment.ReasonTraitsNotObject, "traits"},
		{"traits of a group in an array", `{"type":"group","userId":"u","groupId":"g","traits":[]}`, segment.ReasonTraitsNotObject, "traits"},
		{"a context in a string", `{"type":"page","userId":"u","context":"c"}`, segment.ReasonContextNotObject, "context"},
	})
}

func TestGroupID(t *testing.T) {
	runConversions(t, []conversion{
		{"is sent", `{"type":"group","userId":"u","groupId":"g"}`, `{"groupId":"g"}`},
		{"of a number becomes a string", `{"type":"group","userId":"u","groupId":4711}`, `{"groupId":"4711"}`},
		{"is dropped elsewhere", `{"type":"page","userId":"u","groupId":true}`, `{"groupId":null}`},
	})
	runRefusals(t, []refusal{
		{"missing", `{"type":"group","userId":"u","traits":{"id":"g","groupId":"g"}}`, segment.ReasonIDRequired, "groupId"},
		{"empty", `{"type":"group","userId":"u","groupId":""}`, segment.ReasonIDRequired, "groupId"},
		{"true", `{"type":"group","userId":"u","groupId":true}`, segment.ReasonIDNotString, "groupId"},
	})
}

func TestAlias(t *testing.T) {
	runConversions(t, []conversion{
		{"keeps its ids", `{"type":"alias","userId":"new","previousId":"old"}`, `{"userId":"new","previousId":"old"}`},
		{
			"understands from and to", `{"type":"alias","from":"old","to":7}`,
			`{"userId":"7","previousId":"old","from":null,"to":null}`,
		},
		{
			"prefers the ids to from and to", `{"type":"alias","userId":"u","previousId":"p","from":"f","to":"t"}`,
			`{"userId":"u","previousId":"p"}`,
		},
		{
			"takes from and to where the ids are empty", `{"type":"alias","userId":"","previousId":"","from":"f","to":"t"}`,
			`{"userId":"t","previousId":"f"}`,
		},
		{
			"falls back to the anonymous id", `{"type":"alias","userId":"u","anonymousId":"a"}`,
			`{"userId":"u","previousId":"a","anonymousId":"a"}`,
		},
		{
			"falls back to the anonymous id of a number", `{"type":"alias","userId":"u","anonymousId":5}`,
			`{"userId":"u","previousId":"5","anonymousId":"5"}`,
		},
		{
			"may replace an id by itself where the sender says so", `{"type":"alias","userId":"u","previousId":"u"}`,
			`{"userId":"u","previousId":"u"}`,
		},
		{
			"takes no name, properties or traits", `{"type":"alias","userId":"u","previousId":"p","name":"n","properties":{},"traits":{}}`,
			`{"name":null,"properties":null,"traits":null}`,
		},
	})
	runConversions(t, []conversion{
		{"from and to mean nothing elsewhere", `{"type":"page","userId":"u","from":"f","to":"t"}`, `{"userId":"u","previousId":null}`},
		{"previousId means nothing elsewhere", `{"type":"page","userId":"u","previousId":"p"}`, `{"previousId":null}`},
	})
	runRefusals(t, []refusal{
		{"without a previous id", `{"type":"alias","userId":"u"}`, segment.ReasonIDRequired, "previousId"},
		{"with an anonymous id that is the user's", `{"type":"alias","userId":"u","anonymousId":"\u0075"}`, segment.ReasonIDRequired, "previousId"},
		{"with a previous id of another kind", `{"type":"alias","userId":"u","previousId":{}}`, segment.ReasonIDNotString, "previousId"},
	})
}

func TestChannel(t *testing.T) {
	rows := map[string]string{
		`"web"`: `"browser"`, `"browser"`: `"browser"`, `"mobile"`: `"mobile"`,
		`"server"`: `"server"`, `"sources"`: `"server"`, `"w\u0065b"`: `"browser"`,
		`"service-worker"`: `null`, `""`: `null`, `1`: `null`, `{}`: `null`, `null`: `null`,
	}
	for channel, want := range rows {
		t.Run(channel, func(t *testing.T) {
			call := convertedOne(t, `{"type":"page","userId":"u","channel":`+channel+`}`)
			assertMembers(t, `{"channel":`+want+`}`, call.JSON)
		})
	}
}

func TestOtherMembersAreDropped(t *testing.T) {
	call := convertedOne(t, `{"rudderId":"r","_metadata":{"a":1},"type":"page","userId":"u",`+
		`"receivedAt":"2026-01-02T03:04:05Z","sentAt":"x","writeKey":"secret","userProperties":{},`+
		`"destinationProps":{},"action":"insert","recordId":1,"projectId":"p","version":2,`+
		`"request_ip":"x","timestamp":"2026-01-02T03:04:05.678Z","originalTimestamp":"2026","":0,`+
		`"Type":"track","USERID":"v","messageId":"m","context":{"library":{}}}`)
	assert.Equal(t, `{"type":"page","userId":"u","timestamp":"2026-01-02T03:04:05.678Z",`+
		`"messageId":"m","context":{"library":{}}}`, string(call.JSON))
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

func TestPayloadsWithoutACallAreSkipped(t *testing.T) {
	for name, payload := range map[string]string{
		"empty": "", "blank": " \t\r\n", "byte order mark": "\xef\xbb\xbf",
		"byte order mark and blanks": "\xef\xbb\xbf \n", "empty array": " [ ] ",
	} {
		t.Run(name, func(t *testing.T) {
			calls, skips, v := segment.NewConverter(config()).Convert(nil, []byte(payload), fromSource)
			require.Nil(t, v)
			assert.Empty(t, calls)
			assert.Equal(t, segment.Skips{Empty: 1}, skips)
		})
	}
}

func TestAByteOrderMarkIsSkipped(t *testing.T) {
	call := convertedOne(t, "\xef\xbb\xbf"+`{"type":"page","userId":"u"}`)
	assertMembers(t, `{"userId":"u"}`, call.JSON)
}

func TestShapesThatAreNoPayload(t *testing.T) {
	page := `{"type":"page","userId":"u"}`
	runRefusals(t, []refusal{
		{"null", `null`, segment.ReasonBadRequest, ""},
		{"true", `true`, segment.ReasonBadRequest, ""},
		{"a number", `1`, segment.ReasonBadRequest, ""},
		{"a string", `"x"`, segment.ReasonBadRequest, ""},
		{"an envelope", `{"batch":[` + page + `],"sentAt":"x"}`, segment.ReasonBadRequest, "batch"},
		{"an envelope with a type", `{"type":"x","batch":[` + page + `]}`, segment.ReasonUnknownType, "type"},
		{"an array with a number in it", `[` + page + `,1]`, segment.ReasonBadRequest, "1"},
		{"an array in an array", `[[` + page + `]]`, segment.ReasonBadRequest, "0"},
		{"an envelope in an array", `[` + page + `,{"batch":[]}]`, segment.ReasonBadRequest, "1.batch"},
		{"two lines", page + "\n" + page, segment.ReasonInvalidJSON, ""},
		{"something behind", page + `x`, segment.ReasonInvalidJSON, ""},
		{"something behind an array", `[` + page + `]]`, segment.ReasonInvalidJSON, ""},
		{"cut", `{"type":"page","userId":"u"`, segment.ReasonInvalidJSON, ""},
		{"a comma too much", `{"type":"page","userId":"u",}`, segment.ReasonInvalidJSON, ""},
		{"a comment", `/* x */` + page, segment.ReasonInvalidJSON, ""},
		{"single quotes", `{'type':'page'}`, segment.ReasonInvalidJSON, ""},
		{"NaN", `{"type":"page","userId":NaN}`, segment.ReasonInvalidJSON, ""},
		{"a name without quotes", `{type:"page"}`, segment.ReasonInvalidJSON, ""},
		{"UTF-16", "\xff\xfe{\x00}\x00", segment.ReasonInvalidJSON, ""},
		{"invalid UTF-8 in a member that is dropped", "{\"type\":\"page\",\"userId\":\"u\",\"x\":\"\xff\"}", segment.ReasonInvalidJSON, ""},
		{"a surrogate in UTF-8", "{\"type\":\"page\",\"userId\":\"\xed\xa0\xbc\"}", segment.ReasonInvalidJSON, ""},
		{"a raw control character", "{\"type\":\"page\",\"userId\":\"\x00\"}", segment.ReasonInvalidJSON, ""},
	})
}

func TestAnEnvelopeIsRefusedWithTheWayToUnpackIt(t *testing.T) {
	v := refused(t, `{"batch":[{"type":"page"}]}`)
	assert.Contains(t, v.Sentence, "root = this.batch")
}

func TestTwoDocumentsAreRefusedWithTheWayToSplitThem(t *testing.T) {
	v := refused(t, `{"type":"page","userId":"u"}`+"\n"+`{"type":"page","userId":"u"}`)
	assert.Contains(t, v.Sentence, "unarchive")
}

func TestASyntaxErrorIsNamedByItsOffset(t *testing.T) {
	rows := []struct {
		name, payload string
		offset        int
	}{
		{"a letter too much", `{"type":"page",x}`, 15},
		{"inside a nested value", `{"properties":{"a":tru }}`, 22},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", 6},
		{"behind a byte order mark", "\xef\xbb\xbf{x", 4},
		{"invalid UTF-8 behind a byte order mark", "\xef\xbb\xbf\"\xff", 4},
		{"the end", `{"type":`, 8},
		{"a second document", `{"type":"page","userId":"u"}{}`, 28},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			v := refused(t, row.payload)
			assert.Equal(t, segment.ReasonInvalidJSON, v.Reason)
			assert.Contains(t, v.Sentence, fmt.Sprintf("byte %d ", row.offset))
		})
	}
}

func TestAnArrayBecomesSeveralCalls(t *testing.T) {
	calls := converted(t, config(), `[{"type":"page","userId":"a"}, {"type":"track","userId":"b","event":"E"}]`)
	require.Len(t, calls, 2)
	assert.Equal(t, segment.Page, calls[0].Type)
	assert.Equal(t, "a", string(calls[0].UserID))
	assert.Equal(t, segment.Track, calls[1].Type)
	assert.Equal(t, "b", string(calls[1].UserID))
}

func TestOneBadElementRefusesTheWholeArray(t *testing.T) {
	good := `{"type":"page","userId":"u"}`
	converter := segment.NewConverter(config())
	before, _, v := converter.Convert(nil, []byte(good), fromSource)
	require.Nil(t, v)
	calls, skips, v := converter.Convert(before, []byte(`[`+good+`,{"type":"page"},`+good+`]`), fromSource)
	require.NotNil(t, v)
	assert.Equal(t, segment.ReasonNoUserAnonID, v.Reason)
	assert.Equal(t, "1.userId", v.Field)
	assert.Equal(t, before, calls, "only the calls from before are left")
	assert.Zero(t, skips)
}

func TestASyntaxErrorInAnArrayIsNoElementsFault(t *testing.T) {
	v := refused(t, `[{"type":"page","userId":"u"},{]`)
	assert.Equal(t, segment.ReasonInvalidJSON, v.Reason)
	assert.Empty(t, v.Field)
}

func TestNestingIsBounded(t *testing.T) {
	nested := func(depth int) string {
		return `{"type":"track","userId":"u","event":"E","properties":{"a":` +
			strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}}`
	}
	call := convertedOne(t, nested(9_000))
	assert.Contains(t, string(call.JSON), strings.Repeat("[", 9_000))
	v := refused(t, nested(10_001))
	assert.Equal(t, segment.ReasonInvalidJSON, v.Reason)
	assert.Contains(t, v.Sentence, "10,000")
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
		_, _, v := segment.NewConverter(conf).Convert(nil, []byte(payload), fromSource)
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
			calls, _, v = converter.Convert(calls, payload(i), fromSource)
			require.Nil(t, v)
		}
		for i, call := range calls {
			require.Equal(t, fmt.Sprintf("user %d", i), string(call.UserID), "round %d", round)
			require.True(t, json.Valid(call.JSON))
			require.Contains(t, string(call.JSON), fmt.Sprintf(`"user %d"`, i))
		}
	}
}

func TestCallsShareNoMemoryWithThePayload(t *testing.T) {
	payload := []byte(`{"type":"page","userId":"user","anonymousId":"a","messageId":"m","properties":{"a":"b"}}`)
	calls, _, v := segment.NewConverter(config()).Convert(nil, payload, fromSource)
	require.Nil(t, v)
	before := string(calls[0].JSON) + string(calls[0].UserID)
	clear(payload)
	assert.Equal(t, before, string(calls[0].JSON)+string(calls[0].UserID))
}

func TestACallThatGrowsPastItsChunkIsWhole(t *testing.T) {
	// The anonymous id is written twice, so that the call is larger than the
	// payload.
	id := strings.Repeat("a", 300_000)
	call := convertedOne(t, `{"type":"alias","userId":"u","anonymousId":"`+id+`"}`)
	assertMembers(t, `{"previousId":"`+id+`","anonymousId":"`+id+`"}`, call.JSON)
	assert.Equal(t, id, string(call.PreviousID))
}
