package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/consent"
)

// needing converts with a rule that needs the consent to one id.
func needing(id string) segment.Config {
	conf := config()
	conf.Consent = consent.NewRule(consent.Config{Blocks: []consent.Block{{Provider: consent.OneTrust, IDs: []string{id}}}})
	return conf
}

func denying(id string) string {
	return `{"type":"page","userId":"u","context":{"library":{},"consentManagement":{"provider":"oneTrust","deniedConsentIds":["` + id + `"]}}}`
}

func TestEventsOfPersonsWhoRefusedAreSkipped(t *testing.T) {
	for name, test := range map[string]struct {
		payload string
		sent    int
		skips   segment.Skips
	}{
		"refused":                    {denying("C1"), 0, segment.Skips{Consent: 1}},
		"not refused":                {denying("C2"), 1, segment.Skips{}},
		"no consent":                 {`{"type":"page","userId":"u","context":{}}`, 1, segment.Skips{}},
		"no context":                 {`{"type":"page","userId":"u"}`, 1, segment.Skips{}},
		"a context of another kind":  {`{"type":"page","userId":"u","context":[]}`, 1, segment.Skips{}},
		"some of an array":           {`[` + denying("C1") + `,` + denying("C2") + `,` + denying("C1") + `]`, 1, segment.Skips{Consent: 2}},
		"refused, and no valid call": {`{"type":"page","context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C1"]}}}`, 0, segment.Skips{Consent: 1}},
		"the last context counts":    {`{"type":"page","userId":"u","context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C1"]}},"context":{}}`, 1, segment.Skips{}},
		"consent at the top level":   {`{"type":"page","userId":"u","consentManagement":{"provider":"oneTrust","deniedConsentIds":["C1"]}}`, 1, segment.Skips{}},
		"after integrations":         {`{"type":"page","userId":"u","rudderId":"r","integrations":{"All":false},"context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C1"]}}}`, 0, segment.Skips{Integrations: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			calls, skips, v := segment.NewConverter(needing("C1")).Convert(nil, []byte(test.payload), fromKey)
			require.Nil(t, v)
			assert.Len(t, calls, test.sent)
			assert.Equal(t, test.skips, skips)
		})
	}
}

func TestConsentManagementIsKeptWhereThatIsWanted(t *testing.T) {
	conf := config()
	assertMembers(t, `{"context":{"library":{},"consent":{"categoryPreferences":{"C2":false}}}}`, converted(t, conf, denying("C2"))[0].JSON)
	conf.KeepConsentManagement = true
	assertMembers(t, `{"context":{"library":{},"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C2"]}}}`, converted(t, conf, denying("C2"))[0].JSON)
}

func BenchmarkConsent(b *testing.B) {
	event := []byte(`{"type":"track","event":"Order Completed","userId":"u","messageId":"m","timestamp":"2026-01-02T03:04:05.678Z","properties":{"total":12.5},` +
		`"context":{"library":{"name":"x"},"consentManagement":{"provider":"oneTrust","resolutionStrategy":"and",` +
		`"allowedConsentIds":["C0001","C0003"],"deniedConsentIds":["C0005","C0007"]}}}`)
	for name, conf := range map[string]segment.Config{"off": config(), "on": needing("C0002")} {
		b.Run(name, func(b *testing.B) {
			conf.KeepConsentManagement = true // The renaming would hide the cost of the rule.
			converter := segment.NewConverter(conf)
			calls := make([]segment.Call, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				converter.Reset()
				calls, _, _ = converter.Convert(calls[:0], event, fromKey)
			}
		})
	}
}
