package otlp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"

	"benthos-segment/internal/streamtest"
	_ "benthos-segment/plugin"
	"benthos-segment/plugin/otlp"
	"benthos-segment/plugin/segmenttest"
)

// secret is in the key, the events and their metadata, and must be in no span.
const secret = "CANARY"

// pipeline is a stream with a tracer.
type pipeline struct {
	stream *service.Stream
	send   service.MessageBatchHandlerFunc
	said   *streamtest.Log
	ended  chan error
}

// build returns a stream of a Segment, with processors that make spans hold what
// is in their messages.
func build(t *testing.T, endpoint, tracer string) (*pipeline, error) {
	t.Helper()
	p := &pipeline{said: &streamtest.Log{}}
	builder := service.NewStreamBuilder()
	builder.SetLogger(slog.New(slog.NewTextHandler(p.said, nil)))
	var err error
	p.send, err = builder.AddBatchProducerFunc()
	require.NoError(t, err)
	require.NoError(t, builder.AddOutputYAML(streamtest.SegmentOutput("wk_"+secret, endpoint)))
	for _, processor := range []string{
		`{group_by_value: {value: '${! json("event") }'}}`,
		`{mapping: 'root = if this.event == "CANARY fails" { throw("CANARY in an error") }'}`,
	} {
		require.NoError(t, builder.AddProcessorYAML(processor))
	}
	if err := builder.SetTracerYAML(tracer); err != nil {
		return nil, err
	}
	p.stream, err = builder.Build()
	return p, err
}

// run runs it until it ends or stop is called.
func (p *pipeline) run() {
	ended := make(chan error, 1)
	p.ended = ended
	go func() { ended <- p.stream.Run(context.Background()) }()
}

func (p *pipeline) stop(t *testing.T) {
	t.Helper()
	if p.ended == nil {
		return
	}
	ended := p.ended
	p.ended = nil
	assert.NoError(t, p.stream.Stop(context.Background()))
	assert.NoError(t, <-ended)
}

func (p *pipeline) accept(t *testing.T, events ...string) {
	t.Helper()
	var batch service.MessageBatch
	for _, event := range events {
		batch = append(batch, service.NewMessage([]byte(event)))
	}
	require.NoError(t, p.send(t.Context(), batch))
}

func start(t *testing.T, endpoint, tracer string) *pipeline {
	t.Helper()
	p, err := build(t, endpoint, tracer)
	require.NoError(t, err)
	p.run()
	t.Cleanup(func() { p.stop(t) })
	return p
}

const (
	patience = time.Minute
	tick     = 10 * time.Millisecond
)

const event = `{"type":"track","event":"CANARY bought","userId":"CANARY user"}`

// authority trusts the certificate of Go's test servers, and returns it with the
// set-up of a server that has it.
func authority(t *testing.T) *tls.Config {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	path := filepath.Join(t.TempDir(), "authority.pem")
	trusted := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(path, trusted, 0o600))
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", path)
	require.True(t, x509.NewCertPool().AppendCertsFromPEM(trusted))
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}
}

// Spans of the last seconds are lost where nobody waits for them
// (https://github.com/open-telemetry/opentelemetry-collector/issues/13853), and a URL
// without a path is posted to / (https://github.com/QwenLM/qwen-code/pull/3779).
func TestTheSpansOfARequestReachACollector(t *testing.T) {
	for name, c := range map[string]struct {
		isSecure bool
		start    func(*testing.T, *tls.Config) *receiver
		config   string
	}{
		"over HTTP":                    {false, overHTTP, "http: [{address: '%s'}]"},
		"over gRPC":                    {false, overGRPC, "grpc: [{address: '%s'}]"},
		"over HTTPS":                   {true, overHTTP, "http: [{address: '%s', secure: true}]"},
		"over gRPC with TLS":           {true, overGRPC, "grpc: [{address: '%s', secure: true}]"},
		"by a URL":                     {false, overHTTP, "http: [{address: 'http://%s'}]"},
		"by a URL with https":          {true, overHTTP, "http: [{address: 'https://%s/v1/traces'}]"},
		"by the field's former name":   {false, overGRPC, "grpc: [{url: '%s'}]"},
		"beside one that is not there": {false, overHTTP, "{http: [{address: '%s'}], grpc: [{address: '127.0.0.1:1'}]}"},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			var secure *tls.Config
			if c.isSecure {
				secure = authority(t)
			}
			collector := c.start(t, secure)
			p := generate(t, sb.URL, "open_telemetry_collector: "+block(fmt.Sprintf(c.config, collector.address)))
			assert.NoError(t, <-p.ended) // which flushes

			requests := collector.named("segment batch")
			require.Len(t, requests, 1)
			assert.Equal(t, wire.Span_SPAN_KIND_CLIENT, requests[0].GetKind())
			require.Len(t, requests[0].GetLinks(), 1, "to the span of its message")
			var linked bool
			for _, span := range collector.named("") {
				linked = linked || string(span.GetSpanId()) == string(requests[0].GetLinks()[0].GetSpanId())
			}
			assert.True(t, linked, "to one that was sent too")
			assert.NotContains(t, collector.everything(t), secret)
		})
	}
}

