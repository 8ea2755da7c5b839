package main

import (
	"fmt"
	"os"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
)

// profile says where the time and the memory of our main cases go.
func profile(bench *runner.Bench, o options) error {
	events := 600_000
	if o.events > 0 {
		events = o.events
	}
	var cases []report.Profile
	for _, c := range contender.Profiled() {
		fmt.Fprintf(os.Stderr, "profiling %s\n", c.Name)
		taken, err := bench.Profile(c, events)
		if err != nil {
			return fmt.Errorf("profiling %q: %w", c.Name, err)
		}
		cases = append(cases, report.Profile{Name: c.Name, CPU: taken.CPU, Memory: taken.Memory})
	}
	fmt.Print(report.Parts(cases))
	if !o.save {
		return nil
	}
	return report.SaveProfiles(o.root, cases)
}
