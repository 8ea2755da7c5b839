package report

import (
	"fmt"
	"strings"

	"github.com/google/pprof/profile"
)

// Profile is where a contender spends its time and allocates its memory.
type Profile struct {
	Name        string
	CPU, Memory *profile.Profile
}

// part is a part of the work, by the functions that do it.
type part struct {
	name string
	// prefixes are those of functions. The innermost call that has one of any
	// part decides.
	prefixes []string
}

var (
	// collecting is told by a call anywhere on the stack: it is not the fault of
	// whoever allocates at the moment.
	collecting = part{"garbage collection", []string{
		"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge",
		"runtime.wbBufFlush", "gcWriteBarrier", "runtime.gcStart", "runtime.gcMarkTermination",
	}}
	parts = []part{
		{"gzip", []string{"github.com/klauspost/compress/"}},
		{"conversion: reading, checking and writing the calls", []string{"benthos-segment/internal/segment.", "benthos-segment/internal/segment/"}},
		{"delivery: lanes, packing, HTTP", []string{"benthos-segment/internal/tracking.", "benthos-segment/internal/tracking/", "net/http."}},
		{"the output around them", []string{"benthos-segment/plugin."}},
		{"reading the file", []string{"github.com/redpanda-data/benthos/v4/internal/impl/io.", "github.com/redpanda-data/benthos/v4/internal/impl/pure.(*linesReaderStream)"}},
		{"the engine: messages, batches, acknowledgements", []string{"github.com/redpanda-data/benthos/"}},
	}
	others = part{name: "the scheduler and the rest"}
)

// Parts is a table of who takes how much.
func Parts(cases []Profile) string {
	var text strings.Builder
	text.WriteString("| |")
	for _, c := range cases {
		fmt.Fprintf(&text, " %s: CPU | memory allocated |", c.Name)
	}
	text.WriteString("\n|---|" + strings.Repeat("--:|", 2*len(cases)) + "\n")
	for _, p := range append(parts[:len(parts):len(parts)], collecting, others) {
		fmt.Fprintf(&text, "| %s |", p.name)
		for _, c := range cases {
			fmt.Fprintf(&text, " %s | %s |", percent(shares(c.CPU, "cpu")[p.name]), percent(shares(c.Memory, "alloc_space")[p.name]))
		}
		text.WriteString("\n")
	}
	return text.String()
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// shares parts what a profile counted among the parts of the work.
func shares(taken *profile.Profile, kind string) map[string]float64 {
	counted := 0
	for i, sample := range taken.SampleType {
		if sample.Type == kind {
			counted = i
		}
	}
	total, of := int64(0), map[string]int64{}
	for _, sample := range taken.Sample {
		of[partOf(sample)] += sample.Value[counted]
		total += sample.Value[counted]
	}
	shares := make(map[string]float64, len(of))
	for name, count := range of {
		shares[name] = float64(count) / float64(max(1, total))
	}
	return shares
}

func partOf(sample *profile.Sample) string {
	found := others.name
	for _, place := range sample.Location {
		for _, line := range place.Line {
			if collecting.has(line.Function.Name) {
				return collecting.name
			}
			for _, p := range parts {
				if found == others.name && p.has(line.Function.Name) {
					found = p.name
				}
			}
		}
	}
	return found
}

func (p part) has(function string) bool {
	for _, prefix := range p.prefixes {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	return false
}

// SaveProfiles writes the table into the page.
func SaveProfiles(root string, machine Machine, cases []Profile) error {
	return replace(root, resultsPage, "profile", machine.origin("make bench-profile")+".\n\n"+Parts(cases))
}
