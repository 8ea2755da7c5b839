package proxies

import (
	"testing"
	"time"

	"benthos-segment/internal/e2e/trial"
)

func TestMain(m *testing.M) { trial.Main(m) }

// quickly is the same in seconds.
var quickly = course{lasts: 2 * time.Second, env: map[string]string{
	"TIMEOUT": "2s", "FIRST_WAIT": "100ms", "LONGEST_WAIT": "1s",
}}

func TestNothingIsLostByThePagesOfAProxy(t *testing.T) {
	for _, round := range []string{
		"nginx, its page for 413: a limit of 20 KB, always",
		"HAProxy, its page for 503: Segment cannot be reached",
	} {
		t.Run(round, func(t *testing.T) {
			t.Parallel()
			trial.Holds(t, part(quickly), round, 3000)
		})
	}
}

func TestNothingIsLostInASquidThatIsKilled(t *testing.T) {
	t.Parallel()
	trial.Holds(t, part(quickly), "Squid killed in the middle of a tunnel", 3000)
}

func TestNothingIsLostWithToxiproxy(t *testing.T) {
	t.Parallel()
	p := Toxic
	p.Rounds = quickly.toxics()
	trial.Holds(t, p, "timeout: answers get lost, and connections stay open", 3000)
}
