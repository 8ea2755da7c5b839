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
)

var product binary

func TestMain(m *testing.M) {
	if role, exists := os.LookupEnv(roleVariable); exists {
		os.Exit(play(role))
	}
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "torture")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		if product, err = build(context.Background(), folder, false); err != nil {
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
	t.Cleanup(w.close)
	return w
}

// holds plays a round, in which everything has to hold.
func holds(t *testing.T, r round, name string) tally {
	t.Helper()
	got, err := r.play(t.Context(), random(t), name)
	assert.NoError(t, err)
	assert.Zero(t, got.leaked)
	t.Logf("%s: %+v", r.kind, got)
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
