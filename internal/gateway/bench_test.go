package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"benthos-segment/internal/gateway"
)

// nobody is where an answer goes that nobody reads.
type nobody struct{ header http.Header }

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) WriteHeader(int)             {}
func (n nobody) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkRequest is what a request costs beside HTTP itself and what is behind
// the gateway.
func BenchmarkRequest(b *testing.B) {
	event := func(i int) string {
		return fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"u1","messageId":"m%d","originalTimestamp":"2026-03-14T09:12:00.000Z","channel":"web",`+
			`"context":{"library":{"name":"RudderLabs JavaScript SDK","version":"3.34.1"},"page":{"title":%q}},"properties":{"total":19.90,"a":%q}}`,
			i, strings.Repeat("t", 500), strings.Repeat("x", 600))
	}
	for _, events := range []int{1, 5, 100} {
		b.Run(fmt.Sprintf("%d events", events), func(b *testing.B) {
			var batch []string
			for i := range events {
				batch = append(batch, event(i))
			}
			body := []byte(`{"batch":[` + strings.Join(batch, ",") + `],"sentAt":"2026-03-14T09:12:00.000Z"}`)
			conf := settings(b, &seen{})
			conf.Observer = silent{}
			g, err := gateway.New(conf)
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for {
					batch, err := g.Read(ctx)
					if err != nil {
						return
					}
					batch.Settle(nil)
				}
			}()
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r, _ := http.NewRequest(http.MethodPost, "/v1/batch", io.NopCloser(bytes.NewReader(body)))
				r.RemoteAddr = "127.0.0.1:1"
				r.SetBasicAuth("wk", "")
				g.ServeHTTP(nobody{http.Header{}}, r)
			}
			cancel()
			<-ended
		})
	}
}

// silent observes nothing.
type silent struct{}

func (silent) Answered(gateway.Answer) {}
func (silent) Pending(int)             {}
func (silent) Troubled(string)         {}
