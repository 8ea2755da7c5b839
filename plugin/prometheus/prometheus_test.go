package prometheus_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/metrics"
	"benthos-segment/internal/streamtest"
	_ "benthos-segment/plugin"
	"benthos-segment/plugin/prometheus"
	"benthos-segment/plugin/segmenttest"
)

// pipeline is a stream whose metrics can be read.
type pipeline struct {
	stream *service.Stream
	send   service.MessageBatchHandlerFunc
	mux    *http.ServeMux
	said   *streamtest.Log
	ended  chan error
}

// HandleFunc makes it what the engine serves its metrics on.
func (p *pipeline) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	p.mux.HandleFunc(pattern, handler)
}

// start runs a stream to a Segment, with the metrics of a config, until stop.
func start(t *testing.T, endpoint, conf string, processors ...string) *pipeline {
	t.Helper()
	p := &pipeline{mux: http.NewServeMux(), said: &streamtest.Log{}}
	builder := service.NewStreamBuilder()
	builder.SetHTTPMux(p)
	builder.SetLogger(slog.New(slog.NewTextHandler(p.said, nil)))
	var err error
	p.send, err = builder.AddBatchProducerFunc()
	require.NoError(t, err)
	for _, processor := range processors {
		require.NoError(t, builder.AddProcessorYAML(processor))
	}
	require.NoError(t, builder.AddOutputYAML(streamtest.SegmentOutput("a-write-key", endpoint)))
	require.NoError(t, builder.SetMetricsYAML("prometheus: "+conf))
	p.stream, err = builder.Build()
	require.NoError(t, err)
	p.run()
	t.Cleanup(func() { p.stop(t) })
	return p
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

// metrics are what Prometheus would read.
func (p *pipeline) metrics(t *testing.T) string {
	t.Helper()
	answer := httptest.NewRecorder()
	p.mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}

const event = `{"type":"track","event":"Bought","userId":"u","receivedAt":"2026-11-26T10:00:00Z"}`

var helpLine = regexp.MustCompile(`(?m)^# HELP (\S+) (.*)$`)

func TestEachMetricSaysWhatItIs(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, sb.URL, "{}")
	p.accept(t, event)
	text := p.metrics(t)
	said := map[string]string{}
	for _, line := range helpLine.FindAllStringSubmatch(text, -1) {
		said[line[1]] = line[2]
	}
	described, _ := metrics.Find("segment_calls_sent")
	assert.Equal(t, described.Help+", in calls.", said["segment_calls_sent"])
	assert.Contains(t, said["segment_request_latency_ns"], "in seconds.")
	assert.Contains(t, said["output_sent"], "an output has delivered")
	ours := slices.DeleteFunc(slices.Collect(maps.Keys(said)), func(name string) bool { return !strings.HasPrefix(name, "segment_") })
	assert.NotEmpty(t, ours)
	for _, name := range ours {
		_, isDescribed := metrics.Find(name)
		assert.True(t, isDescribed, name)
	}
	assert.NotContains(t, text, "Benthos")
	assert.Contains(t, text, "process_cpu_seconds_total", "a dashboard shows it")
	for name, help := range said {
		assert.NotContains(t, help, "of a component or a processor", "%s is not described", name)
	}
}

func TestTimesOfSeveralProcessesAddUp(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, sb.URL, "{}")
	p.accept(t, event)
	text := p.metrics(t)
	assert.Regexp(t, `(?m)^segment_request_latency_ns_bucket\{.*le="5"} 1$`, text, "in seconds")
	assert.Regexp(t, `(?m)^segment_event_lag_ns_bucket\{.*le="3600"} \d$`, text, "a backlog of an hour has a bucket")

	p = start(t, sb.URL, "{use_histogram_timing: true, histogram_buckets: [1, 2.5]}")
	p.accept(t, event)
	assert.Regexp(t, `(?m)^segment_request_latency_ns_bucket\{.*le="2.5"} 1$`, p.metrics(t))

	p = start(t, sb.URL, "{use_histogram_timing: false, add_process_metrics: false, add_go_metrics: true}")
	p.accept(t, event)
	text = p.metrics(t)
	assert.Regexp(t, `(?m)^segment_request_latency_ns\{.*quantile="0.99"} [\d.e+]{5,}$`, text, "in nanoseconds")
	assert.Regexp(t, `HELP segment_request_latency_ns .*in nanoseconds\.`, text)
	assert.NotContains(t, text, "process_cpu")
	assert.Contains(t, text, "go_goroutines")
}

// A processor makes metrics of what is in events. One name for two kinds of metrics,
// or with other labels, has ended the process:
// https://github.com/redpanda-data/connect/issues/1249,
// https://github.com/redpanda-data/connect/issues/524.
func TestMetricsOfProcessorsDoNoHarm(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(
		t, sb.URL, "{}",
		`{metric: {type: counter, name: mine, labels: {what: '${! content() }'}}}`,
		`{metric: {type: gauge, name: mine, value: "1", labels: {what: a}}}`,
		`{metric: {type: counter, name: mine, labels: {other: a}}}`,
		`{metric: {type: counter, name: "my name"}}`,
		`{metric: {type: counter, name: process_open_fds}}`,
		`{metric: {type: counter_by, name: mine_too, value: "-3"}}`,
		`{mapping: 'root = if content().string().contains("bad") { deleted() }'}`,
	)
	p.accept(t, "bad \xff value", event)
	text := p.metrics(t)
	assert.Contains(t, text, "what=\"bad \uFFFD value\"")
	assert.Contains(t, text, "# HELP mine A counter of a component or a processor of this pipeline.")
	for _, says := range []string{"mine is a counter by [label path what] already", `my name\" is no name of a metric`, "process_open_fds is not exported"} {
		assert.Contains(t, p.said.String(), says)
	}
	assert.Len(t, sb.Calls(), 1, "events go on")
}

