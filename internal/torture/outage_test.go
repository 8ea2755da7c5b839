package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNothingIsLostWhenSegmentIsKilled(t *testing.T) {
	broker, err := startKafka("", 0)
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	src, err := newTopic(t.Context(), broker.ListenAddrs()[0], "segment-killed")
	require.NoError(t, err)
	round := segmentOutages{product: product, source: src, crowd: newCrowd("s", 100, false), calls: 5000, kills: 3, folder: t.TempDir(), patience: 2 * time.Minute}
	got, err := round.run(t.Context(), random(t))
	assert.NoError(t, err)
	assert.Zero(t, got.leaked)
	t.Logf("%+v", got)
}

func TestNothingIsLostWhenTheBrokerIsKilled(t *testing.T) {
	for role, connect := range map[string]func(context.Context, string) (source, error){
		roleKafka: func(ctx context.Context, address string) (source, error) {
			return newTopic(ctx, address, "killed")
		},
		roleNATS: func(ctx context.Context, address string) (source, error) {
			return newStream(ctx, "nats://"+address, "killed")
		},
	} {
		t.Run(role, func(t *testing.T) {
			broker, err := newChild(role, t.TempDir())
			require.NoError(t, err)
			round := brokerOutages{product: product, broker: broker, connect: connect, crowd: newCrowd("b", 100, false), calls: 5000, kills: 2, patience: 2 * time.Minute}
			got, err := round.run(t.Context(), random(t))
			assert.NoError(t, err)
			assert.Zero(t, got.leaked)
			t.Logf("%+v", got)
		})
	}
}
