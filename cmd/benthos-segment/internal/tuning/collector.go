// Package tuning sets the runtime of Go to what a pipeline needs.
package tuning

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// roomyHeap is how large a heap may grow, in bytes, before garbage is
	// collected, as long as that is no more than mostPercent: a pipeline that keeps
	// less than half of it alive then collects less often than Go would, and the
	// process still stays below 100 MB. docs/benchmarks.md has the figures.
	roomyHeap = 52 << 20
	// usualPercent is Go's own setting, by which a heap doubles between
	// collections. A pipeline that keeps more than half of roomyHeap has it.
	usualPercent = 100
	// mostPercent is for a heap with next to nothing in it.
	mostPercent = 400
	// fullHeap is what a heap is kept below, in bytes, by collecting more often
	// than Go would, down to leastPercent. The process then stays below 150 MB. A
	// pipeline that keeps more than that alive is collected as usual.
	fullHeap     = 96 << 20
	leastPercent = 50
)

// Collector lets small heaps grow to roomyHeap, unless the environment
// says how garbage is to be collected.
func Collector() {
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, isSet := os.LookupEnv(variable); isSet {
			return
		}
	}
	debug.SetGCPercent(mostPercent)
	c := &collector{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, percent: mostPercent}
	c.awaitNext()
}

// collector adjusts Go's collector after each collection.
type collector struct {
	live    []metrics.Sample
	percent int
}

// sentinel is garbage from the start, so that its cleanup runs after the next
// collection. It holds a pointer: without one, small things share their memory
// with others, and are garbage only when all of them are.
type sentinel struct{ _ *collector }

func (c *collector) awaitNext() {
	runtime.AddCleanup(&sentinel{c}, (*collector).adjust, c)
}

// adjust sets the collector to what is alive now.
func (c *collector) adjust() {
	metrics.Read(c.live)
	percent := percentFor(c.live[0].Value.Uint64())
	// To set it stops the world for a moment, which small changes are not worth.
	if percent > c.percent+c.percent/10 || percent < c.percent-c.percent/10 {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
	c.awaitNext()
}

// percentFor returns by how much a heap may grow when so many bytes of it are
// alive.
func percentFor(live uint64) int {
	live = max(live, 1)
	if live >= fullHeap {
		return usualPercent
	}
	atLeast, atMost := growth(live, roomyHeap), max(growth(live, fullHeap), leastPercent)
	return min(max(atLeast, min(usualPercent, atMost)), mostPercent)
}

// growth returns by how many percent a heap may grow to reach a size.
func growth(live, size uint64) int {
	if live >= size {
		return 0
	}
	return int(min((size-live)*100/live, mostPercent))
}
