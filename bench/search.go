package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
)

// search turns one setting of the recipe after the other, keeps the cheapest,
// and begins again until nothing gets better. What it found is written into
// contender.Best by hand.
func search(bench *runner.Bench, o options) error {
	events := 15_000
	if o.events > 0 {
		events = o.events
	}
	best := contender.Settings{Mapping: "recipe", Output: "recipe_output", Count: 300, Threads: 1, InFlight: 1, Algorithm: "gzip", Level: 1}
	var found []report.Search
	for _, input := range []struct {
		name, said string
		turns      []turn
	}{
		// The batcher cuts no batch that comes in: with 300 events a record,
		// count decides nothing below that, and above it requests get too large.
		{contender.Batched, "batched", []turn{outputs, threads, inFlights, algorithms, levels}},
		{contender.Lines, "per line", []turn{counts, threads, inFlights}},
	} {
		s := &searcher{bench: bench, input: input.name, events: events, best: best}
		if err := s.search(input.turns); err != nil {
			return err
		}
		best = s.best
		fmt.Printf("%s: %s\n", input.said, best)
		found = append(found, report.Search{Input: input.said, Rows: s.rows, Best: best})
	}
	if !o.save {
		return nil
	}
	return report.SaveSearch(o.root, report.ThisMachine(bench.Tools), found)
}

// turn gives one setting all its values.
type turn func(contender.Settings) []contender.Settings

func outputs(s contender.Settings) []contender.Settings {
	return varied(s, []string{"recipe_output", "recipe_output_lines", "recipe_output_from_all"}, func(s *contender.Settings, v string) { s.Output = v })
}

func counts(s contender.Settings) []contender.Settings {
	return varied(s, []int{30, 100, 300}, func(s *contender.Settings, v int) { s.Count = v })
}

func threads(s contender.Settings) []contender.Settings {
	return varied(s, []int{1, 2, 4}, func(s *contender.Settings, v int) { s.Threads = v })
}

func inFlights(s contender.Settings) []contender.Settings {
	return varied(s, []int{1, 4, 64}, func(s *contender.Settings, v int) { s.InFlight = v })
}

func algorithms(s contender.Settings) []contender.Settings {
	return varied(s, []string{"gzip", "pgzip"}, func(s *contender.Settings, v string) { s.Algorithm = v })
}

func levels(s contender.Settings) []contender.Settings {
	return varied(s, []int{1, 3, 6, -1}, func(s *contender.Settings, v int) { s.Level = v })
}

func varied[T any](s contender.Settings, values []T, set func(*contender.Settings, T)) []contender.Settings {
	all := make([]contender.Settings, len(values))
	for i, value := range values {
		all[i] = s
		set(&all[i], value)
	}
	return all
}

type searcher struct {
	bench  *runner.Bench
	input  string
	events int
	best   contender.Settings
	rows   []report.SearchRow
}

const (
	// searchRounds is how often all values of a setting run in turn.
	searchRounds = 5
	// better is the share of the cost below which the search goes on with other
	// settings. Less is not worth a config that people do not know.
	better = 0.98
	// maxTurns ends a search that luck keeps going.
	maxTurns = 20
)

// search goes round until every setting was turned without a gain.
func (s *searcher) search(turns []turn) error {
	without := 0
	for n := 0; without < len(turns) && n < maxTurns; n++ {
		before := s.best
		if err := s.compare(turns[n%len(turns)](s.best)); err != nil {
			return err
		}
		if without++; s.best != before {
			without = 1 // This very turn has seen the new best.
		}
	}
	return nil
}

// compare runs settings in turn, those that are the best so far among them, and
// keeps the cheapest. Of each, the cheapest run counts: what disturbs a run only
// adds to it.
func (s *searcher) compare(list []contender.Settings) error {
	current := slices.Index(list, s.best)
	if current < 0 {
		return fmt.Errorf("searching: %s is not among its own variations", s.best)
	}
	tried := make([]contender.Contender, len(list))
	for i, settings := range list {
		tried[i] = contender.Searched(s.input, settings)
		tried[i].Share = 1
	}
	results := s.bench.Rounds(tried, runner.Plan{Events: s.events, Rounds: searchRounds}, os.Stderr)
	for _, result := range results {
		if result.Error != "" {
			return fmt.Errorf("searching: %s", result.Error)
		}
	}
	kept, cheapest := current, time.Duration(float64(results[current].Least())*better)
	for i, result := range results {
		if cost := result.Least(); cost < cheapest {
			kept, cheapest = i, cost
		}
	}
	s.best = list[kept]
	for i, result := range results {
		s.rows = append(s.rows, report.SearchRow{Settings: list[i], PerEvent: result.Least(), IsKept: i == kept})
	}
	return nil
}
