package plugin_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestTheIntegrationsObjectIsReadAsConfigured(t *testing.T) {
	const excluded = `{"type":"track","event":"Excluded","userId":"u","integrations":{"Segment":false}}`
	const included = `{"type":"track","event":"Included","userId":"u","integrations":{"All":true}}`
	for mode, want := range map[string][]string{
		"auto":    {`{"All":true}`},
		"filter":  {`"Included"`},
		"forward": {`{"Segment":false}`, `{"All":true}`},
		"drop":    {`"Excluded"`, `"Included"`},
	} {
		t.Run(mode, func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, segmentOutput(sb.URL, fields{"integrations": mode}))
			for range 3 {
				sb.Reset()
				p.accept(events(excluded, included))
			}
			calls := sb.Calls()
			require.Len(t, calls, len(want))
			for i, text := range want {
				assert.Contains(t, string(calls[i].Raw), text)
				isForwarded := mode == "forward" || mode == "auto"
				assert.Equal(t, isForwarded, strings.Contains(string(calls[i].Raw), "integrations"))
			}
			skipped := map[string]int{"auto": 1, "filter": 1}[mode]
			assert.Equal(t, skipped, p.said.Times("excludes Segment"), "it is said once")
			assert.EqualValues(t, 3*skipped, p.counts.Sum("segment_calls_skipped", "integrations"))
		})
	}
}

// Events of Segment's SDKs that route at Segment were taken for RudderStack's
// and never sent (analytics-python#41, analytics.js#577).
func TestByDefaultNoEventOfSegmentsIsSkipped(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	p.accept(events(
		`{"type":"track","event":"A","userId":"u","integrations":{"All":false,"Segment.io":true,"Mixpanel":true}}`,
		`{"type":"track","event":"B","userId":"u","integrations":{"all":false,"Mixpanel":true},"context":{"library":{"name":"analytics-python"}}}`,
		`{"type":"track","event":"C","userId":"u","integrations":{"All":false},"projectId":"p","version":2,"channel":"server","originalTimestamp":"2026-01-02"}`,
	))
	calls := sb.Calls()
	require.Len(t, calls, 3)
	for i, want := range []string{`{"All":false,"Segment.io":true,"Mixpanel":true}`, `{"all":false,"Mixpanel":true}`, `{"All":false}`} {
		assert.Contains(t, string(calls[i].Raw), `"integrations":`+want)
	}
	assert.Zero(t, p.said.Times("excludes Segment"))
}

// An input that has seen the request of the SDK knows its dialect.
func TestTheDialectThatAnInputSaysCounts(t *testing.T) {
	const event = `{"type":"track","event":"E","userId":"u","integrations":{"All":false}}`
	for dialect, sent := range map[string]int{"segment": 1, "rudderstack": 0, "RudderStack": 0, "": 1, "other": 1} {
		t.Run(dialect, func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, segmentOutput(sb.URL))
			batch := events(event)
			batch[0].MetaSetMut("segment_dialect", dialect)
			p.accept(batch)
			assert.Len(t, sb.Calls(), sent)
			assert.EqualValues(t, 1-sent, p.counts.Sum("segment_calls_skipped", "integrations"))
		})
	}
}

// Names that nobody knows are content of the sender, and no label.
func TestDroppedMembersAreCounted(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	p.accept(events(
		`{"type":"page","userId":"u","CANARY":1,"properties":{"a":1},"event":"E","rudderId":"r"}`,
		`{"type":"track","userId":"u","event":"E","traits":{"a":1},"groupId":"g"}`,
		`{"type":"identify","userId":"u","context":{"traits":"x"}}`,
	))
	assert.Equal(t, sandboxTotals{accepted: 3}, totalsOf(sb))
	assert.EqualValues(t, 2, p.counts.Sum("segment_conversion_notes", "member_dropped"))
	assert.EqualValues(t, 1, p.counts.Sum("segment_conversion_notes", "internal_dropped"))
	assert.EqualValues(t, 1, p.counts.Sum("segment_conversion_notes", "traits_unusable"))
	assert.NotContains(t, p.said.String(), "CANARY")
}
