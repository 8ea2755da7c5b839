package main

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/redpanda-data/connect/v4/public/plugin/go/rpcnloader"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// pluginName is what the output is called in the pipelines of these tests, whose
// process has the output segment itself, too.
const pluginName = "segment_plugin"

// install builds the plugin, writes its manifest beside it, and returns an
// environment of a Redpanda Connect that has loaded it.
func install(t *testing.T) *service.Environment {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, "segment-connect-plugin")
	said, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", said)
	manifest, err := exec.CommandContext(t.Context(), program, "manifest").Output()
	require.NoError(t, err)
	renamed := strings.Replace(string(manifest), "name: segment\n", "name: "+pluginName+"\n", 1)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "plugin.yaml"), []byte(renamed), 0o600))

	env := service.NewEnvironment()
	require.NoError(t, rpcnloader.DiscoverAndRegisterPlugins(disk{}, env, []string{filepath.Join(folder, "plugin.yaml")}))
	return env
}

// disk is where the manifest is found by its whole path, as by Redpanda Connect.
type disk struct{}

func (disk) Open(name string) (fs.File, error) { return os.Open(name) }

// pipeline runs in an environment that has the plugin, and takes batches.
func pipeline(t *testing.T, env *service.Environment, conf map[string]any) service.MessageBatchHandlerFunc {
	t.Helper()
	builder, said := env.NewStreamBuilder(), &streamtest.Log{}
	builder.SetLogger(slog.New(slog.NewTextHandler(said, nil)))
	send, err := builder.AddBatchProducerFunc()
	require.NoError(t, err)
	text, err := yaml.Marshal(map[string]any{pluginName: conf})
	require.NoError(t, err)
	require.NoError(t, builder.AddOutputYAML(string(text)))
	stream, err := builder.Build()
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(context.Background()) }()
	t.Cleanup(func() {
		assert.NoError(t, stream.StopWithin(time.Minute))
		assert.NoError(t, <-ended)
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return send
}

func batchOf(payloads ...string) (batch service.MessageBatch) {
	for _, payload := range payloads {
		batch = append(batch, service.NewMessage([]byte(payload)))
	}
	return batch
}

func TestAPluginDeliversWhatRedpandaConnectHandsOver(t *testing.T) {
	sb, letters := segmenttest.New(t), filepath.Join(t.TempDir(), "letters.ndjson")
	// Segment is away at first, which Redpanda Connect need not know.
	away := sb.Fail(http.StatusServiceUnavailable).Times(3)
	send := pipeline(t, install(t), map[string]any{
		"write_key":   "the-key",
		"endpoint":    sb.URL,
		"retry":       map[string]any{"initial_interval": "1ms", "max_interval": "1ms"},
		"message_id":  "${! @place }",
		"batching":    map[string]any{"count": 3, "period": "1h"},
		"dead_letter": map[string]any{"file": map[string]any{"path": letters, "codec": "lines"}},
	})
	batch := batchOf(
		`{"type":"track","event":"A","userId":"u","properties":{"n":9007199254740993}}`,
		`{"type":"track","userId":"u"}`,
		`{"type":"track","event":"B","userId":"u"}`,
	)
	for i, msg := range batch {
		msg.MetaSetMut("place", int64(i))
	}
	require.NoError(t, send(t.Context(), batch))

	calls := sb.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, 3, away.Hits())
	assert.Equal(t, []string{"A", "B"}, []string{calls[0].Name, calls[1].Name})
	assert.Equal(t, []string{"0", "2"}, []string{calls[0].MessageID, calls[1].MessageID}, "metadata arrives")
	assert.Contains(t, string(calls[0].Raw), "9007199254740993", "numbers are exact")
	written, err := os.ReadFile(letters)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(written), "\n"), "only the guilty one: %s", written)
	assert.Contains(t, string(written), `"reason":"event_not_defined"`)
}

