package segment_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// repeated writes count parts with commas between them; %d is the number.
func repeated(count int, part string) string {
	parts := make([]string, count)
	for i := range parts {
		parts[i] = strings.ReplaceAll(part, "%d", fmt.Sprint(i))
	}
	return strings.Join(parts, ",")
}

// nested writes an object of that depth around a leaf.
func nested(depth int, leaf string) string {
	return strings.Repeat(`{"a":`, depth) + leaf + strings.Repeat("}", depth)
}

// A step that grew with the square of the payload would take minutes here.
func TestTheCostOfAPayloadGrowsWithItsSizeAlone(t *testing.T) {
	const many = 100_000
	identify := func(traits, inContext string) string {
		return `{"type":"identify","userId":"u","traits":` + traits + `,"context":{"traits":` + inContext + `}}`
	}
	page := func(members string) string { return `{"type":"page","userId":"u",` + members + `}` }
	leaf := `"` + strings.Repeat("x", 1_000_000)
	for name, payload := range map[string]string{
		"many properties":              page(`"properties":{` + repeated(many, `"k%d":%d`) + `}`),
		"many top-level members":       page(repeated(many, `"k%d":%d`)),
		"a member many times":          page(repeated(many, `"messageId":"%d"`)),
		"many context members":         page(`"context":{` + repeated(many, `"k%d":%d`) + `}`),
		"a renamed member many times":  page(`"context":{` + repeated(many, `"ua-ch":%d`) + `}`),
		"a null member many times":     page(`"context":{"ua-ch":1,` + repeated(many, `"userAgentData":null`) + `}`),
		"many external ids":            page(`"context":{"externalId":[` + repeated(many, `{"type":"t","id":%d}`) + `]}`),
		"many consent ids":             page(`"context":{"consentManagement":{"deniedConsentIds":[` + repeated(many, `%d`) + `]}}`),
		"many integrations":            page(`"integrations":{"x":false,` + repeated(many, `"All":true`) + `}`),
		"many traits":                  identify(`{`+repeated(many, `"k%d":1`)+`}`, `{`+repeated(many, `"k%d":2`)+`,"x":1}`),
		"deep traits":                  identify(nested(4_500, leaf+`1"`), nested(4_500, leaf+`2"`)),
		"a trait many times":           identify(`{`+repeated(many, `"a":{"b":1}`)+`}`, `{"a":{"c":`+leaf+`"}}`),
		"an array of many calls":       `[` + repeated(10_000, `{"type":"page","userId":"%d","messageId":"m"}`) + `]`,
		"an array of ids in each form": `[` + repeated(10_000, `{"type":"page","userId":"u","messageId":"m-%d"},{"type":"page","userId":"u","messageId":"m"}`) + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			calls := converted(t, config(), payload)
			assert.Less(t, time.Since(start), 5*time.Second)
			size := 0
			for _, call := range calls {
				size += len(call.JSON)
			}
			assert.Less(t, size, 4*len(payload)+200*len(calls), "a payload does not multiply")
		})
	}
}

func TestAUsualEventCostsTwoAllocationsAtMost(t *testing.T) {
	for _, sdk := range []string{"rudder-analytics-js-default", "segment-analytics-next", "rudder-sdk-node"} {
		events, places := captured(t, sdk+".events.ndjson")
		converter := segment.NewConverter(corpusConfig())
		calls := make([]segment.Call, 0, 1)
		for i, event := range events {
			if bytes.Contains(event, []byte(`"externalId"`)) || !bytes.Contains(event, []byte(`"type":"track"`)) {
				continue
			}
			allocations := testing.AllocsPerRun(100, func() {
				converter.Reset()
				_, _, v := converter.Convert(calls, event, fromSource)
				require.Nil(t, v)
			})
			assert.LessOrEqual(t, allocations, 2.0, places[i])
		}
	}
}

func BenchmarkConvert(b *testing.B) {
	for _, sdk := range []string{"rudder-analytics-js-default", "rudder-sdk-node", "segment-analytics-next"} {
		b.Run(sdk, func(b *testing.B) {
			events, _ := captured(b, sdk+".events.ndjson")
			converter := segment.NewConverter(corpusConfig())
			calls := make([]segment.Call, 0, 1)
			bytesIn := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				event := events[i%len(events)]
				bytesIn += len(event)
				if i%1000 == 0 {
					converter.Reset()
				}
				var v *segment.Violation
				calls, _, v = converter.Convert(calls[:0], event, fromSource)
				if v != nil {
					b.Fatal(v)
				}
			}
			b.SetBytes(int64(bytesIn / b.N))
		})
	}
}
