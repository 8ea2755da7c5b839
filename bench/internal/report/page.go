package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"benthos-segment/bench/internal/contender"
)

// What is written, by its place below the root of the repository. The summary
// is for users; the page of this module has everything.
const (
	summaryPage = "docs/benchmarks.md"
	chartFile   = "docs/benchmarks.svg"
	resultsPage = "bench/README.md"
	figuresFile = "bench/results.json"
)

// SaveRun writes the figures for programs, and the pages and the chart that
// show them.
func SaveRun(root string, run Run) error {
	data, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the results: %w", err)
	}
	if err := write(root, figuresFile, string(data)+"\n"); err != nil {
		return err
	}
	return SavePages(root, run)
}

// LoadRun returns the run that was saved last.
func LoadRun(root string) (run Run, err error) {
	data, err := os.ReadFile(filepath.Join(root, figuresFile))
	if err != nil {
		return run, fmt.Errorf("reading results: %w", err)
	}
	if err := json.Unmarshal(data, &run); err != nil {
		return run, fmt.Errorf("decoding %s: %w", figuresFile, err)
	}
	return run, nil
}

// SavePages writes the tables into the pages, and the chart.
func SavePages(root string, run Run) error {
	if err := replace(root, summaryPage, "summary", run.summary()); err != nil {
		return err
	}
	if err := replace(root, resultsPage, "table", run.results()); err != nil {
		return err
	}
	return write(root, chartFile, run.chart())
}

// results is everything that the run found, as the page of this module has it.
func (r Run) results() string {
	return fmt.Sprintf("%s\n\n%s\n### Aims\n\n%s", r.origin(), r.markdown(), r.aims())
}

// origin says where the figures come from.
func (r Run) origin() string {
	return fmt.Sprintf("%s, %d rounds. Events have %d bytes (mean), %d at the 99th percentile, %d at most.",
		r.Machine.origin(r.Command), r.Rounds, r.Sizes.Mean, r.Sizes.P99, r.Sizes.Max)
}

// SaveGrowth writes the curves.
func SaveGrowth(root string, machine Machine, curves []Curve) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s.\n\n", machine.origin("make bench-growth"))
	for _, curve := range curves {
		fmt.Fprintf(&text, "### By %s\n\n![CPU per event by %[1]s](%s)\n\n%s\n", curve.Title, curve.file(), curve.Markdown())
		if err := write(root, "bench/"+curve.file(), curve.plot()); err != nil {
			return err
		}
	}
	return replace(root, resultsPage, "growth", strings.TrimSuffix(text.String(), "\n"))
}

// SearchRow is one set of settings of the recipe and its cost.
type SearchRow struct {
	Settings contender.Settings
	PerEvent time.Duration
	// IsKept says that the search went on with it.
	IsKept bool
}

// Search is all that was tried for one input.
type Search struct {
	Input string
	Rows  []SearchRow
	Best  contender.Settings
}

// SaveSearch writes what the searches tried.
func SaveSearch(root string, machine Machine, searches []Search) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s.\n\n", machine.origin("make bench-search"))
	text.WriteString("| input | output | count | threads | max_in_flight | algorithm | level | CPU µs/event | |\n|---|---|--:|--:|--:|---|--:|--:|---|\n")
	for _, search := range searches {
		for _, row := range search.Rows {
			s, mark := row.Settings, ""
			switch {
			case row.IsKept && s == search.Best:
				mark = "best"
			case row.IsKept:
				mark = "kept"
			}
			fmt.Fprintf(&text, "| %s | %s | %d | %d | %d | %s | %d | %s | %s |\n", search.Input, s.Output, s.Count, s.Threads, s.InFlight, s.Algorithm, s.Level, micros(row.PerEvent), mark)
		}
	}
	return replace(root, resultsPage, "search", text.String())
}

func write(root, path, text string) error {
	if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	return nil
}

// replace puts the text between the marks of that name on a page. All else on
// the page is written by hand.
func replace(root, path, name, text string) error {
	page, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, hasBegin := strings.Cut(string(page), begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		return fmt.Errorf("%s has no marks for %q", path, name)
	}
	return write(root, path, before+begin+"\n"+text+"\n"+end+after)
}
