package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// roomyHeap is how large a heap may grow, in bytes, before there is any need
	// to collect garbage: a pipeline that keeps less than half of it alive then
	// collects less often than Go would, and the process still stays below
	// 100 MB. docs/benchmarks.md has the figures.
	roomyHeap = 52 << 20
	// usualPercent is Go's own setting, by which a heap doubles between
	// collections. A pipeline that keeps more than half of roomyHeap has it.
	usualPercent = 100
	// mostPercent is for a heap with next to nothing in it.
	mostPercent = 400
)

// tuneCollector lets small heaps grow to roomyHeap, unless the environment
// says how garbage is to be collected.
func tuneCollector() {
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, isSet := os.LookupEnv(variable); isSet {
			return
		}
	}
	debug.SetGCPercent(mostPercent)
	runtime.SetFinalizer(&collection{percent: mostPercent}, (*collection).happened)
}

// collection is garbage, whose finalizer runs after each collection.
type collection struct {
	percent int
}

// happened adjusts the collector to what is alive now.
func (c *collection) happened() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := percentFor(live[0].Value.Uint64())
	// To set it stops the world for a moment, which small changes are not worth.
	if percent > c.percent+c.percent/10 || percent < c.percent-c.percent/10 {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
	runtime.SetFinalizer(c, (*collection).happened)
}

// percentFor returns by how much a heap may grow of which so many bytes are
// alive.
func percentFor(live uint64) int {
	if live >= roomyHeap {
		return usualPercent
	}
	room := (roomyHeap - live) * 100 / max(live, 1)
	return int(min(max(room, usualPercent), mostPercent))
}
