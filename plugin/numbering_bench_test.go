//go:build unix

package plugin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
)

// What the numbers cost a message, in the same run with and without them.
func BenchmarkNumbering(b *testing.B) {
	const count = 1000
	for _, writers := range []int{1, 2} {
		b.Run(fmt.Sprintf("%d writers", writers), func(b *testing.B) {
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
			}))
			b.Cleanup(server.Close)
			builder := service.NewStreamBuilder()
			require.NoError(b, builder.SetLoggerYAML("level: OFF"))
			send, err := builder.AddBatchProducerFunc()
			require.NoError(b, err)
			require.NoError(b, builder.AddOutputYAML(segmentOutput(server.URL, fields{
				"max_in_flight": writers, "batching": fields{"count": count, "period": "1h"},
			})))
			stream, err := builder.Build()
			require.NoError(b, err)
			go func() { _ = stream.Run(context.WithoutCancel(b.Context())) }()
			batch := usualEvents(0, count)
			used := processorTime(b)
			for b.Loop() {
				require.NoError(b, send(b.Context(), batch.Copy()))
			}
			b.ReportMetric(float64(processorTime(b)-used)/float64(b.N)/count, "cpu-ns/message")
			require.NoError(b, stream.StopWithin(patience))
		})
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