func TestAWrongConfigOfAPluginIsAnErrorAtStart(t *testing.T) {
	good := map[string]any{
		"write_key":     "k",
		fieldDeadLetter: map[string]any{"drop": map[string]any{}},
	}
	for want, change := range map[string]map[string]any{
		"":                                  {},
		"field dead_letter: set the output": {fieldDeadLetter: map[string]any{}},
		"field batching.byte_size: want 1 or more, got -1":     {fieldBatching: map[string]any{"byte_size": -1}},
		"field batching.count: want 1 or more, got 0":          {fieldBatching: map[string]any{"count": 0}},
		"field batching.processors: a dynamic plugin does not": {fieldBatching: map[string]any{"processors": []any{"x"}}},
		"field max_in_flight: a dynamic plugin does not":       {fieldMaxInFlight: 8},
		"region": {"region": "mars"},
		"unable to infer component type: [fille processors]": {fieldDeadLetter: map[string]any{"fille": map[string]any{"path": "x"}}},
	} {
		conf := maps.Clone(good)
		maps.Copy(conf, change)
		o, parallel, policy, err := newOutput(conf)
		if want != "" {
			assert.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, 1, parallel, "or batches would overtake each other")
		assert.Equal(t, service.BatchPolicy{Count: 1000, ByteSize: 3_000_000, Period: "100ms"}, policy)
		require.NoError(t, o.Close(t.Context()))
	}
}

func TestBatchesOfAPluginAreGatheredAsConfigured(t *testing.T) {
	for name, test := range map[string]struct {
		batching map[string]any
		want     service.BatchPolicy
	}{
		"larger than gRPC's default": {map[string]any{"byte_size": 20_000_000, "count": 9000}, service.BatchPolicy{Count: 9000, ByteSize: 20_000_000, Period: "100ms"}},
		"no period":                  {map[string]any{"period": ""}, service.BatchPolicy{Count: 1000, ByteSize: 3_000_000, Period: "100ms"}},
		"a check":                    {map[string]any{"check": "this.last", "period": "1s"}, service.BatchPolicy{Count: 1000, ByteSize: 3_000_000, Period: "1s", Check: "this.last"}},
	} {
		t.Run(name, func(t *testing.T) {
			policy, err := policyFrom(map[string]any{fieldBatching: test.batching})
			require.NoError(t, err)
			assert.Equal(t, test.want, policy)
		})
	}
}

// What a processor has parsed crosses as values, of each kind that there is.
func TestAParsedPayloadArrivesAsItWas(t *testing.T) {
	sb := segmenttest.New(t)
	send := pipeline(t, install(t), map[string]any{
		"write_key": "k", "endpoint": sb.URL, "message_id": "${! @when.ts_unix() }",
		"dead_letter": map[string]any{"drop": map[string]any{}},
	})
	msg := service.NewMessage(nil)
	msg.SetStructuredMut(map[string]any{
		"type": "track", "event": "A", "userId": "u",
		"properties": map[string]any{"int": int64(-7), "float": 0.5, "yes": true, "nothing": nil, "list": []any{"ü", int64(1)}, "bytes": []byte("b")},
	})
	msg.MetaSetMut("when", time.Unix(1_700_000_000, 0))
	require.NoError(t, send(t.Context(), service.MessageBatch{msg}))

	calls := sb.Calls()
	require.Len(t, calls, 1)
	assert.Equal(t, "1700000000", calls[0].MessageID)
	var call struct {
		Properties json.RawMessage `json:"properties"`
	}
	require.NoError(t, json.Unmarshal(calls[0].Raw, &call))
	assert.JSONEq(t, `{"int":-7,"float":0.5,"yes":true,"nothing":null,"list":["ü",1],"bytes":"Yg=="}`, string(call.Properties))
}

func TestWhoeverStartsAPluginByHandIsToldWhatToDo(t *testing.T) {
	var out, said streamtest.Log
	assert.Equal(t, 2, run(nil, &out, &said))
	assert.Contains(t, said.String(), "redpanda-connect run --rpc-plugins=./plugin.yaml")
	assert.Equal(t, 0, run([]string{"manifest"}, &out, &said))
	assert.Contains(t, out.String(), "name: write_key")
	assert.NotContains(t, out.String(), "name: "+fieldMaxInFlight)
}
