package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

func TestNothingIsLostWhenSegmentIsKilled(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 5000)
	got := holds(t, w.outageOfSegment("Segment killed", w.calls), "segment")
	assert.Equal(t, outages, got.Kills)
}

func TestNothingIsLostWhenTheBrokerIsKilled(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 5000)
	holds(t, w.outageOfBroker("Kafka killed", roleKafka), "kafka")
	holds(t, w.outageOfBroker("JetStream killed", roleNATS), "jetstream")
}

// A SIGKILL in the middle of a write leaves half a line, about which nobody was
// told. What is written after it has to be readable.
func TestHalfALineOfAStandInThatWasKilledIsForgotten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "acceptances.ndjson")
	const whole = `{"Step":{"Person":1}}` + "\n"
	require.NoError(t, os.WriteFile(path, []byte(whole+`{"Step":{"Per`), 0o600))
	segment, err := ordeal.NewChild(ordeal.RoleSegment, folder)
	require.NoError(t, err)
	require.NoError(t, segment.Start(t.Context()))
	t.Cleanup(segment.Kill)

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, whole, string(content))
}
