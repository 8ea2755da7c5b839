package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// balancer does what docs/gateway.md asks of one: it hands a request that one
// process does not take to the next.
type balancer struct {
	processes []string
	next      atomic.Int64
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	first := int(b.next.Add(1))
	for i := range b.processes {
		req, err := http.NewRequestWithContext(r.Context(), r.Method, b.processes[(first+i)%len(b.processes)]+r.URL.Path, bytes.NewReader(body))
		if err != nil {
			break
		}
		req.Header = r.Header.Clone()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			continue
		}
		w.WriteHeader(res.StatusCode)
		return
	}
	w.WriteHeader(http.StatusBadGateway)
}

// Two processes, each with a queue of its own, are replaced one after the other,
// and no client notices.
func TestADeployBehindABalancerClosesNoDoor(t *testing.T) {
	const key = "the-write-key"
	server := segmenttest.New(t)
	b := &balancer{}
	var configs []string
	for range 2 {
		address := freeAddress(t)
		b.processes = append(b.processes, "http://"+address)
		configs = append(configs, pipeline(t, fmt.Sprintf(`
http: {enabled: false}
input:
  segment: {address: %q, write_keys: [%q]}
buffer:
  journal: {path: %q, at_end: keep}
output:
  segment: {write_key: %q, endpoint: %q, batching: {count: 100, period: 5ms}}
`, address, key, filepath.Join(t.TempDir(), "queue"), key, server.URL)))
	}
	balanced := httptest.NewServer(b)
	defer balanced.Close()
	start := func(i int) *process {
		p := begin(t, "run", configs[i])
		require.Eventually(t, func() bool {
			res, err := http.Get(b.processes[i] + "/ready")
			return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
		}, 30*time.Second, 5*time.Millisecond, lazily(p.said))
		return p
	}
	processes := []*process{start(0), start(1)}

	var sent atomic.Int64
	var isOver atomic.Bool
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			for n := 0; !isOver.Load(); n++ {
				event := fmt.Sprintf(`{"type":"track","event":"E","userId":"u%d","messageId":"%d-%d"}`, c, c, n)
				req, err := http.NewRequest(http.MethodPost, balanced.URL+"/v1/batch", strings.NewReader(`{"batch":[`+event+`]}`))
				assert.NoError(t, err)
				req.SetBasicAuth(key, "")
				res, err := http.DefaultClient.Do(req)
				if !assert.NoError(t, err) {
					return
				}
				_ = res.Body.Close()
				if !assert.Equal(t, http.StatusOK, res.StatusCode) {
					return
				}
				sent.Add(1)
			}
		})
	}
	more := func() {
		before := sent.Load()
		require.Eventually(t, func() bool { return sent.Load() > before+50 }, 30*time.Second, time.Millisecond)
	}
	for i := range processes {
		more()
		require.NoError(t, processes[i].Process.Signal(syscall.SIGTERM))
		require.Zero(t, processes[i].code(), processes[i].said())
		more()
		processes[i] = start(i)
	}
	more()
	isOver.Store(true)
	clients.Wait()

	require.Eventually(t, func() bool { return server.Summary().Unique == int(sent.Load()) }, 30*time.Second, 10*time.Millisecond)
	for _, p := range processes {
		require.NoError(t, p.interrupt())
		require.Zero(t, p.code())
	}
	assert.Equal(t, int(sent.Load()), server.Summary().Unique)
}
