package plugin_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	_ "benthos-segment/plugin"
)

type fields = streamtest.Fields

// segmentOutput is the config of an output to a sandbox. Each batch that is
// sent to it leaves as it is.
func segmentOutput(endpoint string, more ...fields) string {
	return streamtest.SegmentOutput("a-write-key", endpoint, more...)
}

// pipeline is a Benthos stream under test.
type pipeline struct {
	t      *testing.T
	stream *service.Stream
	send   service.MessageBatchHandlerFunc
	said   *streamtest.Log
	dead   *streamtest.DeadLetters
	counts *streamtest.Figures
	spans  *recorder
	ended  chan error
}

// start runs a stream with one output. It is stopped when the test ends.
func start(t *testing.T, output string, more ...string) *pipeline {
	t.Helper()
	p := &pipeline{
		t: t, said: &streamtest.Log{}, dead: &streamtest.DeadLetters{}, counts: &streamtest.Figures{}, spans: &recorder{},
		ended: make(chan error, 1),
	}
	env := service.NewEnvironment()
	require.NoError(t, p.dead.Register(env))
	require.NoError(t, p.counts.Register(env))
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
