package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// beginnings are calls with all that they must have, by their types, without the
// closing brace.
var beginnings = map[string]string{
	"identify": `{"type":"identify","userId":"u"`,
	"track":    `{"type":"track","userId":"u","event":"E"`,
	"page":     `{"type":"page","userId":"u"`,
	"screen":   `{"type":"screen","userId":"u"`,
	"alias":    `{"type":"alias","userId":"u","previousId":"p"`,
	"group":    `{"type":"group","userId":"u","groupId":"g"`,
}

// analytics-react-native#586: traits on track were gone without a word.
func TestTraitsJoinThoseInContext(t *testing.T) {
	rows := []struct{ name, traits, context, want string }{
		{"where there is no context", `{"firstName" : "Mira"}`, `null`, `{"traits":{"firstName" : "Mira"},` + ours + `}`},
		{"where context has none", `{"firstName":"Mira"}`, `{"library":{},"a":1}`, `{"library":{},"a":1,"traits":{"firstName":"Mira"}}`},
		{"where what is there wins, at every depth", `{"plan":"free","c":{"id":1,"x":2}}`, `{"library":{},"traits":{"plan":"pro","c":{"id":3}}}`, `{"library":{},"traits":{"plan":"pro","c":{"id":3,"x":2}}}`},
		{"where there are empty ones", `{"a":1}`, `{"traits":{},"library":{}}`, `{"library":{},"traits":{"a":1}}`},
		{"where there are PHP's empty ones", `{"a":1}`, `{"traits":[],"library":{}}`, `{"library":{},"traits":{"a":1}}`},
		{"where there is null", `{"a":1}`, `{"traits":null,"library":{}}`, `{"library":{},"traits":{"a":1}}`},
		{"where what is there is of no use", `{"a":1}`, `{"traits":"x","library":{}}`, `{"library":{},"traits":{"a":1}}`},
		{"where those there lose the anonymous id", `{"a":1}`, `{"traits":{"anonymousId":"x","b":2},"library":{}}`, `{"library":{},"traits":{"b":2,"a":1}}`},
		{"not where there are none", `{}`, `{"library":{},"traits":{"b" : 2}}`, `{"library":{},"traits":{"b" : 2}}`},
		{"not where they are PHP's empty ones", `[]`, `{"library":{}}`, `{"library":{}}`},
		{"not if they are not an object", `"x"`, `{"library":{}}`, `{"library":{}}`},
		{"not where they are null", `null`, `{"library":{}}`, `{"library":{}}`},
	}
	for _, call := range []string{"track", "page", "screen", "alias"} {
		for _, row := range rows {
			t.Run(call+" "+row.name, func(t *testing.T) {
				sent := convertedOne(t, beginnings[call]+`,"traits":`+row.traits+`,"context":`+row.context+`}`)
				assertMembers(t, `{"traits":null,"context":`+row.want+`}`, sent.JSON)
				assert.Empty(t, segment.Inspect(sent.JSON, segment.UnknownType).Violations)
			})
		}
	}
}

// segment-docs PR 6396: a group id beside a track has its place in context.
func TestAGroupIDMovesIntoContext(t *testing.T) {
	rows := []struct{ name, id, context, want string }{
		{"where there is no context", `"acme-7"`, `null`, `{"groupId":"acme-7",` + ours + `}`},
		{"where context has none", `"acme-7"`, `{"library":{}}`, `{"library":{},"groupId":"acme-7"}`},
		{"of a number as a string", `7.0`, `{"library":{}}`, `{"library":{},"groupId":"7"}`},
		{"where context has null", `"acme-7"`, `{"groupId":null,"library":{}}`, `{"library":{},"groupId":"acme-7"}`},
		{"where context has an empty one", `"acme-7"`, `{"groupId":"","library":{}}`, `{"library":{},"groupId":"acme-7"}`},
		{"not where context has one", `"acme-7"`, `{"groupId":"b","library":{}}`, `{"groupId":"b","library":{}}`},
		{"not where it is empty", `""`, `{"library":{}}`, `{"library":{}}`},
		{"not if it is not an id", `{"id":1}`, `{"library":{}}`, `{"library":{}}`},
	}
	for _, call := range []string{"identify", "track", "page", "screen", "alias"} {
		for _, row := range rows {
			t.Run(call+" "+row.name, func(t *testing.T) {
				sent := convertedOne(t, beginnings[call]+`,"groupId":`+row.id+`,"context":`+row.context+`}`)
				assertMembers(t, `{"groupId":null,"context":`+row.want+`}`, sent.JSON)
				assert.Empty(t, segment.Inspect(sent.JSON, segment.UnknownType).Violations)
			})
		}
	}
	call := convertedOne(t, beginnings["group"]+`,"context":{"library":{}}}`)
	assertMembers(t, `{"groupId":"g","context":{"library":{}}}`, call.JSON)
}

