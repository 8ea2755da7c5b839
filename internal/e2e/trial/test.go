package trial

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/torture/ordeal"
)

// Main is TestMain of a part's tests: the stand-in of Segment may run as this
// program again.
func Main(m *testing.M) {
	ordeal.PlayIfCast(nil)
	os.Exit(m.Run())
}

// Require leaves a test out where something is missing, and says what. In CI
// nothing is left out: there it fails.
func Require(t *testing.T, list ...needs.Need) {
	t.Helper()
	what := needs.Missing(list)
	if what == "" {
		return
	}
	require.NotEqual(t, "true", os.Getenv("CI"), what)
	t.Skip(what)
}

// spare is what is left of a test's time when its round is stopped, to end what
// the round has started and to keep the logs.
const spare = time.Minute

// patienceOf is how long a round may take in a test: less than go gives to all of
// them, as it would end this program without a word about the round.
func patienceOf(t *testing.T) time.Duration {
	t.Helper()
	deadline, exists := t.Deadline()
	if !exists {
		return patience
	}
	return max(time.Second, min(patience, time.Until(deadline)-spare))
}

// Holds plays a round of a part in a test, with so many calls.
func Holds(t *testing.T, p Part, round string, calls int) ordeal.Tally {
	t.Helper()
	Require(t, p.Needs...)
	at := slices.IndexFunc(p.Rounds, func(r Round) bool { return r.Name == round })
	require.GreaterOrEqual(t, at, 0, "%s has no round %q", p.Name, round)
	Require(t, p.Rounds[at].Needs...)
	product, err := product(t.Context())
	require.NoError(t, err)
	seed := uint64(time.Now().UnixNano())
	t.Logf("SEED=%d", seed)
	// The log of a service is kept although the test is over.
	ctx := context.WithoutCancel(t.Context())

	got, err := p.Rounds[at].play(ctx, product, nameOf(p.Name, round, 0), Options{Seed: seed, Calls: calls, Patience: patienceOf(t)})

	assert.NoError(t, err)
	t.Logf("%s: %+v", round, got)
	return got
}
