package structured_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment/structured"
)

// The estimate is near to what the garbage collector counts, for what the
// engine makes of JSON.
func TestTheSizeOfAValueIsWhatItTakesInMemory(t *testing.T) {
	for name, text := range map[string]string{
		"an event": `{"type":"track","event":"Order Completed","userId":"cus_7001","anonymousId":"0c9d8e7f-1111-2222-3333-444455556666",` +
			`"messageId":"018f0000-aaaa-bbbb-cccc-ddddeeeeffff","properties":{"revenue":99.5,"currency":"EUR","paid":true,"note":null},` +
			`"context":{"ip":"203.0.113.7","locale":"de-DE","library":{"name":"RudderLabs JavaScript SDK","version":"2.48.1"},` +
			`"page":{"path":"/checkout","referrer":"","title":"Checkout","url":"https://shop.example.com/checkout"}}}`,
		"small objects": `{"list":[` + strings.TrimSuffix(strings.Repeat(`{"k":"v","n":1},`, 500), ",") + `]}`,
		"numbers":       `{"list":[` + strings.TrimSuffix(strings.Repeat(`1234.5678,`, 2000), ",") + `]}`,
		"a long text":   fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", 30_000)),
		"many members":  manyMembers(1000),
	} {
		t.Run(name, func(t *testing.T) {
			const copies = 200
			values := make([]any, copies)
			before := inUse()
			for i := range values {
				require.NoError(t, json.Unmarshal([]byte(text), &values[i]))
			}
			each := float64(inUse()-before) / copies
			estimate := float64(structured.SizeOf(values[0]))
			runtime.KeepAlive(values)
			t.Logf("%d bytes of JSON take %.0f bytes, estimated %.0f", len(text), each, estimate)
			assert.InEpsilon(t, each, estimate, 0.5)
		})
	}
}

func TestTheSizeOfOtherValues(t *testing.T) {
	for name, value := range map[string]any{
		"nothing": nil, "yes": true, "a time": time.Now(), "a number": json.Number("12"), "bytes": []byte("ab"), "a struct": struct{ A int }{1},
	} {
		t.Run(name, func(t *testing.T) { assert.LessOrEqual(t, structured.SizeOf(value), 32) })
	}
}

func manyMembers(n int) string {
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"member_%d":"value %d"`, i, i))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func inUse() uint64 {
	var now runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&now)
	return now.HeapAlloc
}

func BenchmarkSizeOf(b *testing.B) {
	var value any
	require.NoError(b, json.Unmarshal([]byte(`{"type":"track","event":"Order Completed","userId":"cus_7001","messageId":"018f0000",`+
		`"properties":{"revenue":99.5,"currency":"EUR","paid":true,"a":1,"b":2,"c":3,"d":"four","e":"five"},`+
		`"context":{"ip":"203.0.113.7","locale":"de-DE","library":{"name":"RudderLabs JavaScript SDK","version":"2.48.1"},`+
		`"page":{"path":"/checkout","referrer":"","title":"Checkout","url":"https://shop.example.com/checkout"}}}`), &value))
	b.ReportAllocs()
	for b.Loop() {
		structured.SizeOf(value)
	}
}