// What Segment would take is not refused for a member that it does not look
// at (analytics-php#31), and good traits are never lost to it.
func TestUnusableTraitsInContextCostNothing(t *testing.T) {
	for name, row := range map[string]struct {
		traits, inContext         string
		wantTraits, wantInContext string
		notes                     []string
	}{
		"PHP's empty ones under good ones": {`{"plan":"pro"}`, `[]`, `{"plan":"pro"}`, `null`, nil},
		"PHP's empty ones alone":           {`null`, `[ ]`, `null`, `null`, nil},
		"text under good ones":             {`{"plan":"pro"}`, `"x"`, `{"plan":"pro"}`, `"x"`, []string{"traits_unusable context.traits"}},
		"an array under good ones":         {`{"plan":"pro"}`, `["x"]`, `{"plan":"pro"}`, `["x"]`, []string{"traits_unusable context.traits"}},
		"text alone":                       {`null`, `"x"`, `null`, `"x"`, []string{"traits_unusable context.traits"}},
		"false alone":                      {`null`, `false`, `null`, `false`, []string{"traits_unusable context.traits"}},
		"empty text alone":                 {`null`, `""`, `null`, `null`, nil},
		"good ones under PHP's empty ones": {`[]`, `{"plan":"pro"}`, `{"plan":"pro"}`, `null`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			call, notes := noted(t, `{"type":"identify","userId":"u","traits":`+row.traits+`,"context":{"library":{},"traits":`+row.inContext+`}}`)
			assertMembers(t, `{"traits":`+row.wantTraits+`}`, call.JSON)
			assertMembers(t, `{"library":{},"traits":`+row.wantInContext+`}`, rawMembers(t, call.JSON)["context"])
			assert.Equal(t, row.notes, notes)
			assert.Empty(t, segment.Inspect(call.JSON, segment.UnknownType).Violations)
		})
	}
}

// analytics-php#38: PHP writes an empty object as an empty array.
func TestAnEmptyArrayIsAnEmptyObject(t *testing.T) {
	for call, beginning := range beginnings {
		for _, member := range []string{"properties", "traits", "context", "integrations"} {
			for _, empty := range []string{`[]`, "[ \n\t]"} {
				t.Run(call+" "+member, func(t *testing.T) {
					sent, notes := noted(t, beginning+`,"`+member+`":`+empty+`}`)
					want := map[string]string{"context": `{` + ours + `}`}[member]
					if want == "" {
						want = `null`
					}
					assertMembers(t, `{"`+member+`":`+want+`}`, sent.JSON)
					assert.Empty(t, notes)
				})
			}
		}
	}
}

func TestAnArrayWithSomethingInItIsRefusedWithTheWayOutOfPHP(t *testing.T) {
	forwarding := integrating(segment.IntegrationsForward)
	for payload, reason := range map[string]segment.Reason{
		`{"type":"track","userId":"u","event":"E","properties":["x"]}`: segment.ReasonPropertiesNotObject,
		`{"type":"identify","userId":"u","traits":[{"a":1}]}`:          segment.ReasonTraitsNotObject,
		`{"type":"group","userId":"u","groupId":"g","traits":[null]}`:  segment.ReasonTraitsNotObject,
		`{"type":"page","userId":"u","context":[1]}`:                   segment.ReasonContextNotObject,
		`{"type":"page","userId":"u","integrations":["All"]}`:          segment.ReasonBadRequest,
	} {
		_, _, v := segment.NewConverter(forwarding).Convert(nil, []byte(payload), fromKey)
		require.NotNil(t, v, payload)
		assert.Equal(t, reason, v.Reason)
		assert.Contains(t, v.Sentence, "PHP")
	}
}
