package runner

import (
	"fmt"
	"io"
	"slices"
	"time"

	"benthos-segment/bench/internal/contender"
)

// Plan says how long it all takes.
type Plan struct {
	// Events is how many the fastest contenders get.
	Events, Rounds int
}

// few is a run so short that it is nothing but the start of the process.
const few = 300

// Result is what the rounds of one contender came to.
type Result struct {
	ID, Name string
	Group    contender.Group
	Against  string
	Events   int
	Missing  string `json:",omitempty"`
	Error    string `json:",omitempty"`

	// Start is what the process costs before it sends: least of its rounds. It
	// is taken off every run.
	Start time.Duration
	// PerEvent are the costs of the rounds, in order of size.
	PerEvent []time.Duration
	// Rates are events a second at the sink, in order of size.
	Rates     []float64 `json:",omitempty"`
	Peak, Own int64
	Requests  int
	WireBytes int64
}

// Least, Median and Most are costs of an event.
func (r Result) Least() time.Duration  { return r.PerEvent[0] }
func (r Result) Median() time.Duration { return r.PerEvent[len(r.PerEvent)/2] }
func (r Result) Most() time.Duration   { return r.PerEvent[len(r.PerEvent)-1] }

// Rate is the median of the rates, zero where nothing was sent.
func (r Result) Rate() float64 {
	if len(r.Rates) == 0 {
		return 0
	}
	return r.Rates[len(r.Rates)/2]
}

// Rounds runs every contender in turn, as often as planned: what disturbs the
// machine for a while then disturbs one run of many, not all of one.
func (b *Bench) Rounds(all []contender.Contender, plan Plan, progress io.Writer) []Result {
	results := make([]Result, len(all))
	for i, c := range all {
		results[i] = b.first(c, plan)
	}
	for round := range plan.Rounds {
		for _, i := range turns(all) {
			c, result := all[i], &results[i]
			if result.Missing != "" || result.Error != "" {
				continue
			}
			if err := b.turn(c, result); err != nil {
				result.Error = err.Error()
				fmt.Fprintf(progress, "%s\n", err)
				continue
			}
			fmt.Fprintf(progress, "round %d of %d  %-60s %v\n", round+1, plan.Rounds, c.Name, result.PerEvent)
		}
	}
	return results
}

// turns lists who runs in a round, one after the other: everybody once, and
// between them, again and again, those that others are compared with.
func turns(all []contender.Contender) (order []int) {
	const between = 7
	for i := range all {
		order = append(order, i)
		if i%between != between-1 {
			continue
		}
		for j, c := range all {
			if c.IsMeasure {
				order = append(order, j)
			}
		}
	}
	return order
}

func (b *Bench) first(c contender.Contender, plan Plan) Result {
	events := max(few, int(float64(plan.Events)*c.Share))
	return Result{ID: c.ID, Name: c.Name, Group: c.Group, Against: c.Against, Missing: c.Missing, Events: events - events%few}
}

// turn is one run. At the first two the start is measured too.
func (b *Bench) turn(c contender.Contender, result *Result) error {
	const starts = 2
	if len(result.PerEvent) < starts {
		start, err := b.Measure(c, few)
		if err != nil {
			return err
		}
		if len(result.PerEvent) == 0 || start.CPU < result.Start {
			result.Start = start.CPU
		}
	}
	sample, err := b.Measure(c, result.Events)
	if err != nil {
		return err
	}
	cost := max(0, sample.CPU-result.Start) / time.Duration(result.Events-few)
	result.PerEvent = append(result.PerEvent, cost)
	slices.Sort(result.PerEvent)
	if !c.SendsNothing {
		result.Rates = append(result.Rates, sample.Sink.EventsPerSecond)
		slices.Sort(result.Rates)
	}
	result.Peak, result.Own = max(result.Peak, sample.Peak), max(result.Own, sample.Own)
	result.Requests, result.WireBytes = sample.Sink.Requests, sample.Sink.WireBytes
	return nil
}
