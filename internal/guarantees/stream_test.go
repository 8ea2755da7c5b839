package guarantees_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

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

// fields are those of an output in a config.
type fields map[string]any

// segmentOutput is the config of an output that sends each batch as it comes.
func segmentOutput(endpoint string, more ...fields) string {
	all := fields{
		"write_key": canaryKey,
		"endpoint":  endpoint,
		"batching":  fields{"count": 1},
		"retry":     fields{"initial_interval": "1ms", "max_interval": "5ms"},
	}
	for _, m := range more {
		maps.Copy(all, m)
	}
	text, err := json.Marshal(fields{"segment": all}) // which is YAML, too
	if err != nil {
		panic(err)
	}
	return string(text)
}

// withDeadLetter puts an output first into a fallback.
func withDeadLetter(output string) string {
	return `{"fallback": [` + output + `, {"dead_letter": {}}]}`
}

// pipeline is a Benthos stream that tells all it can: it logs at TRACE.
type pipeline struct {
	stream *service.Stream
	send   service.MessageBatchHandlerFunc
	log    *lines
	dead   *deadLetters
	counts *figures
	spans  *spans
	// noted, if set, is called by the processor note with how many messages
	// were read.
	noted   func(read int64)
	stopped bool
	ended   chan error
}

func newPipeline() *pipeline {
	return &pipeline{
		log: &lines{}, dead: &deadLetters{}, counts: &figures{}, spans: &spans{}, ended: make(chan error, 1),
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
	require.NoError(t, env.RegisterBatchOutput("dead_letter", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			return p.dead, service.BatchPolicy{}, 1, nil
		}))
	require.NoError(t, env.RegisterMetricsExporter("figures", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return p.counts, nil }))
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
	require.Eventually(t, func() bool { return p.counts.sums()[name] >= n }, 10*time.Second, time.Millisecond)
}

// awaitText waits until the log says a text.
func (p *pipeline) awaitText(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return p.log.has(text) }, 30*time.Second, time.Millisecond,
		"the log never says %q", text)
}

func (p *pipeline) everythingSaid() string {
	return p.log.String() + fmt.Sprint(p.counts.all()) + p.spans.String()
}

// noting is a processor that calls a function for each message.
type noting func()

func (n noting) Process(_ context.Context, msg *service.Message) (service.MessageBatch, error) {
	n()
	return service.MessageBatch{msg}, nil
}

func (noting) Close(context.Context) error { return nil }

// lines is the log of a stream.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) has(text string) bool { return strings.Contains(l.String(), text) }

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// deadLetters is an output that keeps what it is sent.
type deadLetters struct {
	mu sync.Mutex
	// full is how often it fails before it takes anything.
	full    int
	letters []letter
}

type letter struct{ payload, reason string }

func (*deadLetters) Connect(context.Context) error { return nil }
func (*deadLetters) Close(context.Context) error   { return nil }

func (d *deadLetters) WriteBatch(_ context.Context, batch service.MessageBatch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full > 0 {
		d.full--
		return fmt.Errorf("no space left on device")
	}
	for _, msg := range batch {
		payload, err := msg.AsBytes()
		if err != nil {
			return err
		}
		reason, _ := msg.MetaGet("fallback_error")
		d.letters = append(d.letters, letter{string(payload), reason})
	}
	return nil
}

// reasons returns why calls failed, by their message ids.
func (d *deadLetters) reasons() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	reasons := map[string]string{}
	for _, l := range d.letters {
		var call struct {
			MessageID string `json:"messageId"`
		}
		_ = json.Unmarshal([]byte(l.payload), &call)
		reasons[call.MessageID] = l.reason
	}
	return reasons
}
