package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
)

func TestIdentifyTraits(t *testing.T) {
	rows := []struct{ name, traits, inContext, want string }{
		{"come from context", `null`, `{"a": 1, "b":"\u00e9"}`, `{"a": 1, "b":"\u00e9"}`},
		{"come from the top level", `{"a": 1}`, `null`, `{"a": 1}`},
		{"come from context where those above are empty", `{ }`, `{"a":1}`, `{"a":1}`},
		{"come from above where those of context are empty", `{"a":1}`, ` { } `, `{"a":1}`},
		{"of equal copies are one copy", `{ "a":{"b" :1} }`, `{ "a":{"b" :1} }`, `{ "a":{"b" :1} }`},
		{"are merged, and those above win", `{"plan":"team","x":1}`, `{"plan":"free","email":"e"}`, `{"plan":"team","x":1,"email":"e"}`},
		{"are merged at every depth", `{"c":{"id":"1","d":{"e":1}}}`, `{"c":{"name":"n","d":{"e":2,"f":3}},"z":0}`, `{"c":{"id":"1","d":{"e":1,"f":3},"name":"n"},"z":0}`},
		{"of different kinds are not merged", `{"a":{ "b":1},"c":[1],"d":null}`, `{"a":5,"c":[2],"d":{"x":1}}`, `{"a":{ "b":1},"c":[1],"d":null}`},
		{"keep their literals and escapes", `{"a":0.10,"b":{"x" : 1e400}}`, `{"b":{"y":9007199254740993, "z":"<\u003c\ud83c"}}`, `{"a":0.10,"b":{"x":1e400,"y":9007199254740993,"z":"<\u003c\ud83c"}}`},
		{"are compared by name, however it is written", `{"\u0061":1}`, `{"a":2,"b":3}`, `{"\u0061":1,"b":3}`},
		{"keep an empty object below", `{"a":{}}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		{"lose the anonymous id of mobile SDKs", `null`, `{"anonymousId":"a","userId":"u","id":"u"}`, `{"userId":"u","id":"u"}`},
		{"lose the anonymous id also where it is merged", `{"a":1}`, `{"anonymousId":"a","b":2}`, `{"a":1,"b":2}`},
		{"keep an anonymous id of their own", `{"anonymousId":"a"}`, `null`, `{"anonymousId":"a"}`},
		{"of duplicates are the last where they are merged", `{"a":{"x":1},"a":{"x":2}}`, `{"a":{"y":3},"b":1,"b":2}`, `{"a":{"x":2,"y":3},"b":2}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			call := convertedOne(t, `{"type":"identify","userId":"u","traits":`+row.traits+
				`,"context":{"traits":`+row.inContext+`,"library":{}}}`)
			assertMembers(t, `{"traits":`+row.want+`,"context":{"library":{}}}`, call.JSON)
			assert.Empty(t, segment.Inspect(call.JSON, segment.UnknownType).Violations)
		})
	}
}

func TestIdentifyWithoutTraits(t *testing.T) {
	runConversions(t, []conversion{
		{"has none", `{"type":"identify","userId":"u"}`, `{"traits":null}`},
		{"has none where context has empty ones", `{"type":"identify","userId":"u","context":{"traits":{},"library":{}}}`, `{"traits":null,"context":{"library":{}}}`},
		{"keeps empty ones of its own", `{"type":"identify","userId":"u","traits":{},"context":{"traits":{},"library":{}}}`, `{"traits":{}}`},
	})
	runRefusals(t, []refusal{
		{"traits of another kind over an object", `{"type":"identify","userId":"u","traits":"x","context":{"traits":{"a":1}}}`, segment.ReasonTraitsNotObject, "traits"},
		{"traits in an array over an object", `{"type":"identify","userId":"u","traits":["x"],"context":{"traits":{"a":1}}}`, segment.ReasonTraitsNotObject, "traits"},
	})
}
