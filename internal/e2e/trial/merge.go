package trial

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

var (
	nameOfRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| .*\n`)
	otherRun  = regexp.MustCompile(`(?m)^- Of another run \((.+?)\): (.+)\.$`)
)

// What the line above a table says of the rows that are not of its run.
const (
	someAreOthers = ", but for the rows that are named below it"
	allAreOthers  = "Each row is of a run that is named below the table"
)

// run is how some rows of a table were made.
type run struct {
	// how has the versions and the command, with its seed and its calls.
	how  string
	rows []string
}

// Merge takes a table that has only some rounds of a part, and the others from
// the table that a document has. It says of which run each row is.
func Merge(path string, p Part, table string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the document: %w", err)
	}
	_, old, _ := strings.Cut(string(text), opening(p.Name)+"\n")
	old, _, _ = strings.Cut(old, closing(p.Name))
	lines, fresh := rowsOf(old), rowsOf(table)
	if len(lines) == 0 {
		return table, nil
	}
	timed := strings.Contains(old+table, heading(true))
	var rows strings.Builder
	var there []Round
	runs := append(others(old), run{how: howOf(table)})
	last := &runs[len(runs)-1]
	for _, r := range p.Rounds {
		line, isFresh := fresh[r.Name]
		if isFresh {
			last.rows = append(last.rows, r.Name)
		} else if line = lines[r.Name]; line == "" {
			continue
		}
		rows.WriteString(padded(line, timed))
		there = append(there, r)
	}
	runs = settled(runs, there)
	return headOf(old, runs, there) + heading(timed) + rows.String() + belowTable(notesOf(there), runs), nil
}

// rowsOf are the lines of a table by the names of their rounds.
func rowsOf(table string) map[string]string {
	lines := map[string]string{}
	for _, found := range nameOfRow.FindAllStringSubmatch(table, -1) {
		lines[found[1]] = found[0]
	}
	return lines
}

// padded has a column for the pause where the table has one.
func padded(line string, timed bool) string {
	if timed && strings.Count(line, "|") == strings.Count(strings.SplitN(heading(false), "\n", 2)[0], "|") {
		return strings.TrimSuffix(line, "\n") + " 0.0 s |\n"
	}
	return line
}

// howOf is the line above a table, without its colon.
func howOf(table string) string {
	how, _, _ := strings.Cut(table, ":\n\n")
	return how
}

// others are the runs that are named below a table.
func others(table string) (runs []run) {
	for _, found := range otherRun.FindAllStringSubmatch(table, -1) {
		runs = append(runs, run{how: found[1], rows: strings.Split(found[2], "; ")})
	}
	return runs
}

// settled leaves to each run the rows that no later one has replaced, and that
// still are rounds.
func settled(runs []run, there []Round) (left []run) {
	taken := map[string]bool{}
	for _, r := range slices.Backward(runs) {
		var rows []string
		for _, name := range r.rows {
			isRound := slices.ContainsFunc(there, func(r Round) bool { return r.Name == name })
			if isRound && !taken[name] {
				rows = append(rows, name)
				taken[name] = true
			}
		}
		if len(rows) > 0 {
			left = append(left, run{how: r.how, rows: rows})
		}
	}
	slices.Reverse(left)
	return left
}

// headOf names the run of all rows that no other run is named for.
func headOf(old string, runs []run, there []Round) string {
	named := 0
	for _, r := range runs {
		named += len(r.rows)
	}
	if named == len(there) {
		return allAreOthers + ":\n\n"
	}
	return strings.TrimSuffix(howOf(old), someAreOthers) + someAreOthers + ":\n\n"
}

func belowTable(notes string, runs []run) string {
	var b strings.Builder
	b.WriteString(notes)
	if notes == "" {
		b.WriteByte('\n')
	}
	for _, r := range runs {
		fmt.Fprintf(&b, "- Of another run (%s): %s.\n", r.how, strings.Join(r.rows, "; "))
	}
	return b.String()
}
