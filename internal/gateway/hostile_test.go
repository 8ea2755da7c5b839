package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
)

func (d *door) dial() net.Conn {
	d.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	require.NoError(d.t, err)
	d.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Never 408, on which most SDKs give up.
func TestASlowBodyIs503(t *testing.T) {
	d := open(t, func(c *gateway.Config) { c.BodyTimeout = 50 * time.Millisecond })
	conn := d.dial()
	_, err := fmt.Fprintf(conn, "POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\nContent-Length: 1000\r\n\r\n{\"batch\":", basic("wk").value)
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	assert.Contains(t, string(body), "body_too_slow")
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
	assert.True(t, resp.Close)
	assert.Empty(t, d.taken())
}

func TestASlowBodyDoesNotHoldUpOthers(t *testing.T) {
	d := open(t, func(c *gateway.Config) { c.Gather = time.Millisecond })
	conn := d.dial()
	_, err := fmt.Fprintf(conn, "POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"batch\":")
	require.NoError(t, err)
	for range 3 {
		assert.Equal(t, http.StatusOK, d.post("/v1/track", track).status)
	}
}

func TestAClientThatBreaksOffLeavesNothing(t *testing.T) {
	d := open(t)
	conn := d.dial()
	_, err := fmt.Fprintf(conn, "POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\nContent-Length: 1000\r\n\r\n{\"batch\":[%s]}", basic("wk").value, track)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool { d.seen.mu.Lock(); defer d.seen.mu.Unlock(); return len(d.seen.answers) > 0 }, patience, tick)
	assert.Empty(t, d.taken(), "half a body is no event")
	assert.Equal(t, gateway.CodeBrokenOff, d.seen.last().Code, "and nobody's fault")
}

func TestAGzipThatEndsEarlyIsDamaged(t *testing.T) {
	d := open(t)
	whole := zipped(t, `{"batch":[`+track+`]}`)
	answer := d.post("/v1/batch", string(whole[:len(whole)-6]), basic("wk"), header{"Content-Encoding", "gzip"})
	assert.Equal(t, http.StatusBadRequest, answer.status)
	assert.Equal(t, "bad_request", d.seen.last().Code)
}

// Whatever comes, the memory for it is bounded: large bodies beside each other are
// taken one after the other, or turned away.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 16 << 20
	d := openUnread(t, func(c *gateway.Config) {
		c.MaxPendingBytes, c.MaxRequestBytes, c.Timeout = limit, 4<<20, 300*time.Millisecond
	})
	body := `{"batch":[{"userId":"u","a":"` + strings.Repeat("x", 3<<20) + `"}]}`
	small := zipped(t, body)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	statuses := make(map[int]int)
	var mu sync.Mutex
	var clients sync.WaitGroup
	for range 60 {
		clients.Go(func() {
			answer, err := d.try(http.MethodPost, "/v1/batch", strings.NewReader(string(small)), basic("wk"), header{"Content-Encoding", "gzip"})
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			statuses[answer.status]++
		})
	}
	clients.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Zero(t, statuses[http.StatusOK])
	assert.Equal(t, 60, statuses[http.StatusTooManyRequests]+statuses[http.StatusServiceUnavailable], "%v", statuses)
	assert.LessOrEqual(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(3*limit))
	d.run()
	d.untilAccepted()
}

// Whatever is sent, there is an answer that some SDK understands, and what is
// accepted was handed out.
func FuzzRequests(f *testing.F) {
	f.Add("/v1/batch", []byte(`{"batch":[`+track+`,7],"sentAt":"2026-03-14T09:12:00Z","context":{"a":1}}`), "")
	f.Add("/v1/t", []byte(`{"writeKey":"wk","context":[],"messageId":" ","type":"\u0000"}`), "")
	f.Add("/v1/batch", []byte("\x1f\x8b\x08"), "gzip")
	f.Add("/v1/pixel/track?data=e30", []byte{}, "")
	f.Add("//projects/wk/settings/", []byte("NaN"), "")
	d := open(f)
	f.Fuzz(func(t *testing.T, target string, body []byte, encoding string) {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			req, err := http.NewRequest(method, d.url, strings.NewReader(string(body)))
			require.NoError(t, err)
			path, query, _ := strings.Cut(target, "?")
			req.URL.Path, req.URL.RawQuery = "/"+strings.TrimPrefix(path, "/"), query
			req.SetBasicAuth("wk", "")
			if encoding == "gzip" {
				req.Header.Set("Content-Encoding", encoding)
			}
			before := len(d.taken())
			resp, err := d.client.Do(req)
			if err != nil {
				continue // The client does not send every path.
			}
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Contains(t, []int{200, 400, 401, 404, 405, 413, 415}, resp.StatusCode)
			if resp.StatusCode >= 400 && resp.StatusCode != 400 {
				assert.Len(t, d.taken(), before)
			}
		}
	})
}
