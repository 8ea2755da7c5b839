package report

import (
	"fmt"
	"strings"
	"time"
)

// An aim is one thing that the output is to reach.
type aim struct {
	against, wanted string
	// measure returns what was found, and whether it is enough.
	measure func(Run) (found string, isReached, isKnown bool)
}

var allAims = []aim{
	{"`http_client` with gzip, batched input", "≥ 8.5× less", times("recipe", "batched", 8.5)},
	{"the same, `max_in_flight: 1`", "≥ 10× less", times("recipe", "batched_one", 10)},
	{"`http_client` with gzip, per-line input", "≥ 4.7× less", times("recipe_lines", "lines", 4.7)},
	{"the same, `max_in_flight: 1`", "≥ 5× less", times("recipe_lines", "lines_one", 5)},
	{"segmentio/analytics-go v3, best settings, not compressed", "≥ 6× less", times("segment_go_best", "batched", 6)},
	{"the same, `max_in_flight: 1`", "≥ 7× less", times("segment_go_best", "batched_one", 7)},
	{"rudderlabs/analytics-go v4, compressed as by default, `max_in_flight: 1`", "≥ 10× less", times("rudder_go", "batched_one", 10)},
	{"@segment/analytics-node, best settings, `max_in_flight: 1`", "≥ 16× less", times("segment_node_best", "batched_one", 16)},
	{"Go that only gzips and posts, `max_in_flight: 1`", "≤ 1.5× its cost", func(r Run) (string, bool, bool) {
		ratio, isKnown := r.against("batched_one", "floor")
		return fmt.Sprintf("%.2f×", ratio), ratio <= 1.5, isKnown
	}},
	{"batched input to `drop`, `max_in_flight: 1`", "adds ≤ 7 µs where the floor is 6", func(r Run) (string, bool, bool) {
		added, isKnown := r.difference("batched_one", "drop")
		floor, hasFloor := r.find("floor")
		if !isKnown || !hasFloor {
			return "", false, false
		}
		limit := floor.Median() * 7 / 6
		return fmt.Sprintf("%s µs where the floor is %s", micros(added), micros(floor.Median())), added <= limit, true
	}},
	{"structured payloads, encoding alone", "≤ 0.6× of `AsBytes`", func(r Run) (string, bool, bool) {
		// Whoever encodes, as much is alive at a time, and all else is the same.
		byEngine, isKnown := r.difference("drop_encoded", "drop_structured")
		saved, isSavedKnown := r.difference("encoded", "structured")
		if !isKnown || !isSavedKnown || byEngine <= 0 {
			return "", false, false
		}
		own := byEngine - saved
		ratio := float64(own) / float64(byEngine)
		return fmt.Sprintf("%.2f×: %s µs and %s µs", ratio, micros(own), micros(byEngine)), ratio <= 0.6, true
	}},
	{"50 ms an answer", "≥ 100,000 events/s", rate("batched_slow", 100_000)},
	{"the same", "≤ 150 MB of its own", own("batched_slow", 150)},
	{"the same, at 40,000 events/s", "≤ 100 MB of its own", own("batched_paced", 100)},
	{"300 ms an answer", "≥ 40,000 events/s", rate("batched_far", 40_000)},
}

// rate tells how many events a second went out, in the median.
func rate(id string, wanted float64) func(Run) (string, bool, bool) {
	return func(r Run) (string, bool, bool) {
		result, isKnown := r.find(id)
		return thousands(result.Rate()) + " events/s", result.Rate() >= wanted, isKnown
	}
}

// own tells how many megabytes a contender had of its own at the most.
func own(id string, wanted int64) func(Run) (string, bool, bool) {
	return func(r Run) (string, bool, bool) {
		result, isKnown := r.find(id)
		return fmt.Sprintf("%d MB, with the pages of the program %d MB", result.Own>>20, result.Peak>>20), result.Own <= wanted<<20, isKnown && result.Own > 0
	}
}

// times tells how many times less ours costs.
func times(theirs, ours string, wanted float64) func(Run) (string, bool, bool) {
	return func(r Run) (string, bool, bool) {
		ratio, isKnown := r.against(theirs, ours)
		return fmt.Sprintf("%.1f×", ratio), ratio >= wanted, isKnown
	}
}

// against divides the median of one by that of the other.
func (r Run) against(one, other string) (float64, bool) {
	above, isAboveKnown := r.find(one)
	below, isBelowKnown := r.find(other)
	if !isAboveKnown || !isBelowKnown || below.Median() == 0 {
		return 0, false
	}
	return float64(above.Median()) / float64(below.Median()), true
}

func (r Run) difference(one, other string) (time.Duration, bool) {
	above, isAboveKnown := r.find(one)
	below, isBelowKnown := r.find(other)
	if !isAboveKnown || !isBelowKnown {
		return 0, false
	}
	return above.Median() - below.Median(), true
}

// aims tells what was reached, as a table that reads in a terminal too.
func (r Run) aims() string {
	var text strings.Builder
	text.WriteString("| against | aim | measured | |\n|---|---|---|---|\n")
	for _, aim := range allAims {
		found, isReached, isKnown := aim.measure(r)
		if !isKnown {
			continue
		}
		verdict := "not reached"
		if isReached {
			verdict = "reached"
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", aim.against, aim.wanted, found, verdict)
	}
	return text.String()
}
