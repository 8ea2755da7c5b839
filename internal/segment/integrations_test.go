package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// integrating converts with that mode.
func integrating(mode segment.IntegrationsMode) segment.Config {
	conf := config()
	conf.Integrations = mode
	return conf
}

func TestIntegrationsThatExcludeSegment(t *testing.T) {
	rows := []struct {
		integrations string
		excluded     bool
	}{
		{`{"All":true}`, false},
		{`{"All":false}`, true},
		{`{"all":false}`, true},
		{`{"all":true}`, false},
		{`{"All":false,"Segment":true}`, false},
		{`{"All":false,"SEGMENT":true}`, false},
		{`{"All":false,"Segment.io":true}`, false},
		{`{"all":false,"Segment":{"option":false}}`, false},
		{`{"All":false,"Segment.io":{"deduplicate":true}}`, false},
		{`{"Segment":false}`, true},
		{`{"SEGMENT":false}`, true},
		{`{"Segment.io":false}`, true},
		{`{"All":true,"Segment":false}`, true},
		{`{"S\u0065gment":false}`, true},
		{`{"segment":false}`, false},
		{`{"Amplitude":false}`, false},
		{`{"All":false,"Amplitude":true}`, true},
		{`{"All":false,"Segment":null}`, true},
		{`{"All":"false"}`, false},
		{`{"All":null,"Segment":"false"}`, false},
		{`{}`, false},
		{`null`, false},
		{`"false"`, false},
		{`false`, false},
		{`["Segment",false]`, false},
	}
	for _, row := range rows {
		t.Run(row.integrations, func(t *testing.T) {
			payload := []byte(`{"type":"page","userId":"u","integrations":` + row.integrations + `}`)
			calls, skips, v := segment.NewConverter(integrating(segment.IntegrationsFilter)).Convert(nil, payload, fromKey)
			require.Nil(t, v)
			if row.excluded {
				assert.Empty(t, calls)
				assert.Equal(t, segment.Skips{Integrations: 1}, skips)
				return
			}
			require.Len(t, calls, 1)
			assert.Zero(t, skips)
			assert.NotContains(t, string(rawMembers(t, calls[0].JSON)["integrations"]), "ll")
		})
	}
}

// What RudderStack excludes one destination from, Segment must not deliver
// there either. All is never forwarded, nor what includes.
func TestOfFilteredIntegrationsOnlyExclusionsLeave(t *testing.T) {
	for integrations, want := range map[string]string{
		`{"All":true}`:                                       `null`,
		`{"All":true,"Mixpanel":false}`:                      `{"Mixpanel":false}`,
		`{"all":true, "Mixpanel" : false ,"Amplitude":true}`: `{"Mixpanel":false}`,
		`{"Mixpanel":false,"Google Analytics 4":false}`:      `{"Mixpanel":false,"Google Analytics 4":false}`,
		`{"All":false,"Segment":true,"Mixpanel":false}`:      `{"Mixpanel":false}`,
		`{"\u0041ll":false,"Segment":true}`:                  `null`,
		`{"Segment.io":true,"Mixp\u0061nel":false}`:          `{"Mixp\u0061nel":false}`,
		`{"Mixpanel":{"active":false},"Salesforce":"false"}`: `null`,
	} {
		t.Run(integrations, func(t *testing.T) {
			calls := converted(t, integrating(segment.IntegrationsFilter),
				`{"type":"page","userId":"u","integrations":`+integrations+`}`)
			require.Len(t, calls, 1)
			assertMembers(t, `{"integrations":`+want+`}`, calls[0].JSON)
			assert.Empty(t, segment.Inspect(calls[0].JSON, segment.UnknownType).Violations)
		})
	}
}

func TestAnExcludedEventIsSkippedBeforeItIsJudged(t *testing.T) {
	calls, skips, v := segment.NewConverter(integrating(segment.IntegrationsFilter)).Convert(nil,
		[]byte(`[{"type":"track","integrations":{"All":false}},{"type":"page","userId":"u"}]`), fromKey)
	require.Nil(t, v)
	assert.Len(t, calls, 1)
	assert.Equal(t, segment.Skips{Integrations: 1}, skips)
}

func TestIntegrationsAreForwardedAsTheyAre(t *testing.T) {
	conf := integrating(segment.IntegrationsForward)
	for _, integrations := range []string{`{"All" : false, "Mixpanel":{"a":1.0}}`, `{}`, `{"Segment":false}`} {
		calls := converted(t, conf, `{"type":"page","userId":"u","integrations":`+integrations+`}`)
		require.Len(t, calls, 1)
		assertMembers(t, `{"integrations":`+integrations+`}`, calls[0].JSON)
	}
	_, _, v := segment.NewConverter(conf).Convert(nil, []byte(`{"type":"page","userId":"u","integrations":"x"}`), fromKey)
	require.NotNil(t, v)
	assert.Equal(t, segment.ReasonBadRequest, v.Reason)
	assert.Equal(t, "integrations", v.Field)
}

func TestIntegrationsAreDropped(t *testing.T) {
	conf := integrating(segment.IntegrationsDrop)
	calls := converted(t, conf, `{"type":"page","userId":"u","integrations":{"All":false}}`)
	require.Len(t, calls, 1)
	assertMembers(t, `{"integrations":null}`, calls[0].JSON)
}

// What a device has delivered by itself must not be delivered twice, which is
// for Segment to know (analytics-swift#116). Everything else in _metadata is
// not.
func TestWhatADeviceHasDeliveredIsForwarded(t *testing.T) {
	const bundled = `{"bundled":["Mixpanel"], "unbundled":[],"bundledIds":["x"]}`
	for name, row := range map[string]struct {
		mode            segment.IntegrationsMode
		metadata, wants string
	}{
		"as it is":                           {segment.IntegrationsAuto, bundled, bundled},
		"without the rest":                   {segment.IntegrationsAuto, `{"jsRuntime":"x","bundled":[ 1 ],"nodeVersion":"20"}`, `{"bundled":[ 1 ]}`},
		"where one of them is there":         {segment.IntegrationsAuto, `{"bundledIds":[]}`, `{"bundledIds":[]}`},
		"not where there is none":            {segment.IntegrationsAuto, `{"nodeVersion":"20"}`, `null`},
		"not where it is something else":     {segment.IntegrationsAuto, `{"x":{"bundled":[]}}`, `null`},
		"not where it is no object":          {segment.IntegrationsAuto, `"bundled"`, `null`},
		"where integrations are forwarded":   {segment.IntegrationsForward, bundled, bundled},
		"not where integrations are dropped": {segment.IntegrationsDrop, bundled, `null`},
		"not in RudderStack's meaning":       {segment.IntegrationsFilter, bundled, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			calls := converted(t, integrating(row.mode), `{"type":"page","userId":"u","_metadata":`+row.metadata+`}`)
			require.Len(t, calls, 1)
			assertMembers(t, `{"_metadata":`+row.wants+`}`, calls[0].JSON)
			assert.Empty(t, segment.Inspect(calls[0].JSON, segment.UnknownType).Violations)
		})
	}
}
