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
	seed := uint64(time.Now().UnixNano())
	t.Logf("SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestNothingIsLostWhenThePipelineFromKafkaIsKilled(t *testing.T) {
	broker, err := startKafka("", 0)
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	for _, ids := range []bool{false, true} {
		src, err := newTopic(t.Context(), broker.ListenAddrs()[0], fmt.Sprintf("crash-%t", ids))
		require.NoError(t, err)
		round := crashes{product: product, source: src, crowd: newCrowd("c", 100, ids), calls: 5000, kills: 3, patience: 2 * time.Minute}
		got, err := round.run(t.Context(), random(t))
		assert.NoError(t, err)
		assert.Zero(t, got.leaked)
		t.Logf("%+v", got)
	}
}

func TestNothingIsLostWhenThePipelineFromJetStreamIsKilled(t *testing.T) {
	broker, err := startNATS(t.TempDir(), -1)
	require.NoError(t, err)
	t.Cleanup(broker.Shutdown)
	for _, ids := range []bool{false, true} {
		src, err := newStream(t.Context(), broker.ClientURL(), fmt.Sprintf("crash-%t", ids))
		require.NoError(t, err)
		round := crashes{product: product, source: src, crowd: newCrowd("c", 100, ids), calls: 5000, kills: 3, patience: 2 * time.Minute}
		got, err := round.run(t.Context(), random(t))
		assert.NoError(t, err)
		assert.Zero(t, got.leaked)
		t.Logf("%+v", got)
	}
}
