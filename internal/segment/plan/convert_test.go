package plan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

func keeping(p segment.Plan, mode segment.PlanMode) segment.Config {
	return segment.Config{
		LibraryName: "l", LibraryVersion: "1", MaxCallBytes: segment.DefaultMaxCallBytes,
		NewID: func() string { return "id" }, Plan: p, PlanMode: mode,
	}
}

var from = segment.Provenance{WriteKey: "key"}

func order(properties, context string) string {
	return `{"type":"track","userId":"u","event":"Order Completed","properties":` + properties + `,"context":` + context + `}`
}

func TestACallThatBreaksThePlanIsSentAsItIs(t *testing.T) {
	converter := segment.NewConverter(keeping(load(t, "segment_public_api.json"), segment.PlanPass))
	calls, _, v := converter.Convert(nil, []byte(order(`{"total":"1","x":2}`, `{}`)), from)
	require.Nil(t, v)
	require.Len(t, calls, 1)
	assert.NotContains(t, string(calls[0].JSON), "protocols")
	var kinds []string
	for _, f := range converter.Findings() {
		kinds = append(kinds, f.Kind.String())
	}
	assert.Equal(t, []string{"mistyped", "unplanned_property"}, kinds)
}

// Segment writes violations into context.protocols (segment-docs, protocols/faq).
func TestACallThatBreaksThePlanIsMarked(t *testing.T) {
	const mark = `{"type":"Invalid Type","field":"properties.total","description":"Invalid type. Expected: number, given: string"}`
	for name, test := range map[string]struct{ event, want string }{
		"without a context":      {`{"type":"track","userId":"u","event":"Order Completed","properties":{"total":"1"}}`, `{"violations":[` + mark + `]}`},
		"with a context":         {order(`{"total":"1"}`, `{"ip":"192.0.2.1"}`), `{"violations":[` + mark + `]}`},
		"with a version":         {order(`{"total":"1"}`, `{"protocols":{"event_version":1}}`), `{"event_version":1,"violations":[` + mark + `]}`},
		"with other violations":  {order(`{"total":"1"}`, `{"protocols":{"violations":[1],"event_version":1}}`), `{"violations":[` + mark + `],"event_version":1}`},
		"with strange protocols": {order(`{"total":"1"}`, `{"protocols":"x"}`), `{"violations":[` + mark + `]}`},
	} {
		t.Run(name, func(t *testing.T) {
			converter := segment.NewConverter(keeping(load(t, "segment_public_api.json"), segment.PlanMark))
			calls, _, v := converter.Convert(nil, []byte(test.event), from)
			require.Nil(t, v)
			require.Len(t, calls, 1)
			var call struct {
				Properties json.RawMessage
				Context    struct{ Protocols json.RawMessage }
			}
			require.NoError(t, json.Unmarshal(calls[0].JSON, &call))
			assert.Equal(t, test.want, string(call.Context.Protocols))
			assert.Equal(t, `{"total":"1"}`, string(call.Properties))
			assert.Empty(t, segment.Inspect(calls[0].JSON, segment.UnknownType).Violations)
		})
	}
}

func TestWhatThePlanDoesNotHaveIsNoViolation(t *testing.T) {
	for _, mode := range []segment.PlanMode{segment.PlanMark, segment.PlanReject} {
		converter := segment.NewConverter(keeping(load(t, "segment_public_api.json"), mode))
		calls, _, v := converter.Convert(nil, []byte(order(`{"total":1,"x":2}`, `{}`)), from)
		require.Nil(t, v)
		require.Len(t, calls, 1)
		assert.NotContains(t, string(calls[0].JSON), "protocols")
		assert.Len(t, converter.Findings(), 1)
	}
}

// An event is not lost because its mark is too large.
func TestACallThatIsTooLargeWithItsMarkIsSentWithoutIt(t *testing.T) {
	conf := keeping(load(t, "segment_public_api.json"), segment.PlanMark)
	converter := segment.NewConverter(conf)
	event := []byte(order(`{"total":"1","currency":"`+strings.Repeat("EUR", 100)+`"}`, `{"library":{}}`))
	calls, _, v := converter.Convert(nil, event, from)
	require.Nil(t, v)
	conf.MaxCallBytes = len(calls[0].JSON) - 1
	calls, _, v = segment.NewConverter(conf).Convert(nil, event, from)
	require.Nil(t, v)
	require.Len(t, calls, 1)
	assert.NotContains(t, string(calls[0].JSON), "protocols")
}

func TestACallThatBreaksThePlanIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		event, field, says string
		reason             segment.Reason
	}{
		"an unplanned event": {
			`{"type":"track","userId":"u","event":"SECRET"}`, "event",
			"this breaks the tracking plan: the plan has no event of this name; correct the event or the plan", segment.ReasonUnplanned,
		},
		"a schema": {
			order(`{"total":"SECRET"}`, `{}`), "properties.total",
			`this breaks the tracking plan: Invalid type. Expected: number, given: string (the rule for track "Order Completed", version 1, owner:checkout); correct the event or the plan`,
			segment.ReasonSchemaViolation,
		},
		"several": {order(`{"currency":7}`, `{}`), "properties.currency", ", the first of 2 violations; correct", segment.ReasonSchemaViolation},
		"the common rule": {
			order(`{"total":1}`, `{"plan":7}`), "context.plan", "(the rule for all calls, version 1)", segment.ReasonCommonSchemaViolation,
		},
		"unplanned and the common rule":    {`{"type":"track","userId":"u","event":"SECRET","context":{"plan":7}}`, "event", "the first of 2 violations", segment.ReasonUnplanned},
		"one of an array":                  {`[` + order(`{"total":1}`, `{}`) + `,` + order(`{"total":"x"}`, `{}`) + `]`, "1.properties.total", "breaks the tracking plan", segment.ReasonSchemaViolation},
		"a name with blanks":               {`{"type":"track","userId":"u","event":"Closed","properties":{"a \nb":1}}`, "properties.a__b", "the plan allows no other members", segment.ReasonSchemaViolation},
		"a very long name":                 {`{"type":"track","userId":"u","event":"Closed","properties":{"` + strings.Repeat("é", 500) + `":1}}`, "properties." + strings.Repeat("é", 189) + "…", "", segment.ReasonSchemaViolation},
		"what Segment refuses comes first": {`{"type":"track","userId":"u"}`, "event", "without the name", segment.ReasonEventNotDefined},
	} {
		t.Run(name, func(t *testing.T) {
			calls, skips, v := segment.NewConverter(keeping(load(t, "segment_public_api.json"), segment.PlanReject)).Convert(nil, []byte(test.event), from)
			require.NotNil(t, v)
			assert.Empty(t, calls)
			assert.Zero(t, skips)
			assert.Equal(t, test.reason, v.Reason)
			assert.Equal(t, test.field, v.Field)
			assert.Contains(t, v.Sentence, test.says)
			assert.NotContains(t, v.Error(), "SECRET")
		})
	}
}

// The reason of a mark is in the content that an id is made of neither before nor
// after: both runs are the same event.
func TestAMarkDoesNotChangeTheMessageID(t *testing.T) {
	event := []byte(`{"type":"track","userId":"u","event":"X","timestamp":"2026-01-02T03:04:05Z"}`)
	ids := map[string]bool{}
	for _, mode := range []segment.PlanMode{segment.PlanPass, segment.PlanMark} {
		calls, _, v := segment.NewConverter(keeping(load(t, "segment_public_api.json"), mode)).Convert(nil, event, from)
		require.Nil(t, v)
		ids[segment.Inspect(calls[0].JSON, segment.UnknownType).MessageID] = true
	}
	assert.Len(t, ids, 1)
}

func TestAPlanIsUsedByManyAtOnce(t *testing.T) {
	p := load(t, "rudderstack_catalog.json")
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			event := []byte(properties("Product Viewed", fmt.Sprintf(`{"sku":"test %d","b":1}`, n)))
			for range 200 {
				assert.Len(t, p.Judge(segment.Track, event, event), 2)
			}
		})
	}
	all.Wait()
}

func BenchmarkConvert(b *testing.B) {
	page := `"page":{"path":"/checkout","referrer":"","search":"","title":"` + strings.Repeat("t", 500) + `","url":"https://shop.example.com/checkout"}`
	event := []byte(`{"type":"track","event":"Order Completed","userId":"u","messageId":"m","timestamp":"2026-01-02T03:04:05.678Z",` +
		`"properties":{"total":12.5,"quantity":3,"currency":"EUR","paid_at":"2026-01-02T03:04:05Z","address":{"city":"Bern"},"products":[{"sku":"a"},{"sku":"b"}]},` +
		`"context":{"library":{"name":"x"},"locale":"de","userAgent":"` + strings.Repeat("u", 150) + `",` + page + `}}`)
	for name, p := range map[string]segment.Plan{"off": nil, "on": load(b, "segment_public_api.json")} {
		b.Run(name, func(b *testing.B) {
			converter := segment.NewConverter(keeping(p, segment.PlanReject))
			calls := make([]segment.Call, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				converter.Reset()
				var v *segment.Violation
				if calls, _, v = converter.Convert(calls[:0], event, from); v != nil {
					b.Fatal(v)
				}
			}
		})
	}
}
