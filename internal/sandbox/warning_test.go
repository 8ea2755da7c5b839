package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Segment's list of discards has no code for these. Discarding such calls would be
// a false alarm: "our API will coerce" (segmentio/analytics-go#109), and Segment's
// own example has a month with one digit.
func TestWhatCostsNoCallAtSegmentIsAWarning(t *testing.T) {
	for name, given := range map[string]struct{ call, code, field string }{
		"unreadable timestamp":   {`{"type":"track","event":"E","userId":"u","messageId":"m","timestamp":"9/3/2015 10:15:00 AM"}`, "timestamp_unparseable", "timestamp"},
		"timestamp of no kind":   {`{"type":"page","userId":"u","messageId":"m","timestamp":{}}`, "timestamp_unparseable", "timestamp"},
		"context no object":      {`{"type":"page","userId":"u","messageId":"m","context":[]}`, "context_not_object", "context"},
		"integrations no object": {`{"type":"page","userId":"u","messageId":"m","integrations":"All"}`, "bad_request", "integrations"},
		"message id a number":    {`{"type":"page","userId":"u","messageId":5}`, "id_not_string", "messageId"},
		"message id too long":    {`{"type":"page","userId":"u","messageId":"` + strings.Repeat("m", 101) + `"}`, "message_id_too_long", "messageId"},
		"group without id":       {`{"type":"group","userId":"u","messageId":"m"}`, "id_required", "groupId"},
		"group of a number":      {`{"type":"group","userId":"u","messageId":"m","groupId":7}`, "id_not_string", "groupId"},
		"alias of nobody":        {`{"type":"alias","userId":"u","messageId":"m"}`, "id_required", "previousId"},
		"event in blanks":        {`{"type":"track","event":" Signed Up","userId":"u","messageId":"m"}`, "blanks_around", "event"},
		"name in blanks":         {`{"type":"page","name":"Home\t","userId":"u","messageId":"m"}`, "blanks_around", "name"},
		"id in blanks":           {`{"type":"page","userId":"42 ","messageId":"m"}`, "blanks_around", "userId"},
		"group in blanks":        {`{"type":"group","userId":"u","groupId":" acme","messageId":"m"}`, "blanks_around", "groupId"},
		"alias of nobody's name": {`{"type":"alias","userId":"u","messageId":"m","previousId":""}`, "id_not_string", "previousId"},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t, segmenttest.Config{Strict: true})
			status, answer := post(t, sb, "/v1/batch", batch(given.call))
			require.Equal(t, http.StatusOK, status, answer)
			call := sb.Calls()[0]
			assert.True(t, call.Accepted)
			assert.Empty(t, call.Violations)
			require.Len(t, call.Warnings, 1)
			assert.Equal(t, given.code, call.Warnings[0].Code)
			assert.Equal(t, given.field, call.Warnings[0].Field)
			_, fix, found := strings.Cut(call.Warnings[0].Message, "; ")
			assert.True(t, found && fix != "", "it says how to fix it")
			require.Len(t, sb.Requests()[0].Warnings, 1)
			assert.Empty(t, sb.Requests()[0].Violations)
		})
	}
}

