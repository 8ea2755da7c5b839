package tracking

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/wire"
)

// A server that was reached over a connection meant for another host answers
// 421, for as long as that connection lasts: golang/go#18341.
func TestAMisdirectedRequestIsSentOverAnotherConnection(t *testing.T) {
	for name, isHTTP2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			misdirected := ""
			connections := map[string]int{}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				assert.Equal(t, isHTTP2, r.ProtoMajor == 2)
				mu.Lock()
				defer mu.Unlock()
				if misdirected == "" {
					misdirected = r.RemoteAddr
				}
				connections[r.RemoteAddr]++
				if r.RemoteAddr == misdirected {
					w.WriteHeader(http.StatusMisdirectedRequest)
				}
			}))
			server.EnableHTTP2 = isHTTP2
			server.StartTLS()
			t.Cleanup(server.Close)
			trust := server.Client().Transport.(*http.Transport).TLSClientConfig
			conf := testConfig(server.URL, wire.NewTransport(wire.Config{TLS: trust, Connections: 4}))
			conf.ParallelRequests, conf.MaxRequestCalls = 4, 1
			// It would go on for ever otherwise.
			conf.Retry.MaxElapsedTime = 10 * time.Second
			client := NewClient(conf)
			t.Cleanup(client.Close)
			calls := make([]segment.Call, 8)
			for i := range calls {
				calls[i] = oneCall[0]
				calls[i].UserID = personOf(i)
			}

			assert.Empty(t, client.Send(t.Context(), calls, quiet{}))

			assert.Greater(t, len(connections), 1)
			assert.Positive(t, connections[misdirected])
		})
	}
}
