package main

import (
	"fmt"
	"os"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
)

// latency measures how long events take from their birth to Segment's answer.
func latency(bench *runner.Bench, o options) error {
	lasts := 10 * time.Second
	if o.quick {
		lasts = 3 * time.Second
	}
	live := contender.Live()
	idle, err := bench.Idle(live, lasts)
	if err != nil {
		return err
	}
	var rows []runner.Delays
	for _, flow := range flows(lasts) {
		row, err := bench.Delays(live, flow, idle)
		if err != nil {
			return err
		}
		fmt.Fprint(os.Stderr, report.DelayRow(row))
		rows = append(rows, row)
	}
	fmt.Print(report.Delays(rows))
	if !o.save {
		return nil
	}
	return report.SaveDelays(o.root, report.ThisMachine(bench.Tools), rows)
}

func flows(lasts time.Duration) (all []runner.Flow) {
	for _, eachSecond := range []bool{false, true} {
		for _, answer := range []time.Duration{50, 150, 300} {
			for _, rate := range []int{20, 1000, 5000} {
				all = append(all, runner.Flow{Rate: rate, Answer: answer * time.Millisecond, EachSecond: eachSecond, Lasts: lasts})
			}
		}
	}
	return all
}
