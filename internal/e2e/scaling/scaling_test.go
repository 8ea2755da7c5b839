package scaling

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/e2e/needs"
)

// documented is what docs/scaling.md shows. The cost is the one that it has
// measured.
var documented = Group{People: 200_000, Partitions: 64, Cost: 12600 * time.Nanosecond}

func uneven(g Group, skew float64) Group {
	g.Skew = skew
	return g
}

func TestTheTableOfTheDocsIsWhatTheSimulationSays(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(needs.Project(), "docs", "scaling.md"))
	require.NoError(t, err)

	assert.Contains(t, string(text), "\n"+Table([]int{1, 2, 4, 8, 10, 16, 32, 64}, documented, uneven(documented, 0.8)))
}

func TestEvenPeopleScaleUntilThereAreNoMorePartitions(t *testing.T) {
	rates := documented.Rates(1, 8, 64, 128)

	assert.InEpsilon(t, 1/documented.Cost.Seconds(), rates[0], 1e-9, "one core does what it can")
	assert.InEpsilon(t, 8*rates[0], rates[1], 0.02)
	assert.InEpsilon(t, 64*rates[0], rates[2], 0.1)
	assert.InEpsilon(t, rates[2], rates[3], 1e-9, "64 of 128 processes have nothing to do")
}

func TestABusyPersonHoldsUpAPartitionAndNoMore(t *testing.T) {
	even, busy := documented.Rates(64)[0], uneven(documented, 1).Rates(64)[0]

	assert.Less(t, busy, even/2)
	assert.InEpsilon(t, documented.Rates(1)[0], uneven(documented, 1).Rates(1)[0], 1e-9)
}

func TestEveryEventIsInOnePartition(t *testing.T) {
	for _, skew := range []float64{0, 0.8, 1} {
		sum := 0.0
		for _, share := range uneven(documented, skew).shares() {
			sum += share
		}
		assert.InEpsilon(t, 1, sum, 1e-9)
	}
}
