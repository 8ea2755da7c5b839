package segment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
)

func TestInspectShowsWhatACallSaysOfItself(t *testing.T) {
	got := segment.Inspect([]byte(`{"type":"group","messageId":"m\u00e9","userId":7,"anonymousId":"a",`+
		`"previousId":"p","groupId":"g","timestamp":"2026-01-02T03:04:05Z"}`), segment.UnknownType)
	got.Violations = nil
	assert.Equal(t, segment.Inspection{
		Type: segment.Group, MessageID: "mé", UserID: "7", AnonymousID: "a",
		PreviousID: "p", GroupID: "g", Timestamp: "2026-01-02T03:04:05Z",
	}, got)
}

func TestInspectNamesACall(t *testing.T) {
	for call, want := range map[string]string{
		`{"type":"track","event":"E","name":"n"}`:    "E",
		`{"type":"page","name":"P","event":"e"}`:     "P",
		`{"type":"screen","name":"S","event":"e"}`:   "S",
		`{"type":"identify","name":"n","event":"e"}`: "",
		`{"type":"x","name":"n","event":"e"}`:        "",
	} {
		assert.Equal(t, want, segment.Inspect([]byte(call), segment.UnknownType).Name, call)
	}
}

func TestInspectKnowsTheTypeOfAPath(t *testing.T) {
	got := segment.Inspect([]byte(`{"userId":"u","event":"E"}`), segment.Track)
	assert.Equal(t, segment.Track, got.Type)
	assert.Empty(t, got.Violations)

	got = segment.Inspect([]byte(`{"type":"page","userId":"u"}`), segment.Track)
	assert.Equal(t, segment.Page, got.Type, "a call's own type counts first")

	got = segment.Inspect([]byte(`{"type":"x","userId":"u"}`), segment.Track)
	assert.Equal(t, segment.UnknownType, got.Type)
}

func TestInspectNamesEveryRuleThatACallBreaks(t *testing.T) {
	rows := []struct {
		name, call string
		want       []string
	}{
		{"nothing", `{"type":"track","userId":"u","event":"E","properties":{},"context":{}}`, nil},
		{"a type that only the converter understands", `{"type":" Page","userId":"u"}`, []string{"unknown_type type"}},
		{"empty ids", `{"type":"page","userId":"","anonymousId":""}`, []string{
			"id_not_string userId", "id_not_string anonymousId",
		}},
		{"numbers for ids", `{"type":"group","userId":1,"groupId":2}`, []string{"id_not_string userId", "id_not_string groupId"}},
		{"null for ids", `{"type":"page","userId":null}`, []string{"no_user_anon_id userId"}},
		{"no group", `{"type":"group","userId":"u"}`, []string{"id_required groupId"}},
		{"no previous id", `{"type":"alias","userId":"u","anonymousId":"a"}`, []string{"id_required previousId"}},
		{"no event", `{"type":"track","userId":"u"}`, []string{"event_not_defined event"}},
		{"an event of another kind", `{"type":"track","userId":"u","event":1}`, []string{"event_not_string event"}},
		{"objects of another kind", `{"type":"track","userId":"u","event":"E","properties":1,"traits":1,"context":1,"integrations":1}`, []string{
			"properties_not_object properties", "context_not_object context", "bad_request integrations",
		}},
		{"traits of another kind", `{"type":"identify","userId":"u","traits":[]}`, []string{"traits_not_object traits"}},
		{"empty names", `{"type":"page","userId":"u","name":"","category":""}`, []string{"name_not_string name", "category_not_string category"}},
		{"a message id of another kind", `{"type":"page","userId":"u","messageId":5}`, []string{"id_not_string messageId"}},
		{"a message id of 101 characters", `{"type":"page","userId":"u","messageId":"` + strings.Repeat("é", 101) + `"}`, []string{"message_id_too_long messageId"}},
		{"a message id of 100 characters", `{"type":"page","userId":"u","messageId":"` + strings.Repeat("é", 100) + `"}`, nil},
		{"an invalid time", `{"type":"page","userId":"u","timestamp":"x"}`, []string{"timestamp_unparseable timestamp"}},
		{"an unknown type and an invalid message id", `{"type":"x","userId":"u","messageId":7}`, []string{"unknown_type type", "id_not_string messageId"}},
		{"an unknown type and no id", `{"type":"x"}`, []string{"unknown_type type", "no_user_anon_id userId"}},
		{"an advertising id of another kind", `{"type":"page","userId":"u","context":{"device":{"advertisingId":5}}}`, []string{
			"device_advertisingid_should_be_string context.device.advertisingId",
		}},
		{"consent without preferences", `{"type":"track","userId":"u","event":"Segment Consent Preference Updated"}`, []string{
			"consent_categorypreferences_should_exist context.consent.categoryPreferences",
		}},
		{"consent that is no object", `{"type":"track","userId":"u","event":"Segment Consent Preference Updated","context":{"consent":{"categoryPreferences":["ads"]}}}`, []string{
			"consent_categorypreferences_fields_should_be_object context.consent.categoryPreferences",
		}},
		{"consent that is no boolean", `{"type":"track","userId":"u","event":"Segment Consent Preference Updated","context":{"consent":{"categoryPreferences":{"ads":"yes"}}}}`, []string{
			"consent_categorypreferences_fields_should_be_bool context.consent.categoryPreferences",
		}},
		{"invalid JSON", `{"type":"page"`, []string{"invalid_json -"}},
		{"no object", `[{"type":"page","userId":"u"}]`, []string{"bad_request -"}},
		{"two objects", `{"type":"page","userId":"u"}{}`, []string{"invalid_json -"}},
		{"invalid UTF-8", "{\"type\":\"page\",\"userId\":\"\xff\"}", []string{"invalid_json -"}},
		{"nothing at all", ``, []string{"invalid_json -"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, v := range segment.Inspect([]byte(row.call), segment.UnknownType).Violations {
				text, _, _ := strings.Cut(v.Error(), ":")
				got = append(got, strings.TrimPrefix(text, "segment "))
			}
			assert.Equal(t, row.want, got)
		})
	}
}
