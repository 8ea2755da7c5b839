package segment_test

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
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

// A step that grew with the square of the payload would cost a hundred times
// as much for ten times the members, instead of ten times.
func TestTheCostOfAPayloadGrowsWithItsSizeAlone(t *testing.T) {
	identify := func(traits, inContext string) string {
		return `{"type":"identify","userId":"u","traits":` + traits + `,"context":{"traits":` + inContext + `}}`
	}
	page := func(members string) string { return `{"type":"page","userId":"u",` + members + `}` }
	for name, payload := range map[string]func(many int) string{
		"many properties":             func(many int) string { return page(`"properties":{` + repeated(many, `"k%d":%d`) + `}`) },
		"many top-level members":      func(many int) string { return page(repeated(many, `"k%d":%d`)) },
		"a member many times":         func(many int) string { return page(repeated(many, `"messageId":"%d"`)) },
		"many context members":        func(many int) string { return page(`"context":{` + repeated(many, `"k%d":%d`) + `}`) },
		"a renamed member many times": func(many int) string { return page(`"context":{` + repeated(many, `"ua-ch":%d`) + `}`) },
		"a null member many times": func(many int) string {
			return page(`"context":{"ua-ch":1,` + repeated(many, `"userAgentData":null`) + `}`)
		},
		"many external ids": func(many int) string {
			return page(`"context":{"externalId":[` + repeated(many, `{"type":"t","id":%d}`) + `]}`)
		},
		"many consent ids": func(many int) string {
			return page(`"context":{"consentManagement":{"deniedConsentIds":[` + repeated(many, `%d`) + `]}}`)
		},
		"many integrations": func(many int) string { return page(`"integrations":{"x":false,` + repeated(many, `"All":true`) + `}`) },
		"many traits": func(many int) string {
			return identify(`{`+repeated(many, `"k%d":1`)+`}`, `{`+repeated(many, `"k%d":2`)+`,"x":1}`)
		},
		"many traits that join those in context": func(many int) string {
			return page(`"traits":{` + repeated(many, `"k%d":1`) + `},"context":{"traits":{` + repeated(many, `"k%d":2`) + `,"x":1}}`)
		},
		"many exclusions": func(many int) string {
			return page(`"rudderId":"r","integrations":{` + repeated(many, `"k%d":false`) + `}`)
		},
		"much metadata": func(many int) string { return page(`"_metadata":{"bundled":[],` + repeated(many, `"k%d":1`) + `}`) },
		"deep traits": func(many int) string {
			leaf := `"` + strings.Repeat("x", many)
			return identify(nested(many/5, leaf+`1"`), nested(many/5, leaf+`2"`))
		},
		"a trait many times": func(many int) string {
			leaf := strings.Repeat("x", many)
			return identify(`{`+repeated(many, `"a":{"b":1}`)+`}`, `{"a":{"c":"`+leaf+`"}}`)
		},
		"a long string": func(many int) string { return page(`"name":"` + strings.Repeat(`\u00e9`, many) + `"`) },
		"an array of many calls": func(many int) string {
			return `[` + repeated(many, `{"type":"page","userId":"%d","messageId":"m"}`) + `]`
		},
		"an array of ids in each form": func(many int) string {
			return `[` + repeated(many/2, `{"type":"page","userId":"u","messageId":"m-%d"},{"type":"page","userId":"u","messageId":"m"}`) + `]`
		},
	} {
		t.Run(name, func(t *testing.T) {
			const many = 1_000
			assertLinear(t, payload(many), payload(10*many))
		})
	}
}

// assertLinear checks that a payload of ten times the size costs about ten
// times as much. Allocations can be counted. Time cannot, and what does not fit
// into a cache any more takes more of it, so that there is room up to what a
// square would take, and one of several tries has to be undisturbed.
func assertLinear(t *testing.T, small, large string) {
	t.Helper()
	larger := float64(len(large)) / float64(len(small)) / 10
	require.Less(t, allocationsOf(t, large), 12*larger*(allocationsOf(t, small)+10))
	var ratio float64
	for range 20 {
		if ratio = float64(timeOf(t, large)) / float64(timeOf(t, small)) / larger; ratio < 40 {
			return
		}
	}
	assert.Fail(t, "the cost is not linear", "ten times the size takes %.1f times as long", ratio)
}

func allocationsOf(t *testing.T, payload string) float64 {
	t.Helper()
	converter := segment.NewConverter(config())
	return testing.AllocsPerRun(1, func() { convert(t, converter, payload) })
}

// timeOf returns the least time of several conversions.
func timeOf(t *testing.T, payload string) time.Duration {
	t.Helper()
	converter := segment.NewConverter(config())
	least := time.Duration(math.MaxInt64)
	for range 5 {
		start := time.Now()
		convert(t, converter, payload)
		least = min(least, time.Since(start))
	}
	return least
}

func convert(t *testing.T, converter *segment.Converter, payload string) {
	t.Helper()
	converter.Reset()
	calls, _, v := converter.Convert(nil, []byte(payload), fromKey)
	require.Nil(t, v, "%v", v)
	size := 0
	for _, call := range calls {
		size += len(call.JSON)
	}
	require.Less(t, size, 4*len(payload)+200*len(calls), "a payload does not multiply")
}

func TestAUsualEventCostsAnAllocationAtMost(t *testing.T) {
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
				_, _, v := converter.Convert(calls, event, fromKey)
				require.Nil(t, v)
			})
			assert.LessOrEqual(t, allocations, 1.0, places[i])
		}
	}
}

// What one giant payload needed does not stay for those to come.
func TestAGiantPayloadIsNotKept(t *testing.T) {
	const size, allowed = 32 << 20, 1 << 20
	conf := corpusConfig()
	conf.MaxCallBytes = 32 << 10
	converter := segment.NewConverter(conf)
	before := heap()

	_, _, v := converter.Convert(nil, propertyPayload(`"`+strings.Repeat("x", size)+`"`), fromKey)
	require.NotNil(t, v)
	converter.Reset()

	assert.Less(t, heap(), before+allowed)
	runtime.KeepAlive(converter)
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
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
				calls, _, v = converter.Convert(calls[:0], event, fromKey)
				if v != nil {
					b.Fatal(v)
				}
			}
			b.SetBytes(int64(bytesIn / b.N))
		})
	}
}
