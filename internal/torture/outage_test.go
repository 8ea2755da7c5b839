package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
