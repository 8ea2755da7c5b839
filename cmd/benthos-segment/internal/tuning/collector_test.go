package tuning

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSmallHeapsMayGrowAndLargeOnesAsUsual(t *testing.T) {
	for live, percent := range map[uint64]int{
		0:        400,
		1 << 20:  400,
		13 << 20: 300,
		20 << 20: 160,
		26 << 20: 100,
		40 << 20: 100,
		48 << 20: 100,
		64 << 20: 50,
		95 << 20: 50,
		96 << 20: 100,
		1 << 40:  100,
	} {
		assert.Equal(t, percent, percentFor(live), "%d bytes", live)
	}
}

func TestWhoeverSetsTheCollectorHasItSet(t *testing.T) {
	for variable, value := range map[string]string{"GOGC": "50", "GOMEMLIMIT": "1GiB"} {
		t.Setenv(variable, value)
		before := debug.SetGCPercent(77)
		Collector()
		assert.Equal(t, 77, debug.SetGCPercent(before), variable)
	}
}

func TestTheCollectorFollowsTheHeap(t *testing.T) {
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Setenv(variable, "")
		require.NoError(t, os.Unsetenv(variable))
	}
	before := debug.SetGCPercent(usualPercent)
	t.Cleanup(func() { debug.SetGCPercent(before) })

	Collector()
	require.Greater(t, collectorPercent(), usualPercent)

	large := make([]byte, fullHeap)
	require.Eventually(t, func() bool {
		runtime.GC()
		return collectorPercent() == usualPercent
	}, time.Minute, time.Millisecond)
	runtime.KeepAlive(large)

	require.Eventually(t, func() bool {
		runtime.GC()
		return collectorPercent() > usualPercent
	}, time.Minute, time.Millisecond)
}

// collectorPercent is what the collector is set to.
func collectorPercent() int {
	set := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(set)
	return int(set[0].Value.Uint64())
}
