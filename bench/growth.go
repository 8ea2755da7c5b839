package main

import (
	"fmt"
	"os"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
)

// growth measures the output alone, along one axis after the other.
func growth(bench *runner.Bench, o options) error {
	plan := runner.Plan{Events: 60_000, Rounds: 2}
	if o.events > 0 {
		plan.Events = o.events
	}
	if o.rounds > 0 {
		plan.Rounds = o.rounds
	}
	var curves []report.Curve
	for _, axis := range contender.Axes() {
		curve := report.Curve{ID: axis.ID, Title: axis.Title, Unit: axis.Unit}
		results := bench.Rounds(axis.Contenders(), plan, os.Stderr)
		for i, result := range results {
			if result.Error != "" {
				return fmt.Errorf("measuring growth with the %s: %s", axis.Title, result.Error)
			}
			curve.Points = append(curve.Points, report.Point{
				X: axis.Points[i].X, Microseconds: float64(result.Median()) / float64(time.Microsecond),
				Rate: result.Rate(), Requests: result.Requests, Events: result.Events, Peak: result.Peak,
			})
		}
		fmt.Print(curve.Markdown())
		curves = append(curves, curve)
	}
	if !o.save {
		return nil
	}
	return report.SaveGrowth(o.root, report.ThisMachine(bench.Tools), curves)
}
