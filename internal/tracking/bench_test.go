package tracking

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"benthos-segment/internal/segment"
)

// benchmarkCalls makes a batch of the default size, of 1.3 KB a call.
func benchmarkCalls() []segment.Call {
	calls := make([]segment.Call, 2500)
	for i := range calls {
		user := fmt.Appendf(nil, "user-%d", i%700)
		calls[i] = segment.Call{
			Type:     segment.Track,
			WriteKey: "key",
			UserID:   segment.IDOf(user),
			JSON: fmt.Appendf(nil, `{"type":"track","event":"Product Viewed","userId":%q,"messageId":"3f2a%08d","properties":{"sku":"A-%d","price":%d.90},"context":{"page":{"url":"https://shop.example.com/products/%d?utm_source=newsletter","title":"Product %d"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","locale":"fr-FR","pad":"%0900d"}}`,
				user, i, i*7919, i%100, i, i, i*i),
		}
	}
	return calls
}

// accepting answers every request at once, without a network.
type accepting struct{}

func (accepting) RoundTrip(req *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, req.Body)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, err
}

type quiet struct{}

func (quiet) Sending(ctx context.Context, _ Request) (context.Context, func(Answer)) {
	return ctx, func(Answer) {}
}
func (quiet) Retrying(Class)          {}
func (quiet) Splitting()              {}
func (quiet) Throttled(time.Duration) {}
func (quiet) Stuck(Trouble)           {}
func (quiet) Recovered(string)        {}

// BenchmarkSend is the path of a batch from calls to requests: order, packing,
// gzip and the HTTP client. Divide by 2,500 for one call.
func BenchmarkSend(b *testing.B) {
	for _, gzip := range []bool{true, false} {
		b.Run(fmt.Sprintf("gzip=%v", gzip), func(b *testing.B) {
			calls := benchmarkCalls()
			size := 0
			for i := range calls {
				size += len(calls[i].JSON)
			}
			client := NewClient(Config{
				Endpoint: "http://127.0.0.1", UserAgent: "bench", Transport: accepting{},
				SentAt: true, Gzip: gzip, MaxRequestBytes: 480_000, MaxRequestCalls: 2500,
				ParallelRequests: 8, Timeout: 15 * time.Second,
				Retry: Retry{InitialInterval: time.Second, MaxInterval: time.Minute},
			})
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if errs := client.Send(b.Context(), calls, quiet{}); errs != nil {
					b.Fatal(errs)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(calls)), "ns/call")
		})
	}
}

// BenchmarkSchedule is what order costs: a batch enters, goes into requests and
// is settled.
func BenchmarkSchedule(b *testing.B) {
	calls := benchmarkCalls()
	client := NewClient(Config{ParallelRequests: 64, Transport: accepting{}})
	client.scheduler.most = 0
	l := limits{bytes: 480_000, calls: 2500}
	b.ReportAllocs()
	for b.Loop() {
		d := client.Enter(b.Context(), calls, quiet{})
		for d.left > 0 {
			src := d.entries[0].source
			client.scheduler.settle(client.scheduler.fill(newHaul(client, src), l), nil)
		}
		d.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(calls)), "ns/call")
}
