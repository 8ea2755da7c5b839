package main

import (
	"fmt"
	"os"
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
		s := &searcher{bench: bench, input: input.name, events: events, tried: map[contender.Settings]time.Duration{}}
		if err := s.search(&best, input.turns); err != nil {
			return err
		}
		fmt.Printf("%s: %s, %v an event\n", input.said, best, s.tried[best])
		found = append(found, report.Search{Input: input.said, Rows: s.rows, Best: best})
	}
	if !o.save {
		return nil
	}
	return report.SaveSearch(o.root, found)
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
	tried  map[contender.Settings]time.Duration
	rows   []report.SearchRow
}

// search goes round until a round finds nothing better.
func (s *searcher) search(best *contender.Settings, turns []turn) error {
	if _, err := s.cost(*best); err != nil {
		return err
	}
	for before := (contender.Settings{}); before != *best; {
		before = *best
		for _, turn := range turns {
			for _, settings := range turn(*best) {
				cost, err := s.cost(settings)
				if err != nil {
					return err
				}
				if cost < s.tried[*best] {
					*best = settings
				}
			}
		}
	}
	return nil
}

// cost is the lower one of two runs: what disturbs a run only adds to it.
func (s *searcher) cost(settings contender.Settings) (time.Duration, error) {
	if cost, isKnown := s.tried[settings]; isKnown {
		return cost, nil
	}
	tried := contender.Searched(s.input, settings)
	tried.Share = 1
	results := s.bench.Rounds([]contender.Contender{tried}, runner.Plan{Events: s.events, Rounds: 2}, os.Stderr)
	if results[0].Error != "" {
		return 0, fmt.Errorf("searching: %s", results[0].Error)
	}
	cost := results[0].Least()
	s.tried[settings] = cost
	s.rows = append(s.rows, report.SearchRow{Settings: settings, PerEvent: cost})
	return cost, nil
}
