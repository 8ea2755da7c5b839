package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

const meteredPipeline = `
input:
  generate: {count: 1, interval: "", mapping: 'root = {"type":"track","event":"A","userId":"u"}'}
output:
  segment: {write_key: a-key, endpoint: $ENDPOINT}
`

// That the address is in use was one line in the log, and the process ran on without
// metrics, as others do: https://github.com/vectordotdev/vector/issues/18680.
func TestABusyAddressEndsTheStart(t *testing.T) {
	sb := segmenttest.New(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	address := taken.Addr().String()
	says := "field http.address: nothing can listen on " + address + ", where metrics and readiness are served: bind: address already in use. Stop what does, "
	text := strings.ReplaceAll(meteredPipeline, "$ENDPOINT", sb.URL)
	with := func(section string) string { return pipeline(t, "http: "+section+text) }
	t.Setenv("TAKEN", address)
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"in the file":          {[]string{"run", with("{address: '" + address + "'}")}, says},
		"in the environment":   {[]string{"run", with(`{address: "${TAKEN}"}`)}, says},
		"set":                  {[]string{"run", "--set", "http.address=" + address, with("{}")}, says},
		"set before run":       {[]string{"--set", "http.address=" + address, "run", with("{}")}, says},
		"by -c":                {[]string{"-c", with("{address: '" + address + "'}"), "run"}, says},
		"streams without API":  {[]string{"streams", "--no-api", "-o", pipeline(t, "http: {address: '"+address+"'}")}, says},
		"an address elsewhere": {[]string{"run", with("{address: '192.0.2.1:4195'}")}, "field http.address: nothing can listen on 192.0.2.1:4195"},
		"no such certificate":  {[]string{"run", with("{address: '127.0.0.1:0', cert_file: absent.pem, key_file: absent.key}")}, "fields http.cert_file and http.key_file: "},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, test.args...)
			assert.Equal(t, 2, p.code(), lazily(p.said))
			assert.Contains(t, p.said(), test.says)
		})
	}
	assert.Empty(t, sb.Calls(), "nothing is sent unwatched")

	p := begin(t, "run", with("{enabled: false, address: '"+address+"'}"))
	assert.Zero(t, p.code(), "nobody listens there")
	assert.Len(t, sb.Calls(), 1)
}

// metricsAt returns what Prometheus would read, once it holds a text.
func metricsAt(t *testing.T, address, has string) (text string) {
	t.Helper()
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		read, err := io.ReadAll(answer.Body)
		text = string(read)
		return err == nil && strings.Contains(text, has)
	}, time.Minute, 10*time.Millisecond)
	return text
}

func TestTheMetricsOfAConfigWithoutMetricsAreOfUse(t *testing.T) {
	sb := segmenttest.New(t)
	address := freeAddress(t)
	begin(t, "run", pipeline(t, "http: {address: '"+address+"'}"+
		strings.NewReplacer("$ENDPOINT", sb.URL, "count: 1", "count: 0", `interval: ""`, "interval: 10ms").Replace(meteredPipeline)))
	text := metricsAt(t, address, `type="track"} 1`)
	assert.NotContains(t, text, "Benthos Counter metric")
	assert.Contains(t, text, "# HELP segment_calls_sent Calls that Segment has accepted, in calls.")
	assert.Contains(t, text, "# TYPE segment_request_latency_ns histogram")
	assert.Contains(t, text, "process_resident_memory_bytes")
	assert.Regexp(t, `(?m)^segment_calls_rejected\{.*reason="invalid_json"} 0$`, text, "a counter starts at 0, so that the first one is growth")
}
