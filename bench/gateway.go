package main

import (
	"fmt"
	"os"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
)

// gateway compares the front door with others, one kind of request after the
// other: those that are compared follow each other.
func gateway(bench *runner.Bench, o options) error {
	lasts := 3 * time.Second
	if o.quick {
		lasts = time.Second
	}
	doors, err := choose(contender.Doors(), o)
	if err != nil {
		return err
	}
	found := report.Doors{Starts: map[string]time.Duration{}}
	if found.Sync, err = bench.Sync(); err != nil {
		return err
	}
	for _, door := range doors {
		if found.Starts[door.ID], err = bench.DoorStart(door); err != nil {
			return err
		}
	}
	for _, visit := range visits(lasts) {
		for _, door := range doors {
			if err := found.Add(bench, door, visit, os.Stderr); err != nil {
				return err
			}
		}
	}
	fmt.Print(found.Markdown())
	if !o.save {
		return nil
	}
	return report.SaveDoors(o.root, report.ThisMachine(bench.Tools), found)
}

func visits(lasts time.Duration) (all []runner.Visit) {
	for _, isGzip := range []bool{false, true} {
		for _, events := range []int{1, 5} {
			all = append(all, runner.Visit{Events: events, IsGzip: isGzip, Lasts: lasts})
		}
	}
	return all
}
