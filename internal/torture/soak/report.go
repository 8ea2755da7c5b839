package soak

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// What is looked at, as Prometheus names it, and what we count ourselves.
const (
	rejections    = "segment_calls_rejected"
	diskBytes     = "queue_disk_bytes"
	backlogEvents = "backlog_events"
	callsSent     = "segment_calls_sent"
	requests      = "segment_requests"
	retries       = "segment_retries"
)

// kept is what must not grow.
var kept = []string{"process_resident_memory_bytes", "go_memstats_heap_inuse_bytes", "go_goroutines", "process_open_fds", diskBytes}

// errGrows says that something that is kept grows.
var errGrows = errors.New("what is kept grows")

// startShare is how much of a soak passes until what is kept is usual.
const startShare = 10

// conclude writes the report, and judges.
func (r *run) conclude(seen []sighting) (string, error) {
	var b strings.Builder
	if len(seen) == 0 {
		return "", errors.New("the process was never looked at: a soak takes longer")
	}
	last := seen[len(seen)-1]
	l := r.ledger
	fmt.Fprintf(&b, "%s of %d days, %d events of %d people (%.0f a second), %d guilty ones beside\n",
		last.at.Round(time.Second), days, l.allSent, r.People, float64(l.allSent)/last.at.Seconds(), l.guilty.Load())
	fmt.Fprintf(&b, "%.0f requests, %.0f retries, %d events resent\n", last.values[requests], last.values[retries], l.resent)
	fmt.Fprintf(&b, "%d events lost or overtaken, %d with another id\n", l.skipped, l.renamed)
	fmt.Fprint(&b, r.troubles())
	growing, table := tableOf(seen, r.Lasts)
	b.WriteString("\n" + table)
	err := errors.Join(l.fault(), r.segment.broken)
	if leaks := r.process.Said.Leaks(); leaks > 0 {
		err = errors.Join(err, fmt.Errorf("the write key leaked %d times", leaks))
	}
	for _, what := range growing {
		err = errors.Join(err, fmt.Errorf("%w: %s", errGrows, what))
	}
	return b.String(), err
}

func (r *run) troubles() string {
	var b strings.Builder
	names := make([]string, 0, len(outages))
	for _, o := range outages {
		names = append(names, o.name)
	}
	fmt.Fprintf(&b, "%d outages of %s: %s\n", r.segment.counts["outages"], (r.Lasts / outageShare).Round(100*time.Millisecond), strings.Join(names, ", "))
	for _, q := range quirks {
		fmt.Fprintf(&b, "%d %s\n", r.segment.counts[q.name], q.name)
	}
	return b.String()
}

// tableOf says how much was kept, by how much that grows, and what grows.
func tableOf(seen []sighting, lasts time.Duration) (growing []string, table string) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tleast\tmedian\tmost\tmost in outages\tgrowth an hour, 95 %\t\t")
	steady := slices.DeleteFunc(slices.Clone(seen), func(s sighting) bool { return !s.settled || s.at < lasts/startShare })
	day := (lasts / days).Hours()
	for _, name := range kept {
		most := 0.0
		for _, s := range seen {
			if !s.settled {
				most = max(most, s.values[name])
			}
		}
		if len(steady) == 0 {
			fmt.Fprintf(w, "%s\t-\t-\t-\t%.0f\t-\t%s\t\n", name, most, unsure)
			continue
		}
		hours, values := seriesOf(steady, name)
		g := growthOf(hours, values, day)
		slices.Sort(values)
		median := values[len(values)/2]
		v := g.verdict(median)
		if v == grows {
			growing = append(growing, name)
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%+.1f %% ± %.1f %%\t%s\t\n", name, values[0], median, values[len(values)-1],
			most, 100*g.slope/max(median, 1), 100*g.margin/max(median, 1), v)
	}
	_ = w.Flush() // to memory
	fmt.Fprintf(&b, "\n%d sightings, %d of them while nothing waited; growth is of these\n", len(seen), len(steady))
	if len(steady) < len(seen)/2 {
		b.WriteString("In most of them something waited: this machine is too slow for the traffic, or had other work.\n")
	}
	return growing, b.String()
}

func seriesOf(seen []sighting, name string) (hours, values []float64) {
	for _, s := range seen {
		hours = append(hours, s.at.Hours())
		values = append(values, s.values[name])
	}
	return hours, values
}
