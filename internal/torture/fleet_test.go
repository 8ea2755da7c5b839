package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAKafkaGroupSharesTheWorkAndKeepsOrder(t *testing.T) {
	broker, err := startKafka("", 0)
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	src, err := newTopic(t.Context(), broker.ListenAddrs()[0], "shared")
	require.NoError(t, err)
	round := fleet{
		product: product, source: src, pipeline: "../../config/kafka_scaled.yaml", crowd: newCrowd("k", 200, false),
		calls: 20_000, size: 3, moves: 4, patience: 2 * time.Minute,
	}
	got, err := round.run(t.Context(), random(t))
	assert.NoError(t, err)
	assert.Zero(t, got.leaked)
	assert.Greater(t, len(got.shares), 1)
	t.Logf("%+v", got)
}

func TestPartitionsOfJetStreamKeepOrderAsProcessesComeAndGo(t *testing.T) {
	broker, err := startNATS(t.TempDir(), -1)
	require.NoError(t, err)
	t.Cleanup(broker.Shutdown)
	src, err := newStream(t.Context(), broker.ClientURL(), "partitioned")
	require.NoError(t, err)
	require.NoError(t, src.share(t.Context(), true))
	round := fleet{
		product: product, source: src, pipeline: src.pipeline(), crowd: newCrowd("p", 200, false),
		calls: 20_000, size: partitions, moves: 3, pinned: true, patience: 2 * time.Minute,
	}
	got, err := round.run(t.Context(), random(t))
	assert.NoError(t, err)
	assert.Zero(t, got.leaked)
	t.Logf("%+v", got)
}

func TestOneConsumerOfJetStreamSharesTheWorkAndLosesNothing(t *testing.T) {
	broker, err := startNATS(t.TempDir(), -1)
	require.NoError(t, err)
	t.Cleanup(broker.Shutdown)
	src, err := newStream(t.Context(), broker.ClientURL(), "spread")
	require.NoError(t, err)
	require.NoError(t, src.share(t.Context(), false))
	round := fleet{
		product: product, source: src, pipeline: src.pipeline(), crowd: newCrowd("o", 200, false),
		calls: 20_000, size: 3, moves: 4, spread: true, patience: 2 * time.Minute,
	}
	got, err := round.run(t.Context(), random(t))
	assert.NoError(t, err)
	assert.Zero(t, got.leaked)
	assert.Greater(t, len(got.shares), 1)
	t.Logf("%+v", got)
}
