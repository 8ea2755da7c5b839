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
	searcher := &searcher{bench: bench, events: 15_000, tried: map[contender.Settings]time.Duration{}}
	if o.events > 0 {
		searcher.events = o.events
	}
	best := contender.Settings{Output: "recipe_output", Count: 100, Threads: 2, InFlight: 4, Algorithm: "gzip", Level: 1}
	for {
		before := best
		for _, turn := range turns {
			if err := searcher.turn(&best, turn); err != nil {
				return err
			}
		}
		if best == before {
			break
		}
	}
	fmt.Printf("\nbest: %s, %v an event\n", best, searcher.tried[best])
	if !o.save {
		return nil
	}
	return report.SaveSearch(o.root, searcher.rows, best)
}

// turns are the settings, and the values that each is given.
var turns = []func(contender.Settings) []contender.Settings{
	func(s contender.Settings) []contender.Settings {
		return varied(s, []string{"recipe_output", "recipe_output_lines", "recipe_output_from_all"}, func(s *contender.Settings, v string) { s.Output = v })
	},
	func(s contender.Settings) []contender.Settings {
		return varied(s, []int{10, 100, 300}, func(s *contender.Settings, v int) { s.Count = v })
	},
	func(s contender.Settings) []contender.Settings {
		return varied(s, []int{1, 2, 4}, func(s *contender.Settings, v int) { s.Threads = v })
	},
	func(s contender.Settings) []contender.Settings {
		return varied(s, []int{1, 4, 64}, func(s *contender.Settings, v int) { s.InFlight = v })
	},
	func(s contender.Settings) []contender.Settings {
		return varied(s, []string{"gzip", "pgzip"}, func(s *contender.Settings, v string) { s.Algorithm = v })
	},
	func(s contender.Settings) []contender.Settings {
		return varied(s, []int{1, 3, 6, -1}, func(s *contender.Settings, v int) { s.Level = v })
	},
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
	events int
	tried  map[contender.Settings]time.Duration
	rows   []report.SearchRow
}

// turn tries the values of one setting.
func (s *searcher) turn(best *contender.Settings, turn func(contender.Settings) []contender.Settings) error {
	start := *best
	for _, settings := range turn(start) {
		cost, err := s.cost(settings)
		if err != nil {
			return err
		}
		if cost < s.tried[*best] || *best == settings {
			*best = settings
		}
	}
	return nil
}

// cost is the lower one of two runs: what disturbs a run only adds to it.
func (s *searcher) cost(settings contender.Settings) (time.Duration, error) {
	if cost, isKnown := s.tried[settings]; isKnown {
		return cost, nil
	}
	results := s.bench.Rounds([]contender.Contender{contender.Searched(settings)}, runner.Plan{Events: s.events * 5, Rounds: 2}, os.Stderr)
	if results[0].Error != "" {
		return 0, fmt.Errorf("searching: %s", results[0].Error)
	}
	cost := results[0].Least()
	s.tried[settings] = cost
	s.rows = append(s.rows, report.SearchRow{Settings: settings, PerEvent: cost})
	return cost, nil
}
