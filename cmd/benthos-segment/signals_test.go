package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// A pipeline whose calls the server does not take ends all the same when it
// is told to, however often, and sends nothing more. SIGHUP ends it at once, as
// Go does by itself: to the input, that is a crash. Whoever starts it with
// nohup means it to live on.
func TestEverySignalEndsAPipelineThatWaits(t *testing.T) {
	const bySignal = -1
	for name, test := range map[string]struct {
		starter []string
		signals []syscall.Signal
		code    int
	}{
		"SIGINT":                   {nil, []syscall.Signal{syscall.SIGINT}, 0},
		"SIGTERM":                  {nil, []syscall.Signal{syscall.SIGTERM}, 0},
		"SIGTERM, and again":       {nil, []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, 0},
		"SIGINT, then SIGTERM":     {nil, []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, 0},
		"SIGHUP":                   {nil, []syscall.Signal{syscall.SIGHUP}, bySignal},
		"SIGHUP to nohup, SIGTERM": {[]string{"nohup"}, []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := segmenttest.New(t)
			sb.Fail(429).RetryAfter("300")
			p := beginBy(t, test.starter, "run", pipeline(t, `
shutdown_timeout: 2s
http: {enabled: false}
input:
  generate:
    interval: ""
    count: 10
    mapping: 'root = {"type": "page", "userId": "u", "messageId": "%d".format(counter())}'
output:
  segment:
    write_key: a-write-key
    endpoint: `+sb.URL+`
    batching: {count: 10, period: 10ms}
`))
			require.Eventually(t, func() bool { return len(sb.Requests()) > 0 }, 30*time.Second, 5*time.Millisecond)
			for _, s := range test.signals {
				require.NoError(t, p.Process.Signal(s))
			}
			assert.Equal(t, test.code, p.code(), lazily(p.said))
			assert.Len(t, sb.Requests(), 1)
			assert.Empty(t, sb.Calls())
		})
	}
}

// Where no pipeline is at work, nothing is held that a signal would have to wait
// for.
func TestASignalEndsWhatRunsNoPipelineAtOnce(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		asked, over := make(chan struct{}), make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(asked)
			<-over
		}))
		p := begin(t, "test", pipeline(t, `
pipeline:
  processors:
    - http: {url: "`+server.URL+`", verb: POST, timeout: 1h}
tests:
  - name: waits
    target_processors: /pipeline/processors
    input_batch: [{content: "{}"}]
    output_batches: [[{json_equals: {}}]]
`))
		select {
		case <-asked:
		case <-time.After(30 * time.Second):
			require.Fail(t, "it never asks", p.said())
		}
		require.NoError(t, p.Process.Signal(signal))
		p.code()
		status, isStatus := p.ProcessState.Sys().(syscall.WaitStatus)
		assert.True(t, isStatus && status.Signaled() && status.Signal() == signal, p.said())
		close(over)
		server.Close()
	}
}

// SIGTERM may come while the engine starts, when events flow already and it
// does not listen for signals yet: a busy machine has that window open for long.
func TestASignalInTheFirstMomentsEndsAPipelineWell(t *testing.T) {
	for _, moment := range []string{"Running main config", "Launching a Benthos Segment instance", "Output type segment is now active"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			for range 5 {
				sb := segmenttest.New(t)
				p := begin(t, "run", pipeline(t, strings.ReplaceAll(manyPipeline, "$ENDPOINT", sb.URL)))
				p.awaitText(moment)
				require.NoError(t, p.Process.Signal(syscall.SIGTERM))
				require.Zero(t, p.code(), lazily(p.said))
				assert.Equal(t, 1, strings.Count(p.said(), "the service is closing")+strings.Count(p.said(), "Pipeline has terminated"))
			}
		})
	}
}
