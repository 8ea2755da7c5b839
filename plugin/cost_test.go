package plugin_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// usualEvents makes events of 1.5 KB of many people.
func usualEvents(from, count int) (batch service.MessageBatch) {
	filling := strings.Repeat("x", 1300)
	for n := from; n < from+count; n++ {
		batch = append(batch, service.NewMessage(fmt.Appendf(nil,
			`{"type":"track","event":"Viewed","userId":"user-%d","messageId":"m-%d","rudderId":"dropped","properties":{"n":%d},"context":{"page":{"title":%q}}}`,
			n%1000, n, n, filling)))
	}
	return batch
}

func TestRequestsAreFilledByDefault(t *testing.T) {
	const batches, count, limit = 4, 3000, 480_000
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL, fields{"batching": fields{}}))

	for n := range batches {
		p.accept(usualEvents(n*count, count))
	}

	size := int64(0)
	for _, request := range sb.Requests() {
		assert.LessOrEqual(t, request.Bytes, int64(limit))
		size += request.Bytes
	}
	requests := int64(len(sb.Requests()))
	assert.Equal(t, batches*count, sb.Summary().Unique)
	assert.GreaterOrEqual(t, float64(size), 0.9*float64(requests*limit), "%d requests", requests)
	// 12,000 events of 1.4 KB are 36 requests of 480 KB.
	assert.LessOrEqual(t, requests, int64(40))
}

// However slow the server is and however many events there are, only those of
// the batch that is being sent and of the next are in memory.
func TestASlowServerDoesNotFillTheMemory(t *testing.T) {
	const count, allowed = 50_000, 32 << 20
	var mu sync.Mutex
	var most uint64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		most = max(most, heapObjects())
	}))
	t.Cleanup(server.Close)
	builder := service.NewStreamBuilder()
	require.NoError(t, builder.SetLoggerYAML("level: OFF"))
	require.NoError(t, builder.AddInputYAML(fmt.Sprintf(`generate:
  interval: ""
  count: %d
  batch_size: 100
  mapping: |
    let n = counter()
    root = """{"type":"page","userId":"user-%%d","messageId":"m-%%d","properties":{"title":"%%s"}}""".format($n %% 1000, $n, "x".repeat(1300))
`, count)))
	require.NoError(t, builder.AddOutputYAML(segmentOutput(server.URL, fields{"batching": fields{}})))
	stream, err := builder.Build()
	require.NoError(t, err)
	// Garbage is no use of memory that we mean.
	defer debug.SetGCPercent(debug.SetGCPercent(10))

	require.NoError(t, stream.Run(t.Context()))

	require.Positive(t, most)
	assert.Less(t, most, uint64(allowed), "70 MB of events were sent")
	t.Logf("at most %d MB", most>>20)
}

// What one giant payload needed does not stay for all that come.
func TestAGiantPayloadLeavesNothingBehind(t *testing.T) {
	const size = 24 << 20
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	giant := func() map[string]any {
		return map[string]any{"type": "track", "event": "E", "userId": "u", "properties": map[string]any{"x": strings.Repeat("x", size)}}
	}
	structured := service.NewMessage(nil)
	structured.SetStructured(giant())
	bytes := service.NewMessage([]byte(streamtest.YAML(giant())))

	p.accept(service.MessageBatch{structured})
	p.accept(service.MessageBatch{bytes})
	require.Len(t, p.dead.Reasons(), 2)
	p.dead.Forget()
	structured, bytes = nil, nil
	p.accept(usualEvents(0, 1))

	runtime.GC()
	runtime.GC()
	assert.Less(t, heapObjects(), uint64(size))
}

// Nor does what a payload of very many calls needed.
func TestAGiantArrayLeavesNothingBehind(t *testing.T) {
	const calls, allowed = 200_000, 10 << 20
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(server.Close)
	p := start(t, segmentOutput(server.URL))
	var array strings.Builder
	for n := range calls {
		fmt.Fprintf(&array, `,{"type":"page","userId":"u%d"}`, n)
	}

	p.accept(events("[" + array.String()[1:] + "]"))
	array.Reset()
	p.accept(usualEvents(0, 1))

	runtime.GC()
	runtime.GC()
	assert.Less(t, heapObjects(), uint64(allowed))
}

// heapObjects is how much memory there is on the heap.
func heapObjects() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
