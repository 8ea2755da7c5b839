package check

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

// checked runs the command over some events, and returns what it says and the
// exit code.
func checked(t *testing.T, events string, args ...string) (said string, code command.Code) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(events), 0o600))
	var out bytes.Buffer
	app := &cli.App{Name: "benthos-segment", Commands: []*cli.Command{Command("v1.2.3")}, Writer: &out, ErrWriter: &out}
	err := command.Face{}.Run(t.Context(), app, append(append([]string{"benthos-segment", "check"}, args...), file))
	if err != nil {
		out.WriteString(err.Error())
	}
	return out.String(), command.CodeOf(err)
}

const planFile = "../../../../config/governed_plan.json"

func TestCheckListsWhatBreaksTheTrackingPlan(t *testing.T) {
	const (
		good      = `{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":"1","total":9.5}}` + "\n"
		extra     = `{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":"1","total":9.5,"coupon":"x"}}` + "\n"
		mistyped  = `{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":2,"total":9.5}}` + "\n"
		unplanned = `[{"type":"page","userId":"u"},{"type":"track","userId":"u","event":"Order Paid"}]` + "\n"
		rule      = `the rule for track "Order Completed", version 1, owner:checkout`
	)
	for name, test := range map[string]struct {
		events string
		says   []string
		code   command.Code
	}{
		"all is well":          {good, []string{"1 event: 1 call would be sent", "plan: 0 events break it"}, command.Good},
		"an extra property":    {extra, []string{":1:106: plan unplanned_property properties.coupon: the plan has no such property (" + rule + ")", "plan: 0 events break it", "         1  unplanned_property properties.coupon: " + rule}, command.Good},
		"another type":         {good + mistyped, []string{":2:81: plan mistyped properties.order_id: Invalid type. Expected: string, given: number (" + rule + ")", "plan: 1 event breaks it", "         1  mistyped properties.order_id: " + rule}, command.Wrong},
		"an unplanned event":   {unplanned + unplanned, []string{":2:68: plan unplanned_event 1.event: the plan has no event of this name", "2 events: 4 calls would be sent", "plan: 2 events break it", `         2  unplanned_event: track "Order Paid"`}, command.Wrong},
		"nothing of the event": {`{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":"1","total":"SECRET"}}`, []string{"plan mistyped properties.total"}, command.Wrong},
	} {
		t.Run(name, func(t *testing.T) {
			said, code := checked(t, test.events, "--plan", planFile)
			for _, says := range test.says {
				assert.Contains(t, said, says)
			}
			assert.NotContains(t, said, "SECRET")
			assert.Equal(t, test.code, code)
		})
	}
}

func TestCheckListsThePlanForPrograms(t *testing.T) {
	const events = `{"type":"track","userId":"u","event":"Order Paid"}` + "\n" +
		`{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":"1","total":9.5,"coupon":"x"}}` + "\n"
	said, code := checked(t, events, "--plan", planFile, "--format", "json")
	assert.Contains(t, said, `"line":1,"column":38,"reason":"unplanned_event","field":"event","message":"the plan has no event of this name","fix":"correct the event or the plan"}`)
	assert.Contains(t, said, `"plan":{"events":1,"findings":[{"name":"unplanned_event: track \"Order Paid\"","count":1},`)
	assert.Equal(t, command.Wrong, code)

	said, _ = checked(t, events, "--plan", planFile, "--format", "sarif")
	assert.Contains(t, said, `{"ruleId":"unplanned_event","level":"error"`)
	assert.Contains(t, said, `{"ruleId":"unplanned_property","level":"note"`)

	said, code = checked(t, events, "--format", "json")
	assert.NotContains(t, said, "plan")
	assert.Equal(t, command.Good, code)
}

func TestCheckListsWhatConsentHoldsBack(t *testing.T) {
	const denied = `{"type":"track","userId":"u","event":"Paid","context":{"consentManagement":{"provider":"PROVIDER","resolutionStrategy":"and","deniedConsentIds":["B"]}}}` + "\n"
	for name, test := range map[string]struct {
		provider string
		args     []string
		skipped  string
	}{
		"without the flag":   {"oneTrust", nil, "0 events skipped"},
		"one id":             {"oneTrust", []string{"--consent", "oneTrust=B"}, "1 event skipped"},
		"several ids":        {"oneTrust", []string{"--consent", "oneTrust=A,B"}, "1 event skipped"},
		"another id":         {"oneTrust", []string{"--consent", "oneTrust=A"}, "0 events skipped"},
		"several providers":  {"ketch", []string{"--consent", "oneTrust=A", "--consent", "ketch=B"}, "1 event skipped"},
		"custom":             {"custom", []string{"--consent", "custom=A,B"}, "1 event skipped"},
		"custom, and":        {"custom", []string{"--consent", "custom:and=A,B"}, "1 event skipped"},
		"custom, or":         {"custom", []string{"--consent", "custom:or=A,B"}, "0 events skipped"},
		"the older OneTrust": {"", []string{"--consent", "one_trust_cookie_categories=A,B"}, "1 event skipped"},
		"the older Ketch":    {"", []string{"--consent", "ketch_consent_purposes=A,B"}, "0 events skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			said, code := checked(t, replaced(denied, test.provider), test.args...)
			assert.Contains(t, said, test.skipped)
			assert.Equal(t, command.Good, code)
		})
	}
	said, _ := checked(t, replaced(denied, "oneTrust"), "--consent", "oneTrust=B")
	assert.Contains(t, said, ":1:76: skipped consent context.consentManagement: ")
	assert.Contains(t, said, `         1  track "Paid"`)
}

func replaced(event, provider string) string {
	return string(bytes.Replace([]byte(event), []byte("PROVIDER"), []byte(provider), 1))
}

func TestCheckSaysWhatIsWrongWithPlanAndConsent(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no plan":          {[]string{"--plan", "/no/such/plan.json"}, "reading --plan: open /no/such/plan.json"},
		"a wrong plan":     {[]string{"--plan", "plan_test.go"}, "--plan plan_test.go: line 1: the plan is not valid JSON"},
		"no provider":      {[]string{"--consent", "C0002"}, `--consent must be a provider with its ids, as in oneTrust=C0002,C0004, not "C0002"`},
		"no id":            {[]string{"--consent", "oneTrust="}, `not "oneTrust="`},
		"another provider": {[]string{"--consent", "onetrust=C0002"}, `--consent names the provider "onetrust": it must be oneTrust,`},
	} {
		t.Run(name, func(t *testing.T) {
			said, code := checked(t, "{}", test.args...)
			assert.Contains(t, said, test.says)
			assert.Equal(t, command.CouldNotRun, code)
		})
	}
}