func TestWarningsStandBesideViolations(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(
		track("a"),
		`{"type":"track","event":"E","userId":"u","messageId":"b","timestamp":"yesterday"}`,
		`{"type":"track","userId":"u","messageId":"c","timestamp":"yesterday"}`,
	))

	assert.Equal(t, []string{"a", "b"}, idsOf(sb.Calls(segmenttest.Filter{Accepted: new(true)})))
	sum := sb.Summary()
	assert.Equal(t, map[string]int{"timestamp_unparseable": 2}, sum.Warnings)
	assert.Equal(t, map[string]int{"event_not_defined": 1}, sum.Violations)
	assert.Equal(t, 1, sum.Discarded)
	_, text := controlText(t, sb, http.MethodGet, "/metrics", "")
	assert.Contains(t, text, `sandbox_warnings_total{code="timestamp_unparseable"} 2`)

	// In filters, as parameters and as one line.
	for query, want := range map[string][]string{
		"q=warning:any":                                 {"b", "c"},
		"q=warning:timestamp_unparseable":               {"b", "c"},
		"q=-warning:any":                                {"a"},
		"q=warning:any+-violation:any":                  {"b"},
		"warning=any&accepted=true":                     {"b"},
		"warning=id_required":                           {},
		"violation=timestamp_unparseable":               {},
		"q=violation:any+status:discarded":              {"c"},
		"q=warning:timestamp_unparseable+accepted:true": {"b"},
	} {
		_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?"+query, "")
		assert.Equal(t, want, answer.texts("calls", "message_id"), query)
	}

	// In a call, in the rows of the page and of a person, and by kind.
	_, answer := control(t, sb, http.MethodGet, "/api/v1/calls/2", "")
	assert.Equal(t, "Send RFC 3339, such as 2026-01-02T03:04:05Z.", answer.at("warnings.0.fix"))
	assert.Contains(t, answer.at("warnings.0.link"), "https://www.twilio.com/docs/segment/")
	_, answer = control(t, sb, http.MethodGet, "/api/v1/person?id=u", "")
	assert.Equal(t, []any{"timestamp_unparseable"}, answer.at("calls.0.warnings"))
	_, text = controlText(t, sb, http.MethodGet, "/api/v1/violations", "")
	var kinds struct {
		Violations, Warnings []struct {
			Code  string
			Calls int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &kinds))
	require.Len(t, kinds.Violations, 1)
	require.Len(t, kinds.Warnings, 1)
	assert.Equal(t, "timestamp_unparseable", kinds.Warnings[0].Code)
	assert.Equal(t, 2, kinds.Warnings[0].Calls)
}

// The inbox has the warnings of a refused request as well.
func TestARefusedRequestHasItsWarnings(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{Strict: true})
	status, _ := post(t, sb, "/v1/batch", batch(`{"type":"track","userId":"u","timestamp":"x"}`))
	assert.Equal(t, http.StatusBadRequest, status)
	require.Len(t, sb.Requests()[0].Warnings, 1)
	assert.Equal(t, 1, sb.Summary().Warnings["timestamp_unparseable"])
}

// The column of a warehouse has the type of the first value.
func TestATraitThatChangesItsTypeIsAWarning(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	identify := func(id, traits string) string {
		return `{"type":"identify","userId":"` + id + `","messageId":"` + id + `","traits":` + traits + `}`
	}
	post(t, sb, "/v1/batch", batch(
		identify("a", `{"plan":"free","age":20,"vip":true,"tags":["x"],"address":{"city":"Bern"}}`),
		identify("b", `{"plan":"gold","age":20.5,"vip":false,"tags":[],"address":{},"new":1}`),
		identify("c", `{"plan":null,"age":null}`),
		`{"type":"group","userId":"u","groupId":"g","messageId":"g","traits":{"plan":7}}`,
	))
	assert.Zero(t, sb.Summary().Warned, "other values of the same type, null, and the table of another call")

	post(t, sb, "/v1/batch", batch(identify("d", `{"plan":3,"age":"20"}`), identify("e", `{"vip":"yes"}`)))
	calls := sb.Calls()
	require.Len(t, calls[4].Warnings, 2)
	assert.Equal(t, "trait_type_changed", calls[4].Warnings[0].Code)
	assert.Equal(t, "traits.plan", calls[4].Warnings[0].Field)
	assert.Contains(t, calls[4].Warnings[0].Message, "was a string at first and is a number now")
	assert.Equal(t, "traits.vip", calls[5].Warnings[0].Field)
	assert.True(t, calls[4].Accepted)
	sum := sb.Summary()
	assert.Equal(t, 2, sum.Warned, "calls")
	assert.Equal(t, map[string]int{"trait_type_changed": 3}, sum.Warnings)
	require.Len(t, sb.Requests()[1].Warnings, 3)
	_, answer := control(t, sb, http.MethodGet, "/api/v1/calls/5", "")
	assert.Equal(t, "Send values of one type, or give the trait another name.", answer.at("warnings.0.fix"))

	// The warehouse of another source is another one.
	post(t, sb, "/v1/batch", `{"writeKey":"other","batch":[`+identify("f", `{"plan":3}`)+`]}`, "Authorization", "")
	assert.Equal(t, 2, sb.Summary().Warned)
	control(t, sb, http.MethodPost, "/api/v1/reset", "")
	post(t, sb, "/v1/batch", batch(identify("a", `{"plan":3}`)))
	assert.Zero(t, sb.Summary().Warned)
}
