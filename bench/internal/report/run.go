// Package report puts results into words: the table in the terminal, the
// summary in docs/benchmarks.md, the results in bench/README.md, and their
// pictures.
package report

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/corpus"
	"benthos-segment/bench/internal/runner"
)

// Run is all that one run found out.
type Run struct {
	Machine Machine
	Sizes   corpus.Sizes
	Rounds  int
	Command string
	Results []runner.Result
}

// find returns the result with that id, where there is one.
func (r Run) find(id string) (runner.Result, bool) {
	for _, result := range r.Results {
		if result.ID == id && len(result.PerEvent) > 0 {
			return result, true
		}
	}
	return runner.Result{}, false
}

// ratio is how much more the contender costs than the run of ours that it is
// compared with.
func (r Run) ratio(result runner.Result) float64 {
	ours, isThere := r.find(result.Against)
	if !isThere || ours.Median() == 0 {
		return 0
	}
	return float64(result.Median()) / float64(ours.Median())
}

var headings = []string{
	"contender", "CPU µs/event, median", "min", "max", "events per CPU-second", "events/s", "peak MB", "own MB", "requests", "wire bytes/event", "times ours", "events",
}

// cells are the columns of one contender.
func (r Run) cells(result runner.Result) []string {
	if result.Missing != "" {
		return []string{result.Name, "left out: " + result.Missing}
	}
	if result.Error != "" || len(result.PerEvent) == 0 {
		return []string{result.Name, "failed: " + result.Error}
	}
	median := result.Median()
	cells := []string{
		result.Name, micros(median), micros(result.Least()), micros(result.Most()),
		thousands(float64(time.Second) / float64(max(1, median))), "", fmt.Sprint(result.Peak >> 20), "", "", "", "", thousands(float64(result.Events)),
	}
	if result.Own > 0 {
		cells[7] = fmt.Sprint(result.Own >> 20)
	}
	if result.Rate() > 0 {
		cells[5] = thousands(result.Rate())
		cells[8] = thousands(float64(result.Requests))
		cells[9] = fmt.Sprint(result.WireBytes / int64(result.Events))
	}
	if ratio := r.ratio(result); ratio > 0 {
		cells[10] = fmt.Sprintf("%.1f", ratio)
	}
	return cells
}

// Text is the table for a terminal.
func (r Run) Text() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(headings, "\t"))
	for _, result := range r.Results {
		fmt.Fprintln(table, strings.Join(r.cells(result), "\t"))
	}
	_ = table.Flush()
	return text.String() + "\n" + r.aims()
}

// markdown is the table for the page, cut where a new group begins.
func (r Run) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "| %s |\n|%s\n", strings.Join(headings, " | "), "---|"+strings.Repeat("--:|", len(headings)-1))
	var group contender.Group
	for _, result := range r.Results {
		if result.Group != group {
			group = result.Group
			fmt.Fprintf(&text, "| **%s** |%s\n", group, strings.Repeat(" |", len(headings)-1))
		}
		cells := r.cells(result)
		for len(cells) < len(headings) {
			cells = append(cells, "")
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	return text.String()
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Microsecond))
}

// thousands writes a number with a comma every three digits.
func thousands(number float64) string {
	digits := fmt.Sprintf("%.0f", number)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
