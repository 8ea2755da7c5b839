package plugin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	_ "benthos-segment/plugin"
)

// fields are those of an output in a config.
type fields map[string]any

// segmentOutput is the config of an output to a sandbox. Each batch that is
// sent to it leaves as it is.
func segmentOutput(endpoint string, more ...fields) string {
	all := fields{
		"write_key": "a-write-key",
		"endpoint":  endpoint,
		"batching":  fields{"count": 1},
		"retry":     fields{"initial_interval": "1ms", "max_interval": "1ms"},
	}
	for _, m := range more {
		maps.Copy(all, m)
	}
	return asYAML(fields{"segment": all})
}

// asYAML writes a config as JSON, which is YAML, too.
func asYAML(conf fields) string {
	text, err := json.Marshal(conf)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// withDeadLetter puts an output first into a fallback.
func withDeadLetter(output string) string {
	return `{"fallback": [` + output + `, {"dead_letter": {}}]}`
}

// pipeline is a Benthos stream under test.
type pipeline struct {
	t      *testing.T
	stream *service.Stream
	send   service.MessageBatchHandlerFunc
	said   *said
	dead   *deadLetters
	counts *figures
	spans  *recorder
	ended  chan error
}

// start runs a stream with one output. It is stopped when the test ends.
func start(t *testing.T, output string, more ...string) *pipeline {
	t.Helper()
	p := &pipeline{
		t: t, said: &said{}, dead: &deadLetters{}, counts: &figures{}, spans: &recorder{},
		ended: make(chan error, 1),
	}
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterBatchOutput("dead_letter", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			return p.dead, service.BatchPolicy{}, 1, nil
		}))
	require.NoError(t, env.RegisterMetricsExporter("figures", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return p.counts, nil }))
	require.NoError(t, env.RegisterOtelTracerProvider("recorder", service.NewConfigSpec(), p.spans.provide))

	builder := env.NewStreamBuilder()
	builder.SetLogger(slog.New(slog.NewTextHandler(p.said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	var err error
	p.send, err = builder.AddBatchProducerFunc()
	require.NoError(t, err)
	require.NoError(t, builder.AddOutputYAML(output))
	require.NoError(t, builder.SetMetricsYAML("figures: {}"))
	require.NoError(t, builder.SetTracerYAML("recorder: {}"))
	for _, processor := range more {
		require.NoError(t, builder.AddProcessorYAML(processor))
	}
	p.stream, err = builder.Build()
	require.NoError(t, err)
	go func() { p.ended <- p.stream.Run(context.WithoutCancel(t.Context())) }()
	t.Cleanup(p.stop)
	return p
}

func (p *pipeline) stop() {
	p.t.Helper()
	require.NoError(p.t, p.stream.StopWithin(10*time.Second))
	require.NoError(p.t, <-p.ended)
	p.ended <- nil
}

// events makes a batch of payloads.
func events(payloads ...string) (batch service.MessageBatch) {
	for _, payload := range payloads {
		batch = append(batch, service.NewMessage([]byte(payload)))
	}
	return batch
}

// patience is how long a test that hangs is left alone.
const patience = 30 * time.Second

// accept sends a batch all of which must be acknowledged.
func (p *pipeline) accept(batch service.MessageBatch) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	require.NoError(p.t, p.send(ctx, batch))
}

// said is the log of a stream.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(line)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// times counts the lines that hold a text.
func (s *said) times(text string) int { return strings.Count(s.String(), text) }

// letter is a message that a fallback has passed on.
type letter struct{ payload, reason string }

// deadLetters is an output that keeps what it is sent.
type deadLetters struct {
	mu   sync.Mutex
	held []letter
	// withNumber counts those with the number of a batch in their metadata.
	withNumber int
}

func (*deadLetters) Connect(context.Context) error { return nil }
func (*deadLetters) Close(context.Context) error   { return nil }

func (d *deadLetters) WriteBatch(_ context.Context, batch service.MessageBatch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, msg := range batch {
		payload, err := msg.AsBytes()
		if err != nil {
			return err
		}
		reason, _ := msg.MetaGet("fallback_error")
		d.held = append(d.held, letter{string(payload), reason})
		if _, isNumbered := msg.MetaGetMut("segment_batch_number"); isNumbered {
			d.withNumber++
		}
	}
	return nil
}

func (d *deadLetters) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = nil
}

func (d *deadLetters) letters() []letter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.held)
}

func (d *deadLetters) reasons() (reasons []string) {
	for _, l := range d.letters() {
		reasons = append(reasons, l.reason)
	}
	return reasons
}
