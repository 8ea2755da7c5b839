package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment/plan"
	"benthos-segment/plugin/segmenttest"
)

func withPlan(t *testing.T, strict bool) *segmenttest.Server {
	t.Helper()
	p, err := plan.Parse([]byte(`{"rules":[{"type":"TRACK","key":"Paid","version":2,"jsonSchema":{"labels":{"owner":"shop"},` +
		`"properties":{"properties":{"required":["total"],"properties":{"total":{"type":"number"}}}}}}]}`))
	require.NoError(t, err)
	return segmenttest.NewInProcess(t, segmenttest.Config{Plan: p, Strict: strict})
}

const (
	keeping   = `{"type":"track","event":"Paid","userId":"u","messageId":"good","properties":{"total":1}}`
	breaking  = `{"type":"track","event":"Paid","userId":"u","messageId":"bad","properties":{"total":"1","x":1}}`
	unplanned = `{"type":"track","event":"Sold","userId":"u","messageId":"new"}`
)

// What breaks a plan is neither a violation nor a warning: Segment answers 200 to
// it, and what becomes of it is a setting of the source.
func TestFindingsOfAPlanAreOfAKindOfTheirOwn(t *testing.T) {
	for _, strict := range []bool{false, true} {
		sb := withPlan(t, strict)
		status, _ := post(t, sb, "/v1/batch", batch(keeping, breaking, unplanned))
		require.Equal(t, http.StatusOK, status)
		for _, call := range sb.Calls() {
			assert.True(t, call.Accepted)
			assert.Empty(t, call.Violations)
			assert.Empty(t, call.Warnings)
		}
		assert.Equal(t, map[string]int{"mistyped": 1, "unplanned_property": 1, "unplanned_event": 1}, sb.Summary().PlanFindings)
	}
}

func TestFindingsOfAPlanAreShownAndFound(t *testing.T) {
	sb := withPlan(t, false)
	post(t, sb, "/v1/batch", batch(keeping, breaking, unplanned))

	assert.Equal(t, []string{"bad", "new"}, idsOf(sb.Calls(segmenttest.Filter{Plan: "any"})))
	for query, want := range map[string]int{"plan=any": 2, "plan=mistyped": 1, "q=plan:unplanned_event": 1, "q=-plan:any": 1, "plan=missing": 0} {
		_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?"+query, "")
		assert.Len(t, answer.S("calls").Children(), want, query)
	}

	_, answer := control(t, sb, http.MethodGet, "/api/v1/calls/2", "")
	found := answer.S("plan_findings").Index(0)
	assert.Equal(t, "mistyped", found.S("code").Data())
	assert.Equal(t, "properties.total", found.S("field").Data())
	assert.Equal(t, `Invalid type. Expected: number, given: string (the rule for track "Paid", version 2, owner:shop).`, found.S("sentence").Data())
	assert.Equal(t, "Correct the event or the plan.", found.S("fix").Data())
	assert.Equal(t, "https://www.twilio.com/docs/segment/protocols", found.S("link").Data())

	_, answer = control(t, sb, http.MethodGet, "/api/v1/violations", "")
	assert.Empty(t, answer.S("violations").Children())
	assert.Len(t, answer.S("plan_findings").Children(), 3)
	_, text := controlText(t, sb, http.MethodGet, "/metrics", "")
	assert.Contains(t, text, `sandbox_plan_findings_total{kind="mistyped"} 1`)
}

func TestWithoutAPlanThereAreNoFindings(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(breaking))
	assert.Empty(t, sb.Calls()[0].PlanFindings)
	assert.Empty(t, sb.Summary().PlanFindings)
}
