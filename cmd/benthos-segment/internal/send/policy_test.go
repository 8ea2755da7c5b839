package send_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

const governedPlan = "../../../../config/governed_plan.json"

// denied is an event whose person has denied a purpose.
func denied(provider, id string) string {
	return `{"type":"page","userId":"` + id + `","context":{"consentManagement":{"provider":"` + provider +
		`","resolutionStrategy":"or","deniedConsentIds":["` + id + `"]}}}`
}

// What a pipeline would hold back, a file must not send.
func TestWhatPersonsHaveDeniedIsNotSent(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	lines := []string{
		denied("oneTrust", "C1"), denied("oneTrust", "C2"), denied("ketch", "P1"), denied("custom", "X1"), denied("", "L1"), denied("", "L2"),
	}
	for name, given := range map[string]struct {
		args []string
		sent []string
	}{
		"nothing is needed":  {nil, []string{"C1", "C2", "P1", "X1", "L1", "L2"}},
		"one id":             {[]string{"--consent", "oneTrust=C1"}, []string{"C2", "P1", "X1", "L1", "L2"}},
		"two, and another":   {[]string{"--consent", "oneTrust=C1,C9", "--consent", "ketch=P1"}, []string{"C1", "C2", "X1", "L1", "L2"}},
		"custom, and":        {[]string{"--consent", "custom=X1,X2"}, []string{"C1", "C2", "P1", "L1", "L2"}},
		"custom, or":         {[]string{"--consent", "custom:or=X1,X2"}, []string{"C1", "C2", "P1", "X1", "L1", "L2"}},
		"the older OneTrust": {[]string{"--consent", "one_trust_cookie_categories=L1"}, []string{"C1", "C2", "P1", "X1", "L2"}},
		"the older Ketch":    {[]string{"--consent", "ketch_consent_purposes=L2"}, []string{"C1", "C2", "P1", "X1", "L1"}},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			path := file(t, "a.ndjson", lines...)
			code, said := begin(t, append(append([]string{"--endpoint", sb.URL}, given.args...), path)...).code()
			require.Zero(t, code, said)
			var sent []string
			for _, call := range sb.Calls(segmenttest.Filter{}) {
				sent = append(sent, call.UserID)
			}
			assert.ElementsMatch(t, given.sent, sent)
			if given.args != nil && len(sent) < len(lines) {
				assert.Regexp(t, `(?m)^  skipped +\d +\d consent$`, said)
			}
		})
	}
}

func TestWhatBreaksThePlanBecomesADeadLetter(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(
		t, "a.ndjson",
		`{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":"1","total":9.5}}`,
		`{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":"1","total":"9.5"}}`,
		`{"type":"track","userId":"u","event":"Nobody planned this"}`,
	)

	code, said := begin(t, "--endpoint", sb.URL, "--consent", "oneTrust=C1,C2", "--consent", "ketch=P1", "--plan", governedPlan, path).code()

	assert.Equal(t, 1, code, said)
	assert.Len(t, sb.Calls(segmenttest.Filter{}), 1)
	var reasons []any
	for _, one := range lettersIn(t, path+".dead.ndjson") {
		reasons = append(reasons, one["reason"])
	}
	assert.Equal(t, []any{"schema_violation", "unplanned"}, reasons)
	// Who sends them again keeps to the same.
	assert.Contains(t, said, "--plan "+governedPlan+" --consent oneTrust=C1,C2,ketch=P1 --dead-letters ")
}

func TestPlanAndConsentAreReadBeforeTheStart(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	path := file(t, "a.ndjson", `{"type":"page","userId":"u"}`)
	for name, given := range map[string]struct {
		args []string
		says string
	}{
		"no plan":          {[]string{"--plan", "/no/such/plan.json"}, "reading --plan: open /no/such/plan.json"},
		"a wrong plan":     {[]string{"--plan", "policy_test.go"}, "--plan policy_test.go: line 1: the plan is not valid JSON"},
		"no provider":      {[]string{"--consent", "C0002"}, "--consent must be a provider with its ids"},
		"another provider": {[]string{"--consent", "onetrust=C0002"}, `--consent names the provider "onetrust"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, said := begin(t, append(append([]string{"--dry-run"}, given.args...), path)...).code()
			assert.Equal(t, 2, code)
			assert.Contains(t, said, given.says)
		})
	}
}
