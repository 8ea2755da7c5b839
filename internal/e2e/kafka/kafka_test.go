package kafka

import (
	"testing"

	"benthos-segment/internal/e2e/trial"
)

func TestMain(m *testing.M) { trial.Main(m) }

// One kill is what a short form can have. The others are in make e2e.
func TestNothingIsLostWhenARealBrokerIsKilled(t *testing.T) {
	trial.Holds(t, Part, "broker killed", 3000)
}

func TestNothingIsLostWhenABrokerBefore4IsKilled(t *testing.T) {
	trial.Holds(t, Part39, "broker killed", 2000)
}

// Three processes are the fewest of a fleet: two go on without the third.
func TestNothingIsLostWhenOneOfAFleetIsCutOff(t *testing.T) {
	const name = "three processes, one cut off from the network in a request, until its partitions move"
	short := Fleet
	short.Rounds = []trial.Round{{Name: name, Needs: apart, Play: partition{cut: everything, until: expelled}.of(3)}}

	trial.Holds(t, short, name, 1500)
}
