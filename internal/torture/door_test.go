package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/disk"
	"benthos-segment/internal/torture/ordeal"
)

func TestNothingIsLostBehindTheFrontDoor(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 5000)
	if os.Getenv("CI") == "true" {
		require.Len(t, w.hardships, len(hardships), "nothing is left out in CI")
	}
	for n, h := range w.hardships {
		holds(t, w.door("front door "+h.name, h), fmt.Sprintf("door-%d", n))
	}
}

// A queue that syncs after it has answered loses events when the power is cut.
func TestAQueueThatIsNotSyncedIsFoundOut(t *testing.T) {
	t.Parallel()
	h := hardship{
		name: "with a queue that is synced now and then", bear: (*door).bearKillsAlone,
		disk: disk.NewVolatile, env: map[string]string{"QUEUE_SYNC": "interval"},
	}
	if err := h.isHere(t.TempDir()); err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), err)
		t.Skip(err)
	}
	w := theWorld(t, 2000)
	// Of this seed, the power cut takes all that was not synced.
	got, err := w.door(h.name, h).Play(t.Context(), rand.New(rand.NewPCG(1, 0)), "unsynced")
	require.ErrorIs(t, err, ordeal.ErrMissing)
	assert.Positive(t, got.Lost)
}
