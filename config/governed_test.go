package config_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Nothing of a person who has refused is sent, and it is no dead letter either.
func TestTheGovernedPipelineKeepsToConsent(t *testing.T) {
	atRoot(t)
	pipeline := withInput(t, "config/governed.yaml",
		`{"type":"track","userId":"u1","event":"A","context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C0002"]}}}
{"type":"track","userId":"u2","event":"A","context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C0004"]}}}
{"type":"track","userId":"u3"}
`)
	deadLetters := filepath.Join(t.TempDir(), "dead_letters.ndjson")
	sb := segmenttest.New(t)
	environment(t, sb, map[string]string{"DEAD_LETTERS": deadLetters})

	require.Zero(t, benthosSegment(t, "run", pipeline))

	calls := sb.Calls()
	require.Len(t, calls, 1)
	assert.Equal(t, "u2", calls[0].UserID)
	dead := lettersIn(t, deadLetters)
	require.Len(t, dead, 1)
	assert.Equal(t, "event_not_defined", dead[0].Reason)
}
