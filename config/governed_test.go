package config_test

import (
	"os"
	"path/filepath"
	"strings"
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
	inFile(t, pipeline, deadLetters)
	sb := segmenttest.New(t)
	environment(t, sb, nil)

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

// inFile puts the dead letters of a copied pipeline into a file, and not into the
// topic of a broker that is not here. internal/torture/kafkaconf has one.
func inFile(t *testing.T, pipeline, file string) {
	t.Helper()
	text, err := os.ReadFile(pipeline)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "\n    - switch:\n")
	require.True(t, found)
	_, after, found := strings.Cut(rest, "\nerror_handling:\n")
	require.True(t, found)
	letters := "\n    - file: {path: " + file + ", codec: lines}\n      processors:\n        - mapping: root = @fallback_error.segment_dead_letter(content())\n"
	require.NoError(t, os.WriteFile(pipeline, []byte(before+letters+"\nerror_handling:\n"+after), 0o600))
}
