package plugin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

const trackingPlan = `{"rules": [
  {"type": "TRACK", "key": "Paid", "version": 1, "jsonSchema": {
    "properties": {"properties": {"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}}}}}
]}`

// planFile writes a plan, and returns its path.
func planFile(t *testing.T, plan string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, os.WriteFile(path, []byte(plan), 0o600))
	return path
}

func TestTheTrackingPlanIsKeptAsConfigured(t *testing.T) {
	const (
		good     = `{"type":"track","userId":"u","event":"Paid","properties":{"total":1}}`
		mistyped = `{"type":"track","userId":"u","event":"Paid","properties":{"total":"CANARY","extra":1}}`
		unknown  = `{"type":"track","userId":"u","event":"CANARY"}`
		mark     = `"protocols":{"violations":[{"type":"Invalid Type","field":"properties.total","description":"Invalid type. Expected: number, given: string"}]}`
	)
	for mode, test := range map[string]struct{ sent, marked, refused int }{
		"":       {3, 0, 0},
		"pass":   {3, 0, 0},
		"mark":   {3, 1, 0},
		"Reject": {1, 0, 2},
	} {
		t.Run(mode, func(t *testing.T) {
			sb := segmenttest.New(t)
			conf := fields{"file": planFile(t, trackingPlan)}
			if mode != "" {
				conf["on_violation"] = mode
			}
			output := segmentOutput(sb.URL, fields{"tracking_plan": conf})
			require.Empty(t, lint(t, output))
			p := start(t, streamtest.WithDeadLetter(output))

			p.accept(events(good, mistyped, unknown))

			calls := sb.Calls()
			require.Len(t, calls, test.sent)
			marked := 0
			for _, call := range calls {
				marked += strings.Count(string(call.Raw), mark)
			}
			assert.Equal(t, test.marked, marked)
			dead := p.dead.Reasons()
			require.Len(t, dead, test.refused)
			for _, reason := range dead {
				assert.Regexp(t, `^segment (schema_violation properties\.total|unplanned event): this breaks the tracking plan: `, reason)
			}
			for _, kind := range []string{"mistyped", "unplanned_event", "unplanned_property"} {
				assert.EqualValues(t, 1, p.counts.Sum("segment_plan_findings", kind), kind)
			}
			assert.EqualValues(t, test.refused/2, p.counts.Sum("segment_calls_rejected", "unplanned"))
			assert.NotContains(t, p.said.String(), "CANARY")
		})
	}
}

func TestWithoutATrackingPlanNothingIsJudged(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	p.accept(events(`{"type":"track","userId":"u","event":"Anything"}`))
	assert.Len(t, sb.Calls(), 1)
	assert.Zero(t, p.counts.Sum("segment_plan_findings", "unplanned_event"))
}

func TestAWrongTrackingPlanIsAnErrorAtStart(t *testing.T) {
	for name, test := range map[string]struct {
		conf fields
		says string
	}{
		"no file of that name": {fields{"file": "/no/such/plan.json"}, "field tracking_plan.file: reading the plan: open /no/such/plan.json"},
		"no plan":              {fields{"file": planFile(t, "{\n\"a\":\n}")}, "plan.json: line 3: the plan is not valid JSON"},
		"an invalid schema": {
			fields{"file": planFile(t, strings.Replace(trackingPlan, `"number"`, `"money"`, 1))},
			`plan.json: line 3: the schema of the rule for track "Paid", version 1 is not a valid JSON Schema`,
		},
		"an unknown mode": {fields{"file": planFile(t, trackingPlan), "on_violation": "drop"}, `field tracking_plan: field on_violation has an unknown value "drop"`},
		"no file":         {fields{"on_violation": "mark"}, "tracking_plan"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, build(t, segmentOutput("", fields{"tracking_plan": test.conf})), test.says)
		})
	}
}
