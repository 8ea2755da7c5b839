package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

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
		{`{"all":false,"Segment":{"option":false}}`, false},
		{`{"Segment":false}`, true},
		{`{"SEGMENT":false}`, true},
		{`{"All":true,"Segment":false}`, true},
		{`{"S\u0065gment":false}`, true},
		{`{"segment":false}`, false},
		{`{"Segment.io":false}`, false},
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
			calls, skips, v := segment.NewConverter(config()).Convert(nil, payload, fromSource)
			require.Nil(t, v)
			if row.excluded {
				assert.Empty(t, calls)
				assert.Equal(t, segment.Skips{Integrations: 1}, skips)
				return
			}
			require.Len(t, calls, 1)
			assert.Zero(t, skips)
			assertMembers(t, `{"integrations":null}`, calls[0].JSON)
		})
	}
}

func TestAnExcludedEventIsSkippedBeforeItIsJudged(t *testing.T) {
	calls, skips, v := segment.NewConverter(config()).Convert(nil,
		[]byte(`[{"type":"track","integrations":{"All":false}},{"type":"page","userId":"u"}]`), fromSource)
	require.Nil(t, v)
	assert.Len(t, calls, 1)
	assert.Equal(t, segment.Skips{Integrations: 1}, skips)
}

func TestIntegrationsAreForwardedAsTheyAre(t *testing.T) {
	conf := config()
	conf.Integrations = segment.IntegrationsForward
	for _, integrations := range []string{`{"All" : false, "Mixpanel":{"a":1.0}}`, `{}`, `{"Segment":false}`} {
		calls := converted(t, conf, `{"type":"page","userId":"u","integrations":`+integrations+`}`)
		require.Len(t, calls, 1)
		assertMembers(t, `{"integrations":`+integrations+`}`, calls[0].JSON)
	}
	_, _, v := segment.NewConverter(conf).Convert(nil, []byte(`{"type":"page","userId":"u","integrations":"x"}`), fromSource)
	require.NotNil(t, v)
	assert.Equal(t, segment.ReasonBadRequest, v.Reason)
	assert.Equal(t, "integrations", v.Field)
}

func TestIntegrationsAreDropped(t *testing.T) {
	conf := config()
	conf.Integrations = segment.IntegrationsDrop
	calls := converted(t, conf, `{"type":"page","userId":"u","integrations":{"All":false}}`)
	require.Len(t, calls, 1)
	assertMembers(t, `{"integrations":null}`, calls[0].JSON)
}
