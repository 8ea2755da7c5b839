package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
)

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
		{"of an exponent beyond all ids keep it", `{"type":"page","userId":1e400}`, `{"userId":"1e400"}`},
		// analytics-react-native#189
		{"of a whole number have no fraction", `{"type":"identify","userId":55520.0,"traits":{}}`, `{"userId":"55520"}`},
		{
			"of a whole number have no exponent", `{"type":"alias","userId":1.2345678E7,"previousId":5.552e4,"anonymousId":-70E-1}`,
			`{"userId":"12345678","previousId":"55520","anonymousId":"-7"}`,
		},
		{"of a group have neither", `{"type":"group","userId":"u","groupId":4711.00}`, `{"groupId":"4711"}`},
		{"of alias have neither under other names", `{"type":"alias","to":7.0,"from":8e0}`, `{"userId":"7","previousId":"8"}`},
		{"of a message have neither", `{"type":"page","userId":"u","messageId":1e3}`, `{"messageId":"1000"}`},
		{
			"of a person elsewhere have neither", `{"type":"page","userId":"u","context":{"library":{},"externalId":[{"type":"t","id":55520.0}]}}`,
			`{"context":{"library":{},"externalIds":[{"id":"55520","type":"t","collection":"users","encoding":"none"}]}}`,
		},
		{"in text keep everything", `{"type":"page","userId":"55520.0"}`, `{"userId":"55520.0"}`},
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

func TestAnIDStandsForOnePerson(t *testing.T) {
	assert.Equal(t, segment.IDOf([]byte("ann")), segment.IDOf([]byte("ann")))
	assert.NotEqual(t, segment.IDOf([]byte("ann")), segment.IDOf([]byte("bob")))
	assert.NotZero(t, segment.IDOf([]byte("ann")))
	assert.Zero(t, segment.IDOf(nil))
	assert.Zero(t, segment.IDOf([]byte{}))
}

func TestACallNamesWhoseItIs(t *testing.T) {
	call := convertedOne(t, `{"type":"alias","userId":"\u0075","previousId":7,"anonymousId":"a"}`)
	assert.Equal(t, segment.IDOf([]byte("u")), call.UserID)
	assert.Equal(t, segment.IDOf([]byte("a")), call.AnonymousID)
	assert.Equal(t, segment.IDOf([]byte("7")), call.PreviousID)
	assert.Equal(t, "key", call.WriteKey)

	page := convertedOne(t, `{"type":"page","anonymousId":"a","previousId":"p"}`)
	assert.Zero(t, page.UserID)
	assert.Zero(t, page.PreviousID, "only alias has a previous id")
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
		{"properties in an array", `{"type":"track","userId":"u","event":"E","properties":[1]}`, segment.ReasonPropertiesNotObject, "properties"},
		{"properties in a string", `{"type":"page","userId":"u","properties":"{}"}`, segment.ReasonPropertiesNotObject, "properties"},
		{"traits in a string", `{"type":"identify","userId":"u","traits":""}`, segment.ReasonTraitsNotObject, "traits"},
		{"traits of a group in an array", `{"type":"group","userId":"u","groupId":"g","traits":[{}]}`, segment.ReasonTraitsNotObject, "traits"},
		{"a context in a string", `{"type":"page","userId":"u","context":"c"}`, segment.ReasonContextNotObject, "context"},
	})
}

func TestGroupID(t *testing.T) {
	runConversions(t, []conversion{
		{"is sent", `{"type":"group","userId":"u","groupId":"g"}`, `{"groupId":"g"}`},
		{"of a number becomes a string", `{"type":"group","userId":"u","groupId":4711}`, `{"groupId":"4711"}`},
		{"is dropped elsewhere if it is not an id", `{"type":"page","userId":"u","groupId":true}`, `{"groupId":null}`},
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
