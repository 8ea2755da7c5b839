package guarantees_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// proveCallLimit: a call is measured as it leaves, with what we add to it.
func proveCallLimit(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{"max_call_bytes": 32_768})))
	sized := func(id, text string) given {
		return given{id: id, payload: `{"type":"track","event":"E","userId":"u","messageId":"` + id + `","properties":{"t":"` + text + `"}}`}
	}
	p.accept(t, []given{sized("measure", "")})
	around := sb.Calls()[0].Size
	for i, size := range []int{32_767, 32_768, 32_769} {
		// The letter at the edge has three bytes.
		text := strings.Repeat("x", size-around-3) + "€"
		p.accept(t, []given{sized(fmt.Sprintf("limit-%d", i), text)})
	}

	var sizes []int
	for _, call := range sb.Calls() {
		assert.True(t, call.Accepted)
		sizes = append(sizes, call.Size)
	}
	// The first id is as long as the others.
	assert.Equal(t, []int{around, 32_767, 32_768}, sizes)
	reasons := p.dead.ReasonsByID()
	require.Len(t, reasons, 1)
	assert.Regexp(t, `^segment oversized_call -: .*32,?769.*32,?768`, reasons["limit-2"])
}

// proveRequestLimit: whatever the calls add up to, no request is over its
// limit, and none is split that fits.
func proveRequestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct{ bytes, calls, limit, requests int }{
			{499_999, 2000, 500_000, 1},
			{500_000, 2000, 500_000, 2}, // The packer counts a comma too many.
			{500_001, 2000, 500_000, 2},
			{500_000, 2500, 480_000, 2},
			{32_768, 1, 480_000, 1},
			{480_001, 15, 480_000, 2},
		} {
			sb := segmenttest.NewInProcess(t)
			conf := clientConfig(sb)
			conf.MaxRequestBytes, conf.MaxRequestCalls, conf.ParallelRequests = test.limit, 2500, 1
			list := requestOf(test.bytes, test.calls)

			require.Empty(t, tracking.NewClient(conf).Send(t.Context(), callsOf(list), &watcher{}))

			total := int64(0)
			for _, req := range sb.Requests() {
				assert.LessOrEqual(t, req.Bytes, int64(test.limit))
				total += req.Bytes
			}
			if test.requests == 1 {
				assert.EqualValues(t, test.bytes, total, "the test does not make what it says")
			}
			assert.Len(t, sb.Requests(), test.requests, "%+v", test)
			assert.Equal(t, test.calls, sb.Summary().Unique)
			requireOrder(t, sb, list)
		}
	})
}

// requestOf makes calls that are one request of so many bytes, if they are.
func requestOf(bytes, calls int) []given {
	list := trial{calls: calls, people: 10}.givenCalls()
	const around = len(`{"batch":[` + `],"sentAt":"2006-01-02T15:04:05.000Z"}`)
	room := bytes - around - (calls - 1)
	for i := range list {
		list[i].payload = fmt.Sprintf(`{"type":"page","userId":%q,"messageId":%q,"t":""}`, list[i].person, list[i].id)
		fill := room/(calls-i) - len(list[i].payload)
		list[i].payload = strings.Replace(list[i].payload, `"t":""`, `"t":"`+strings.Repeat("x", max(fill, 0))+`"`, 1)
		room -= len(list[i].payload)
	}
	return list
}

// proveManyKeys: a flood of calls in one batch, of many sources or in many
// requests, is held within 256 MiB and 2,000 goroutines, and none of these stays.
func proveManyKeys(t *testing.T) {
	for name, test := range map[string]struct{ keys, parallel int }{
		"10,000 write keys": {10_000, 8},
		"1,000 lanes":       {1, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			const calls, allowed = 100_000, 256 << 20
			conf := tracking.Config{
				Endpoint: "http://127.0.0.1", Transport: accepting{}, Gzip: true, SentAt: true,
				MaxRequestBytes: 480_000, MaxRequestCalls: 2500, ParallelRequests: test.parallel, Timeout: time.Hour,
			}
			list := callsOf(trial{calls: calls, people: 10_000}.givenCalls())
			for i := range list {
				list[i].WriteKey = fmt.Sprintf("%s-%d", canaryKey, i%test.keys)
			}
			client := tracking.NewClient(conf)
			// Garbage is no use of memory that we mean.
			defer debug.SetGCPercent(debug.SetGCPercent(25))
			var peak peaks
			before := runtime.NumGoroutine()

			require.Empty(t, client.Send(t.Context(), list, &watcher{sending: peak.sample}))

			assert.Less(t, peak.heap, uint64(allowed))
			assert.Less(t, peak.goroutines, before+2000)
			t.Logf("at most %d MiB and %d goroutines", peak.heap>>20, peak.goroutines)
		})
	}
}

// accepting takes every request and keeps nothing, so that the memory is that
// of the sender.
type accepting struct{}

func (accepting) RoundTrip(req *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, req.Body)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, err
}

// peaks are the most that was seen of each.
type peaks struct {
	mu         sync.Mutex
	heap       uint64
	goroutines int
}

func (p *peaks) sample() {
	p.mu.Lock()
	defer p.mu.Unlock()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	p.heap = max(p.heap, sample[0].Value.Uint64())
	p.goroutines = max(p.goroutines, runtime.NumGoroutine())
}