// generate runs a stream that sends one event and ends.
func generate(t *testing.T, endpoint, tracer string) *pipeline {
	t.Helper()
	p := &pipeline{}
	builder := service.NewStreamBuilder()
	require.NoError(t, builder.AddInputYAML("generate: {count: 1, interval: '', mapping: 'root = "+event+"'}"))
	require.NoError(t, builder.AddOutputYAML(streamtest.SegmentOutput("wk_"+secret, endpoint)))
	require.NoError(t, builder.SetTracerYAML(tracer))
	var err error
	p.stream, err = builder.Build()
	require.NoError(t, err)
	p.run()
	return p
}

// block writes the members of an object as one.
func block(members string) string {
	if strings.HasPrefix(members, "{") {
		return members
	}
	return "{" + members + "}"
}

// The engine and its processors put texts of errors and values of group_by_value into
// spans, which go to whoever keeps the traces.
func TestNoSpanHoldsAnythingOfAnEvent(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(503).Times(1)
	collector := overHTTP(t, nil)
	p := start(t, sb.URL, "open_telemetry_collector: {http: [{address: '"+collector.address+"'}]}")
	p.accept(t, event, event)
	require.Error(t, p.send(t.Context(), service.MessageBatch{service.NewMessage([]byte(`{"type":"track","event":"CANARY fails"}`))}))
	p.stop(t)

	assert.NotContains(t, collector.everything(t), secret)
	assert.NotEmpty(t, collector.named("group_by_value"), "the span is there, the group is not")
	requests := collector.named("segment batch")
	require.Len(t, requests, 2)
	assert.Equal(t, "status 503", requests[0].GetStatus().GetMessage())
	var failed bool
	for _, span := range collector.named("mapping") {
		failed = failed || texts(span.GetAttributes())["error"] == "true"
	}
	assert.True(t, failed, "that something has failed is said")
}

func TestSpansAreTaggedAndSampled(t *testing.T) {
	sb := segmenttest.New(t)
	collector := overGRPC(t, nil)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=one,team=env")
	p := start(t, sb.URL, "open_telemetry_collector: {service: events, tags: {team: tags, deployment.environment: test}, grpc: [{address: '"+
		collector.address+"'}], sampling: {enabled: true, ratio: 0.000000001}}")
	for range 20 {
		p.accept(t, event)
	}
	p.stop(t)
	assert.Empty(t, collector.named(""))

	p = start(t, sb.URL, "open_telemetry_collector: {service: events, tags: {team: tags, deployment.environment: test}, grpc: [{address: '"+
		collector.address+"'}], sampling: {enabled: true, ratio: 1}}")
	p.accept(t, event)
	p.stop(t)
	tags := collector.tags(t)
	assert.Equal(t, "events", tags["service.name"])
	assert.Equal(t, "tags", tags["team"])
	assert.Equal(t, "test", tags["deployment.environment"])
	assert.Equal(t, "one", tags["k8s.pod.name"])
}

