package main

import (
	"fmt"
	"os"
	"regexp"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/corpus"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
)

// table runs every contender and prints how they compare.
func table(bench *runner.Bench, o options) error {
	plan := planned(o)
	chosen, err := choose(contender.All(bench.Tools), o)
	if err != nil {
		return err
	}
	for _, c := range chosen {
		if c.Missing != "" {
			fmt.Fprintf(os.Stderr, "%s is left out: %s\n", c.Name, c.Missing)
		}
	}
	results := bench.Rounds(chosen, plan, os.Stderr)
	run := report.Run{
		Machine: report.ThisMachine(bench.Tools),
		Sizes:   corpus.Measure(corpus.Shape{Events: plan.Events}),
		Rounds:  plan.Rounds, Command: command(o), Results: results,
	}
	fmt.Println()
	fmt.Print(run.Text())
	if o.save {
		return report.SaveRun(o.root, run)
	}
	return nil
}

func planned(o options) runner.Plan {
	plan := runner.Plan{Events: 210_000, Rounds: 3}
	if o.quick {
		plan = runner.Plan{Events: 105_000, Rounds: 1}
	}
	if o.events > 0 {
		plan.Events = o.events
	}
	if o.rounds > 0 {
		plan.Rounds = o.rounds
	}
	return plan
}

func command(o options) string {
	if o.quick {
		return "make bench-quick"
	}
	return "make bench"
}

func choose(all []contender.Contender, o options) ([]contender.Contender, error) {
	pattern, err := regexp.Compile(o.only)
	if err != nil {
		return nil, fmt.Errorf("reading -only: %w", err)
	}
	var chosen []contender.Contender
	for _, c := range all {
		if o.quick && c.IsFull || !pattern.MatchString(c.ID) {
			continue
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}
