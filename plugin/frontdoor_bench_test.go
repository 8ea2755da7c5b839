package plugin_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// BenchmarkFrontDoor sends requests to the input segment with the buffer journal and
// no output behind it, beside a handler that only reads them. The client is in
// the figures of both.
func BenchmarkFrontDoor(b *testing.B) {
	for _, events := range []int{1, 5} {
		request := doorRequest(events)
		b.Run(fmt.Sprintf("floor/events=%d", events), func(b *testing.B) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(b, err)
			server := &http.Server{Handler: http.HandlerFunc(readAndForget)}
			go func() { _ = server.Serve(listener) }()
			defer server.Close()
			visit(b, listener.Addr().String(), request)
		})
		b.Run(fmt.Sprintf("segment/events=%d", events), func(b *testing.B) {
			address := benchDoor(b)
			visit(b, address, request)
		})
	}
}

func readAndForget(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"success":true}`))
}

func doorRequest(events int) []byte {
	var body bytes.Buffer
	body.WriteString(`{"batch":[`)
	for i, message := range usualEvents(0, events) {
		if i > 0 {
			body.WriteByte(',')
		}
		content, _ := message.AsBytes()
		body.Write(content)
	}
	body.WriteString(`],"sentAt":"2026-11-20T12:00:00.000Z"}`)
	return fmt.Appendf(nil, "POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: Basic d2s6\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		body.Len(), body.Bytes())
}

func benchDoor(b testing.TB) (address string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	address = listener.Addr().String()
	require.NoError(b, listener.Close())
	builder := service.NewStreamBuilder()
	builder.SetLogger(slog.New(slog.DiscardHandler))
	require.NoError(b, builder.AddInputYAML(fmt.Sprintf("segment: {address: %q, write_keys: [wk]}", address)))
	require.NoError(b, builder.SetBufferYAML(fmt.Sprintf("journal: {path: %q, at_end: keep}", filepath.Join(b.TempDir(), "queue"))))
	require.NoError(b, builder.AddOutputYAML("drop: {}"))
	stream, err := builder.Build()
	require.NoError(b, err)
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(context.Background()) }()
	b.Cleanup(func() {
		_ = stream.StopWithin(10 * time.Second)
		<-ended
	})
	require.Eventually(b, func() bool {
		resp, err := http.Get("http://" + address + "/ready")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, 20*time.Second, time.Millisecond)
	return address
}

// exchange takes nothing from the heap.
func exchange(t testing.TB, conn net.Conn, request, answer []byte) {
	if _, err := conn.Write(request); err != nil {
		t.Error(err)
	}
	n, err := conn.Read(answer)
	if err != nil || !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 200 ")) || !bytes.HasSuffix(answer[:n], []byte("}")) {
		t.Errorf("%v: %q", err, answer[:n])
	}
}

// What a request takes from the heap on its way from the socket to the disk and on
// to the output, the engine and net/http included: 171 with many at a time, and more
// where each is a batch of its own.
func TestARequestTakesLittleFromTheHeap(t *testing.T) {
	const events, requests, most = 5, 500, 330
	conn, err := net.Dial("tcp", benchDoor(t))
	require.NoError(t, err)
	defer conn.Close()
	request, answer := doorRequest(events), make([]byte, 4096)
	exchange(t, conn, request, answer)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		exchange(t, conn, request, answer)
	}
	runtime.ReadMemStats(&after)
	assert.LessOrEqual(t, (after.Mallocs-before.Mallocs)/requests, uint64(most))
}

// visit sends a request again and again over many connections.
func visit(b *testing.B, address string, request []byte) {
	b.Helper()
	const visitors = 128
	turns := make(chan struct{})
	var clients sync.WaitGroup
	for range visitors {
		conn, err := net.Dial("tcp", address)
		require.NoError(b, err)
		defer conn.Close()
		clients.Go(func() {
			answer := make([]byte, 4096)
			for range turns {
				exchange(b, conn, request, answer)
			}
		})
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used := processorTime(b)
	for b.Loop() {
		turns <- struct{}{}
	}
	close(turns)
	clients.Wait()
	used = processorTime(b) - used
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(used.Nanoseconds())/1000/float64(b.N), "cpu-µs/request")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "allocs/request")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N), "B/request")
	b.ReportMetric(0, "ns/op")
}
