package plugin_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// refusing is an event whose person has denied an id.
func refusing(provider, strategy, id string) string {
	return fmt.Sprintf(`{"type":"track","event":"E","userId":"u","context":{"consentManagement":`+
		`{"provider":%q,"resolutionStrategy":%q,"allowedConsentIds":["A"],"deniedConsentIds":[%q]}}}`, provider, strategy, id)
}

func TestEventsOfPersonsWhoRefusedAreAcknowledgedAndCounted(t *testing.T) {
	providers := func(all ...fields) fields { return fields{"consent": fields{"providers": all}} }
	oneTrust := fields{"provider": "oneTrust", "ids": []string{"C1", "C2"}}
	for name, test := range map[string]struct {
		fields  fields
		event   string
		skipped int
	}{
		"no consent field":             {fields{}, refusing("oneTrust", "and", "C1"), 0},
		"one of its ids":               {providers(oneTrust), refusing("oneTrust", "and", "C1"), 1},
		"another id":                   {providers(oneTrust), refusing("oneTrust", "and", "C3"), 0},
		"the event's or":               {providers(oneTrust), refusing("oneTrust", "or", "C1"), 0},
		"the second of two":            {providers(fields{"provider": "ketch", "ids": []string{"P"}}, oneTrust), refusing("oneTrust", "and", "C2"), 1},
		"another provider":             {providers(oneTrust), refusing("iubenda", "and", "C1"), 0},
		"in other letters":             {providers(fields{"provider": "ONETRUST", "ids": []string{"C1"}}), refusing("oneTrust", "and", "C1"), 1},
		"custom and":                   {providers(fields{"provider": "custom", "ids": []string{"C1", "C2"}}), refusing("custom", "or", "C1"), 1},
		"custom or":                    {providers(fields{"provider": "custom", "ids": []string{"C1", "C2"}, "resolution_strategy": "or"}), refusing("custom", "and", "C1"), 0},
		"RudderStack's older OneTrust": {fields{"consent": fields{"one_trust_cookie_categories": []string{"C1", "C2"}}}, refusing("", "or", "C1"), 1},
		"RudderStack's older Ketch":    {fields{"consent": fields{"ketch_consent_purposes": []string{"C1", "C2"}}}, refusing("", "and", "C1"), 0},
		"nothing but the name":         {fields{"consent": fields{}}, refusing("oneTrust", "and", "C1"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			output := segmentOutput(sb.URL, test.fields)
			require.Empty(t, lint(t, output))
			p := start(t, output)
			p.accept(events(test.event, `{"type":"page","userId":"u"}`))
			assert.Len(t, sb.Calls(), 2-test.skipped)
			assert.EqualValues(t, test.skipped, p.counts.Sum("segment_calls_skipped", "consent"))
		})
	}
}

func TestConsentIsSentAsConfigured(t *testing.T) {
	for where, want := range map[string]string{
		"rename": `"consent":{"categoryPreferences":{"C3":false,"A":true}}`,
		"keep":   `"consentManagement":{"provider":"oneTrust"`,
	} {
		sb := segmenttest.New(t)
		p := start(t, segmentOutput(sb.URL, fields{"consent": fields{"context": where}}))
		p.accept(events(refusing("oneTrust", "and", "C3")))
		calls := sb.Calls()
		require.Len(t, calls, 1)
		assert.Contains(t, string(calls[0].Raw), want)
	}
}