// Without a collector, exporters fill the log:
// https://github.com/0xPolygon/bor/issues/865.
func TestACollectorThatIsAwayHoldsUpNothing(t *testing.T) {
	sb := segmenttest.New(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and answers nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	p := start(t, sb.URL, "open_telemetry_collector: {http: [{address: '127.0.0.1:1'}, {address: '"+silent.Addr().String()+"'}], grpc: [{address: '127.0.0.1:1'}]}")
	for range 30 { // more spans than wait in memory
		p.accept(t, slices.Repeat([]string{event}, 200)...)
	}
	assert.Len(t, sb.Calls(), 6000)
	p.stop(t)
	assert.LessOrEqual(t, strings.Count(p.said.String(), "the collector http 127.0.0.1:1 does not take spans"), 1, "once a minute")
	assert.NotContains(t, p.said.String(), secret)
}

func TestTheLogSaysThatACollectorIsAwayAndBack(t *testing.T) {
	sb := segmenttest.New(t)
	collector := overHTTP(t, nil)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	away, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, away.Close())
	p := start(t, sb.URL, "open_telemetry_collector: {http: [{address: '"+collector.address+"'}, {address: '"+away.Addr().String()+"'}]}")
	p.accept(t, event)
	require.Eventually(t, func() bool { return strings.Contains(p.said.String(), "does not take spans") }, patience, tick)
	assert.Contains(t, p.said.String(), "the collector http "+away.Addr().String()+" does not take spans: dial tcp")

	back := &receiver{}
	listener, err := net.Listen("tcp", away.Addr().String())
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(back)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	require.Eventually(t, func() bool {
		p.accept(t, event)
		return strings.Contains(p.said.String(), "takes spans again")
	}, patience, tick)
}

func TestAWrongTracerFailsAtStart(t *testing.T) {
	for config, says := range map[string]string{
		`{}`:           "fields http and grpc: name a collector",
		`{http: [{}]}`: "field http.0.address: is empty",
		`{grpc: [{address: a:4317}, {address: ''}]}`:                     "field grpc.1.address: is empty",
		`{http: [{address: 'a:b:c'}]}`:                                   "field http.0.address: is no address",
		`{http: [{address: 'two words:4318'}]}`:                          "field http.0.address: is no address",
		`{http: [{address: 'ftp://a:4318'}]}`:                            "begins with neither http:// nor https://",
		`{http: [{address: 'http://u:CANARY@a:4318'}]}`:                  "OTEL_EXPORTER_OTLP_HEADERS",
		`{http: [{address: 'http://a', secure: true}]}`:                  "is plain http, and secure is true",
		`{grpc: [{address: 'a:4317/v1/traces'}]}`:                        "has a path, and gRPC has none",
		`{grpc: [{address: a}], sampling: {enabled: true}}`:              "field sampling.ratio: sampling is enabled and needs the share",
		`{grpc: [{address: a}], sampling: {enabled: true, ratio: 0}}`:    "field sampling.ratio: is 0; a share",
		`{grpc: [{address: a}], sampling: {enabled: true, ratio: 1.1}}`:  "field sampling.ratio: is 1.1; a share",
		`{grpc: [{address: a}], sampling: {enabled: true, ratio: .nan}}`: "field sampling.ratio",
		`{grpc: [{address: a}], tags: {'': b}}`:                          "field tags: one has no name",
	} {
		t.Run(config, func(t *testing.T) {
			parsed, err := otlp.Spec().ParseYAML(config, nil)
			require.NoError(t, err)
			_, err = otlp.New(parsed)
			require.ErrorContains(t, err, says)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestLintSaysWhatIsWrongWithATracer(t *testing.T) {
	for config, says := range map[string]string{
		`{}`: "fields http and grpc: name a collector",
		`{grpc: [{address: a}], sampling: {enabled: true}}`:           "field sampling.ratio: sampling is enabled and needs the share",
		`{grpc: [{address: a}], sampling: {enabled: true, ratio: 2}}`: "field sampling.ratio: a share of all traces",
		`{grpc: [{adress: a}]}`:                                       "adress",
		`{grpc: [{address: a}], sampling: {enabled: true, ratio: 1}}`: "",
		`{http: [{address: a, secure: true}], tags: {a: b}}`:          "",
	} {
		t.Run(config, func(t *testing.T) {
			linter := service.GlobalEnvironment().FullConfigSchema("", "").NewStreamConfigLinter()
			lints, err := linter.LintYAML([]byte("tracer: {open_telemetry_collector: " + config + "}"))
			require.NoError(t, err)
			var found []string
			for _, lint := range lints {
				found = append(found, lint.What)
			}
			if says == "" {
				assert.Empty(t, found)
				return
			}
			assert.Contains(t, strings.Join(found, "\n"), says)
		})
	}
}
