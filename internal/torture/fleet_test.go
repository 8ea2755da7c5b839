package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

func TestProcessesShareTheWorkAndComeAndGo(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 10_000)
	for kind, r := range map[string]ordeal.Round{
		"group":      w.group(),
		"partitions": w.partitions(),
		"consumer":   w.consumer(),
	} {
		got := holds(t, r, kind)
		assert.Greater(t, len(got.Shares), 1)
	}
}

// What a partition hands over has to be enough for a batch. Where it is not,
// each batch waits for its period, and two processes that share a backlog take
// several times as long as one.
func TestABacklogIsSharedWithoutWaiting(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 0)

	shared, err := w.bill(t.Context(), "backlog", 2, 40_000)

	require.NoError(t, err)
	t.Logf("%+v", shared)
	// The rest of each partition may wait, and what little comes while the
	// processes start and move the partitions. With too little to hand over 26
	// batches wait, and more.
	assert.LessOrEqual(t, shared.waits, 3*partitions)
}
