package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

// elsewhere is a feed with another pipeline.
type elsewhere struct {
	ordeal.Feed
	path string
}

func (e elsewhere) Pipeline() string { return e.path }

// gathering makes a connector whose pipeline gathers at the input.
func gathering(t *testing.T, connect ordeal.Connector, gather func(input string) string) ordeal.Connector {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	return func(ctx context.Context, name string) (ordeal.Feed, error) {
		s, err := connect(ctx, name)
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(s.Pipeline())
		require.NoError(t, err)
		head, rest, found := strings.Cut(string(text), "\ninput:\n")
		require.True(t, found)
		input, tail, found := strings.Cut(rest, "\noutput:\n")
		require.True(t, found)
		tail = strings.Replace(tail, "batching: {count: 500, period: 50ms}", "max_in_flight: 1\n    batching: {count: 1}", 1)
		require.NoError(t, os.WriteFile(path, []byte(head+"\ninput:\n"+gather(input)+"\noutput:\n"+tail), 0o600))
		return elsewhere{s, path}, nil
	}
}

func batched(input string) string {
	return "  batched:\n    policy: {count: 200, period: 50ms}\n    child:\n" + indent(input, "    ")
}

func broker(input string) string {
	return "  broker:\n    batching: {count: 200, period: 50ms}\n    inputs:\n      -\n" + indent(input, "      ")
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+by) + "\n"
}

// A known fault of the engine (benthos v4.80.0, internal/component/input/batcher):
// at a hard stop it acknowledges the batch that waits to be handed over. Without
// this, rounds that never see a loss might be blind to it.
func TestTheTortureSeesWhatGatheringAtTheInputLoses(t *testing.T) {
	t.Parallel()
	w := theWorld(t, ordeal.StopCalls)
	held := ordeal.Plights[3]
	require.Equal(t, "in backoff", held.Name)
	for name, r := range map[string]ordeal.Round{
		"batched from JetStream":           w.stop("stop", gathering(t, w.stream, batched), held),
		"batched from Redis":               w.stop("stop", gathering(t, w.entries, batched), held),
		"broker from JetStream":            w.stop("stop", gathering(t, w.stream, broker), held),
		"batched from Redis, and reloaded": w.reload("reload", gathering(t, w.entries, batched)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Whether a batch waits at that moment is a matter of luck.
			for n := range 5 {
				got, err := r.Play(t.Context(), random(t), fmt.Sprintf("%s-%d", strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", ""), n))
				t.Logf("%+v %v", got, err)
				if err == nil {
					continue
				}
				assert.ErrorContains(t, err, "accepted")
				assert.Positive(t, got.Lost)
				return
			}
			t.Error("nothing is lost")
		})
	}
}
