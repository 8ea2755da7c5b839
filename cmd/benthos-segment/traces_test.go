package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	receiving "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"benthos-segment/plugin/segmenttest"
)

// collector takes spans by OTLP over HTTP, and keeps them as JSON.
type collector struct {
	mu    sync.Mutex
	spans strings.Builder
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	var request receiving.ExportTraceServiceRequest
	read, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(read, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans.WriteString(protojson.Format(&request))
}

func (c *collector) received() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spans.String()
}

const tracedPipeline = `
http: {enabled: false}
input:
  generate:
    count: 3
    interval: ""
    mapping: 'root = {"type":"track","event":"CANARY","userId":"CANARY"}'
output:
  segment: {write_key: wk_CANARY, endpoint: $ENDPOINT}
tracer:
  open_telemetry_collector:
    tags: {deployment.environment: test}
    http: [{address: '$COLLECTOR'}]
`

func TestTheSpansOfAPipelineReachACollectorBeforeItEnds(t *testing.T) {
	sb := segmenttest.New(t)
	c := &collector{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	config := strings.NewReplacer("$ENDPOINT", sb.URL, "$COLLECTOR", server.Listener.Addr().String()).Replace(tracedPipeline)
	p := begin(t, "run", pipeline(t, config))
	require.Zero(t, p.code(), lazily(p.said))
	assert.Len(t, sb.Calls(), 3)
	spans := c.received()
	assert.Contains(t, spans, "segment batch")
	assert.Contains(t, spans, "deployment.environment")
	assert.NotContains(t, spans, "CANARY")
}

func TestAPipelineEndsWithoutItsCollector(t *testing.T) {
	sb := segmenttest.New(t)
	p := begin(t, "run", pipeline(t, strings.NewReplacer("$ENDPOINT", sb.URL, "$COLLECTOR", "127.0.0.1:1").Replace(tracedPipeline)))
	assert.Zero(t, p.code())
	assert.Len(t, sb.Calls(), 3)
	assert.Contains(t, p.said(), "the collector http 127.0.0.1:1 does not take spans: dial tcp 127.0.0.1:1: connect: connection refused")
	assert.NotContains(t, p.said(), "stack trace")
}

func TestAWrongTracerEndsTheStart(t *testing.T) {
	p := begin(t, "run", pipeline(t, strings.NewReplacer("$ENDPOINT", "http://127.0.0.1:1", "http: [{address: '$COLLECTOR'}]", "http: [{address: ''}]").Replace(tracedPipeline)))
	assert.NotZero(t, p.code())
	assert.Contains(t, p.said(), "field http.0.address: is empty")
}
