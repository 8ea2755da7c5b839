package guarantees_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	_ "benthos-segment/plugin"
)

func TestMain(m *testing.M) {
	// A proxy of the machine that runs the tests must not get their keys.
	if os.Getenv(throughProxy) != "" {
		os.Exit(m.Run())
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		_ = os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

type fields = streamtest.Fields

// segmentOutput is the config of an output that sends each batch as it comes.
func segmentOutput(endpoint string, more ...fields) string {
	return streamtest.SegmentOutput(canaryKey, endpoint, more...)
}

// pipeline is a Benthos stream that tells all it can: it logs at TRACE.
type pipeline struct {
	stream *service.Stream
	send   service.MessageBatchHandlerFunc
	log    *streamtest.Log
	dead   *streamtest.DeadLetters
	counts *streamtest.Figures
	spans  *spans
	// noted, if set, is called by the processor note with how many messages
	// were read.
	noted   func(read int64)
	stopped bool
	ended   chan error
}

func newPipeline() *pipeline {
	return &pipeline{
		log: &streamtest.Log{}, dead: &streamtest.DeadLetters{}, counts: &streamtest.Figures{}, spans: &spans{}, ended: make(chan error, 1),
	}
}

// start runs a stream that is sent batches by the test.
func start(t *testing.T, output string) *pipeline {
	t.Helper()
	p := newPipeline()
	builder := p.builder(t)
	var err error
	p.send, err = builder.AddBatchProducerFunc()
	require.NoError(t, err)
	require.NoError(t, builder.AddOutputYAML(output))
	p.run(t, builder)
	return p
}

// builder makes a builder of streams that tell the pipeline everything.
func (p *pipeline) builder(t *testing.T) *service.StreamBuilder {
	t.Helper()
	env := service.NewEnvironment()
	require.NoError(t, p.dead.Register(env))
	require.NoError(t, p.counts.Register(env))
	require.NoError(t, env.RegisterOtelTracerProvider("spans", service.NewConfigSpec(), p.spans.provide))
	var read atomic.Int64
	require.NoError(t, env.RegisterProcessor("note", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.Processor, error) {
			return noting(func() { p.noted(read.Add(1)) }), nil
		}))
	builder := env.NewStreamBuilder()
	const everything = slog.Level(-100)
	builder.SetLogger(slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: everything})))
	require.NoError(t, builder.SetMetricsYAML("figures: {}"))
	require.NoError(t, builder.SetTracerYAML("spans: {}"))
	return builder
}

func (p *pipeline) run(t *testing.T, builder *service.StreamBuilder) {
	t.Helper()
	var err error
	p.stream, err = builder.Build()
	require.NoError(t, err)
	go func() { p.ended <- p.stream.Run(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() { p.stop(t) })
}

func (p *pipeline) stop(t *testing.T) {
	t.Helper()
	if p.stopped {
		return
	}
	p.stopped = true
	require.NoError(t, p.stream.StopWithin(10*time.Second))
	require.NoError(t, <-p.ended)
}

// accept sends calls as one batch, which must be acknowledged.
func (p *pipeline) accept(t *testing.T, calls []given) {
	t.Helper()
	require.NoError(t, p.send(t.Context(), messages(calls)))
}

func messages(calls []given) (batch service.MessageBatch) {
	for _, g := range calls {
		batch = append(batch, service.NewMessage([]byte(g.payload)))
	}
	return batch
}

// awaitCount waits until a counter has come to n.
func (p *pipeline) awaitCount(t *testing.T, name string, n int64) {
	t.Helper()
	require.Eventually(t, func() bool { return p.counts.Sums()[name] >= n }, 10*time.Second, time.Millisecond)
}

// awaitText waits until the log says a text.
func (p *pipeline) awaitText(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return p.log.Has(text) }, 30*time.Second, time.Millisecond,
		"the log never says %q", text)
}

func (p *pipeline) everythingSaid() string {
	return p.log.String() + fmt.Sprint(p.counts.Sums()) + p.spans.log.String()
}

// noting is a processor that calls a function for each message.
type noting func()

func (n noting) Process(_ context.Context, msg *service.Message) (service.MessageBatch, error) {
	n()
	return service.MessageBatch{msg}, nil
}

func (noting) Close(context.Context) error { return nil }
