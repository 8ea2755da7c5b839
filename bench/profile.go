package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/pprof/profile"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
)

// profiles says where the time and the memory of our main cases go.
func profiles(bench *runner.Bench, o options) error {
	events := 900_000
	if o.events > 0 {
		events = o.events
	}
	var cases []report.Profile
	for _, c := range contender.Profiled() {
		fmt.Fprintf(os.Stderr, "profiling %s\n", c.Name)
		taken, err := profiled(bench, c, events)
		if err != nil {
			return fmt.Errorf("profiling %q: %w", c.Name, err)
		}
		cases = append(cases, taken)
	}
	fmt.Print(report.Parts(cases))
	if !o.save {
		return nil
	}
	if err := savePGO(o.root, cases); err != nil {
		return err
	}
	return report.SaveProfiles(o.root, report.ThisMachine(bench.Tools), cases)
}

// profileTurns is how often each case is watched. A single run has some 500
// samples, so few that most functions have none.
const profileTurns = 5

func profiled(bench *runner.Bench, c contender.Contender, events int) (report.Profile, error) {
	taken := report.Profile{Name: c.Name}
	var cpu, memory []*profile.Profile
	for range profileTurns {
		turn, err := bench.Profile(c, events)
		if err != nil {
			return taken, err
		}
		cpu, memory = append(cpu, turn.CPU), append(memory, turn.Memory)
	}
	var err error
	if taken.CPU, err = profile.Merge(cpu); err != nil {
		return taken, fmt.Errorf("merging the profiles: %w", err)
	}
	if taken.Memory, err = profile.Merge(memory); err != nil {
		return taken, fmt.Errorf("merging the profiles: %w", err)
	}
	return taken, nil
}

// savePGO writes the profile by which Go builds the binary: what is called most
// is inlined there, https://go.dev/doc/pgo.
func savePGO(root string, cases []report.Profile) error {
	var all []*profile.Profile
	for _, c := range cases {
		all = append(all, c.CPU)
	}
	merged, err := profile.Merge(all)
	if err != nil {
		return fmt.Errorf("merging the profiles: %w", err)
	}
	// Where the binary was is nobody's business, and the compiler asks for
	// functions and lines alone.
	for _, mapping := range merged.Mapping {
		mapping.File, mapping.BuildID = "", ""
	}
	file, err := os.Create(filepath.Join(root, "cmd", "benthos-segment", "default.pgo"))
	if err != nil {
		return fmt.Errorf("saving the profile: %w", err)
	}
	if err := errors.Join(merged.Write(file), file.Close()); err != nil {
		return fmt.Errorf("saving the profile: %w", err)
	}
	return nil
}
