package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/soak"
)

// A soak of seconds says nothing of what grows. Its traffic, its outages and its
// books are those of an hour.
func TestASoakOfSecondsLosesNothing(t *testing.T) {
	t.Parallel()
	report, err := soak.Run(t.Context(), soak.Config{
		Product: product, Pipeline: "pipelines/soak.yaml", Folder: t.TempDir(), Lasts: 10 * time.Second,
		Seed: 1, EventsPerSecond: 500, People: 1000,
	})

	require.NoError(t, err)
	assert.Contains(t, report, "0 events lost or overtaken, 0 with another id\n4 outages of 400ms")
	assert.Contains(t, report, "too short to tell")
}
