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

const (
	docs     = "docs"
	pageName = "benchmarks.md"
)

// SaveRun writes the table into the page, the chart beside it, and the figures
// for programs.
func SaveRun(root string, run Run) error {
	text := fmt.Sprintf("`%s`, %d rounds on %s. Events have %d bytes (mean), %d at the 99th percentile, %d at most.\n\n%s\n### Aims\n\n%s",
		run.Command, run.Rounds, run.Machine, run.Sizes.Mean, run.Sizes.P99, run.Sizes.Max, run.markdown(), run.aims())
	if err := replace(root, "table", text); err != nil {
		return err
	}
	data, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the results: %w", err)
	}
	if err := write(root, "benchmarks.json", string(data)+"\n"); err != nil {
		return err
	}
	return write(root, "benchmarks.svg", run.chart())
}

// SaveGrowth writes the curves.
func SaveGrowth(root string, curves []Curve) error {
	var text strings.Builder
	for _, curve := range curves {
		fmt.Fprintf(&text, "### By %s\n\n![CPU per event by %[1]s](%s)\n\n%s\n", curve.Title, curve.file(), curve.Markdown())
		if err := write(root, curve.file(), curve.plot()); err != nil {
			return err
		}
	}
	return replace(root, "growth", strings.TrimSuffix(text.String(), "\n"))
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
func SaveSearch(root string, searches []Search) error {
	var text strings.Builder
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
	return replace(root, "search", text.String())
}

func write(root, name, text string) error {
	if err := os.WriteFile(filepath.Join(root, docs, name), []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	return nil
}

// replace puts the text between the marks of that name. All else on the page is
// written by hand.
func replace(root, name, text string) error {
	page, err := os.ReadFile(filepath.Join(root, docs, pageName))
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, hasBegin := strings.Cut(string(page), begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		return fmt.Errorf("docs/%s has no marks for %q", pageName, name)
	}
	return write(root, pageName, before+begin+"\n"+text+"\n"+end+after)
}