func TestWrongMetricsFailAtStart(t *testing.T) {
	for conf, says := range map[string]string{
		`{histogram_buckets: [1, 1]}`:                             "field histogram_buckets: 1 is not above",
		`{histogram_buckets: [2, 1]}`:                             "field histogram_buckets: 1 is not above",
		`{histogram_buckets: [.nan]}`:                             "field histogram_buckets: NaN",
		`{summary_quantiles_objectives: [{quantile: 99}]}`:        "field summary_quantiles_objectives: quantile 99",
		`{push_interval: 10s}`:                                    "field push_interval: there is nowhere to push to",
		`{push_url: 'http://gateway:9091', push_interval: soon}`:  "field push_interval: must be a duration",
		`{push_url: 'http://gateway:9091', push_interval: '-1s'}`: "field push_interval: must be a duration",
		`{push_url: 'http://gateway:9091', push_job_name: ''}`:    "field push_job_name: is empty",
	} {
		t.Run(conf, func(t *testing.T) {
			parsed, err := prometheus.Spec().ParseYAML(conf, nil)
			require.NoError(t, err)
			_, err = prometheus.New(parsed, nil)
			assert.ErrorContains(t, err, says)
		})
	}
	_, err := prometheus.Spec().ParseYAML("{push_url: 'not a url'}", nil)
	require.NoError(t, err)
	lints, err := service.GlobalEnvironment().FullConfigSchema("", "").NewStreamConfigLinter().LintYAML([]byte("metrics: {prometheus: {push_interval: 10s}}"))
	require.NoError(t, err)
	require.Len(t, lints, 1)
	assert.Contains(t, lints[0].What, "there is nowhere to push to")
}

func TestASeriesIsForgottenWithItsStream(t *testing.T) {
	parsed, err := prometheus.Spec().ParseYAML("{}", nil)
	require.NoError(t, err)
	made, err := prometheus.New(parsed, nil)
	require.NoError(t, err)
	one := func(name string, stream string) {
		made.NewCounterCtor(name+"_count", "stream")(stream).Incr(1)
		made.NewGaugeCtor(name+"_now", "stream")(stream).Set(2)
		made.NewTimerCtor(name+"_ns", "stream")(stream).Timing(3)
	}
	one("a", "first")
	one("a", "second")
	made.(service.MetricsExporterSeriesDeleter).DeleteSeriesPartialMatch(map[string]string{"stream": "first"})
	answer := httptest.NewRecorder()
	made.(interface{ HandlerFunc() http.HandlerFunc }).HandlerFunc()(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	assert.NotContains(t, answer.Body.String(), "first")
	assert.Contains(t, answer.Body.String(), "second")
	assert.NoError(t, made.Close(t.Context()))
}

// gateway is a Pushgateway.
type gateway struct {
	mu     sync.Mutex
	pushed []string
	users  []string
}

func (g *gateway) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	user, password, _ := r.BasicAuth()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pushed = append(g.pushed, r.Method+" "+r.URL.Path+"\n"+string(body))
	g.users = append(g.users, user+":"+password)
}

func (g *gateway) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.pushed)
}

func TestMetricsArePushedAndWritten(t *testing.T) {
	sb := segmenttest.New(t)
	to := &gateway{}
	server := httptest.NewServer(to)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "metrics.txt")
	p := start(t, sb.URL, "{push_url: '"+server.URL+"', push_interval: 10ms, push_job_name: mine, push_basic_auth: {username: u, password: p}, file_output_path: '"+file+"'}")
	require.Eventually(t, func() bool { return to.count() > 1 }, time.Minute, 5*time.Millisecond)
	p.accept(t, event)
	p.stop(t)
	to.mu.Lock()
	defer to.mu.Unlock()
	assert.Equal(t, "u:p", to.users[0])
	last := to.pushed[len(to.pushed)-1]
	assert.Contains(t, last, "PUT /metrics/job/mine\n")
	assert.Contains(t, last, "segment_calls_sent")
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^segment_calls_sent\{.*type="track"} 1$`, string(written))
}

func TestAGatewayThatIsAwayHoldsUpNothing(t *testing.T) {
	sb := segmenttest.New(t)
	file := filepath.Join(t.TempDir(), "metrics.txt")
	p := start(t, sb.URL, "{push_url: 'http://user:CANARY@127.0.0.1:1', push_interval: 10ms, file_output_path: '"+file+"'}")
	p.accept(t, event)
	require.Eventually(t, func() bool { return strings.Contains(p.said.String(), "the Pushgateway does not take metrics") }, time.Minute, 5*time.Millisecond)
	p.stop(t)
	assert.Equal(t, 1, strings.Count(p.said.String(), "does not take metrics"), "once")
	assert.NotContains(t, p.said.String(), "CANARY")
	assert.FileExists(t, file, "also where the last push fails")
}
