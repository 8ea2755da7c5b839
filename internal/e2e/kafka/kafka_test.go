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
