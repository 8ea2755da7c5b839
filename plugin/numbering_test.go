package plugin_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

func TestBatchesAreNumberedOnlyWhereTheyOverlap(t *testing.T) {
	for _, test := range []struct {
		writers  int
		numbered int64
	}{{1, 0}, {2, 6}} {
		t.Run(fmt.Sprintf("%d writers", test.writers), func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, segmentOutput(sb.URL, fields{"max_in_flight": test.writers}))
			p.accept(events(sixCalls...))
			assert.Len(t, sb.Calls(), 6)
			assert.Equal(t, test.numbered, p.counts.Sum("processor_received"))
		})
	}
}

// The engine hands a plugin the processors of its policy as nodes of the whole
// config.
func TestThePolicyKeepsItsProcessors(t *testing.T) {
	for name, config := range map[string]string{
		"plain": `
segment:
  write_key: k
  endpoint: %s
  max_in_flight: 8
  batching:
    count: 6
    period: 1h
    processors:
      - label: renaming
        mapping: |
          # A comment: "quoted", 'too', and <html>.
          root = this
          root.context = {"day": "2024-01-01", "no": "no", "octal": "010"}
      - mutation: 'root.context.app.name = "é"'
`,
		"with anchors": `
segment:
  write_key: k
  endpoint: %s
  max_in_flight: &many 8
  batching:
    count: 6
    period: &long 1h
    processors:
      - label: renaming
        mapping: &renaming |
          root = this
          root.context = {"day": "2024-01-01", "no": "no", "octal": "010"}
      - mapping: *renaming
      - try:
          - &naming
            mutation: 'root.context.app.name = "é"'
          - *naming
`,
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, fmt.Sprintf(config, sb.URL))
			p.accept(events(sixCalls...))
			require.Len(t, sb.Calls(), 6)
			assert.Contains(t, string(sb.Calls()[0].Raw), `"day":"2024-01-01","no":"no","octal":"010"`)
			assert.Contains(t, string(sb.Calls()[0].Raw), `"app":{"name":"é"}`)
			assert.Zero(t, p.said.Times("level=WARN"))
		})
	}
}

// Where the processor cannot be made, or where there are processors that only
// the environment of the stream has, one batch is sent at a time.
func TestWhatCannotBeNumberedIsSentOneByOne(t *testing.T) {
	with := func(change func(*service.Environment) *service.Environment, batching fields) func(t *testing.T) {
		return func(t *testing.T) {
			sb := segmenttest.New(t)
			env := change(service.NewEnvironment())
			builder := env.NewStreamBuilder()
			said := &streamtest.Log{}
			builder.SetPrintLogger(printer{said})
			send, err := builder.AddBatchProducerFunc()
			require.NoError(t, err)
			require.NoError(t, builder.AddOutputYAML(segmentOutput(sb.URL, fields{"max_in_flight": 8, "batching": batching})))
			stream, err := builder.Build()
			require.NoError(t, err)
			ended := make(chan error, 1)
			go func() { ended <- stream.Run(t.Context()) }()
			require.NoError(t, send(t.Context(), events(sixCalls...)))
			require.NoError(t, stream.Stop(t.Context()))
			require.NoError(t, <-ended)
			assert.Len(t, sb.Calls(), 6)
			assert.Equal(t, 1, said.Times("one batch is sent at a time, as with max_in_flight: 1"), said)
		}
	}
	t.Run("without the processor", with(func(env *service.Environment) *service.Environment {
		return env.WithProcessors("mapping")
	}, fields{"count": 1}))
	t.Run("with a processor of one's own", with(func(env *service.Environment) *service.Environment {
		require.NoError(t, env.RegisterProcessor("of_ones_own", service.NewConfigSpec(),
			func(*service.ParsedConfig, *service.Resources) (service.Processor, error) { return leaving{}, nil }))
		return env
	}, fields{"count": 1, "processors": []fields{{"of_ones_own": fields{}}}}))
}

// leaving leaves messages as they are.
type leaving struct{}

func (leaving) Process(_ context.Context, msg *service.Message) (service.MessageBatch, error) {
	return service.MessageBatch{msg}, nil
}
func (leaving) Close(context.Context) error { return nil }

func TestTheProcessorIsOfNoUseInAConfig(t *testing.T) {
	builder := service.NewStreamBuilder()
	require.NoError(t, builder.AddInputYAML("generate: {mapping: 'root = {}'}"))
	require.NoError(t, builder.AddProcessorYAML("segment_batch_number: {turnstile: '1'}"))
	require.NoError(t, builder.AddOutputYAML("drop: {}"))
	stream, err := builder.Build()
	if err == nil {
		err = stream.Run(t.Context())
	}
	require.ErrorContains(t, err, "segment_batch_number is a part of the output segment, which adds it by itself: remove it from the config")
}
