package main

import "testing"

func TestNothingIsLostWhenSegmentIsKilled(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 5000)
	holds(t, w.outageOfSegment("Segment killed"), "segment")
}

func TestNothingIsLostWhenTheBrokerIsKilled(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 5000)
	holds(t, w.outageOfBroker("Kafka killed", roleKafka), "kafka")
	holds(t, w.outageOfBroker("JetStream killed", roleNATS), "jetstream")
}
