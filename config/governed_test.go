package config_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Nothing of a person who has refused is sent, and it is no dead letter either.
// What breaks the plan is one.
func TestTheGovernedPipelineKeepsToConsentAndPlan(t *testing.T) {
	atRoot(t)
	pipeline := withInput(t, "config/governed.yaml",
		`{"type":"track","userId":"u1","event":"Order Completed","properties":{"order_id":"1","total":9.5},"context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C0002"]}}}
{"type":"track","userId":"u2","event":"Order Completed","properties":{"order_id":"2","total":9.5},"context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C0004"]}}}
{"type":"track","userId":"u3","event":"Order Completed","properties":{"order_id":"3","total":-1}}
{"type":"track","userId":"u4","event":"Order Paid"}
{"type":"identify","userId":"u5","context":{"traits":{"email":"not an address"}}}
{"type":"page","userId":"u6"}
`)
	deadLetters := filepath.Join(t.TempDir(), "dead_letters.ndjson")
	sb := segmenttest.New(t)
	environment(t, sb, map[string]string{"DEAD_LETTERS": deadLetters})

	require.Zero(t, benthosSegment(t, "run", pipeline))

	var users []string
	for _, call := range sb.Calls() {
		users = append(users, call.UserID)
	}
	assert.ElementsMatch(t, []string{"u2", "u6"}, users)
	reasons := map[string]string{}
	for _, l := range lettersIn(t, deadLetters) {
		reasons[l.Field] = l.Reason
	}
	assert.Equal(t, map[string]string{"properties.total": "schema_violation", "event": "unplanned", "traits.email": "schema_violation"}, reasons)
}
