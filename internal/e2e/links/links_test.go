package links

import (
	"testing"
	"time"

	"benthos-segment/internal/e2e/trial"
)

func TestMain(m *testing.M) { trial.Main(m) }

// quick is the same in seconds.
var quick = part(course{lasts: 3 * time.Second, tooSlow: "1mbit", env: map[string]string{
	"TIMEOUT": "2s", "FIRST_WAIT": "100ms", "LONGEST_WAIT": "1s",
}})

func TestNothingIsLostInAPartition(t *testing.T) {
	t.Parallel()
	trial.Holds(t, quick, "a partition in the middle of a request", 4000)
}

// https://github.com/vectordotdev/vector/issues/23665 and others: see
// TestALinkTooSlowForAFullRequestCarriesAll.
func TestALinkTooSlowForARequestCarriesAll(t *testing.T) {
	t.Parallel()
	trial.Holds(t, quick, tooSlow, 3000)
}

func TestNothingIsLostOnConnectionsThatAreHalfOpen(t *testing.T) {
	t.Parallel()
	trial.Holds(t, quick, "half-open connections: a firewall forgot them, HTTP/2", 4000)
}
