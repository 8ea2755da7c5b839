package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

var product ordeal.Binary

func TestMain(m *testing.M) {
	ordeal.PlayIfCast(roles)
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "torture")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		if product, err = ordeal.Build(context.Background(), folder, false); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// random returns randomness whose seed the test tells.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// theWorld is a world of brokers for one test.
func theWorld(t *testing.T, calls int) *world {
	w, err := newWorld(product, t.TempDir(), calls)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w
}

// holds plays a round, in which everything has to hold.
func holds(t *testing.T, r ordeal.Round, name string) ordeal.Tally {
	t.Helper()
	got, err := r.Play(t.Context(), random(t), name)
	assert.NoError(t, err)
	assert.Zero(t, got.Leaked)
	t.Logf("%s: %+v", r.Kind, got)
	return got
}

func TestNothingIsLostWhenThePipelineIsKilled(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 5000)
	for n := range 2 {
		holds(t, w.crash("pipeline from Kafka killed", w.topic), fmt.Sprintf("kafka-%d", n))
		holds(t, w.crash("pipeline from JetStream killed", w.stream), fmt.Sprintf("jetstream-%d", n))
		holds(t, w.crash("pipeline from Redis killed", w.entries), fmt.Sprintf("redis-%d", n))
	}
}
