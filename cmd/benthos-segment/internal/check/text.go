package check

import (
	"fmt"
	"io"
	"strconv"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/segment"
)

// maxListed bounds the lists of the summary.
const maxListed = 50

// textReport is for people: a line for each finding, and the sums at the end.
type textReport struct {
	screen terminal.Screen
	// out takes the findings, and calls the calls, which are for other programs.
	out, calls io.Writer
}

var colours = map[kind]terminal.Colour{refused: terminal.Red, skipped: terminal.Yellow, noted: terminal.Cyan, unplanned: terminal.Yellow}

// labels stand before the reason of what is sent, or is meant to be left out.
var labels = map[kind]string{refused: "", skipped: "skipped ", noted: "note ", unplanned: "plan "}

func (r *textReport) found(f finding) {
	what := labels[f.Kind] + f.Reason
	if f.Field != "" && f.Field != f.Reason {
		what += " " + terminal.Clean(f.Field)
	}
	where := fmt.Sprintf("%s:%d:%d:", f.File, f.line, f.column)
	fmt.Fprintf(r.out, "%s %s: %s\n", r.screen.Paint(terminal.Dim, where),
		r.screen.Paint(colours[f.Kind], what), terminal.Clean(f.Sentence))
}

func (r *textReport) showed(_ string, _ place, call segment.Call) {
	fmt.Fprintf(r.calls, "%s\n", call.JSON)
}

func (r *textReport) failed(f failure) {
	fmt.Fprintf(r.out, "%s %s\n", r.screen.Paint(terminal.Dim, f.File+":"), r.screen.Paint(terminal.Red, f.Why))
}

func (r *textReport) concluded(s *summary) {
	if !s.isWhole() {
		fmt.Fprintln(r.out, notWhole(s))
	}
	fmt.Fprintf(r.out, "%s: %s would be sent, %s skipped, %s refused\n",
		command.Count(s.events, "event"), command.Count(s.calls, "call"),
		command.Count(s.allSkipped(), "event"), command.Thousands(s.refused))
	if s.refused > 0 {
		fmt.Fprintln(r.out, "refused: by the reason, docs/reasons.md explains each")
		r.list(&s.reasons, func(name string) string { return name })
	}
	for n := range skips {
		if s.skipped[n].count == 0 {
			continue
		}
		fmt.Fprintf(r.out, "skipped: %s %s\n", command.Count(s.skipped[n].count, "event"), skips[n].summary)
		r.list(&s.skipped[n].names, terminal.Clean)
	}
	if s.empty > 0 {
		fmt.Fprintf(r.out, "skipped: %d without an event (blank lines or empty arrays)\n", s.empty)
	}
	if s.plan.isGiven {
		breaks := "break"
		if s.plan.events == 1 {
			breaks = "breaks"
		}
		fmt.Fprintf(r.out, "plan: %s %s it\n", command.Count(s.plan.events, "event"), breaks)
		r.list(&s.plan.places, terminal.Clean)
	}
	if len(s.dropped.counts) > 0 {
		fmt.Fprintln(r.out, "dropped: members at the top level that Segment does not know; "+
			"move those that it should get into properties, traits or context")
		r.list(&s.dropped, strconv.Quote)
	}
}

// notWhole says what the sums leave out.
func notWhole(s *summary) string {
	files := "the files that could be read"
	if s.isInterrupted {
		files = "what was read before the interruption"
	}
	return "not everything was checked: these are the sums of " + files
}

// list shows names, the most frequent first.
func (r *textReport) list(t *tally, written func(string) string) {
	all := t.list()
	for _, one := range all[:min(len(all), maxListed)] {
		fmt.Fprintf(r.out, "%10d  %s\n", one.Count, written(one.Name))
	}
	switch more := len(all) - maxListed; {
	case t.others > 0:
		fmt.Fprintf(r.out, "%10s  more than %d other names\n", "", max(more, 0))
	case more > 0:
		fmt.Fprintf(r.out, "%10s  %d other names\n", "", more)
	}
}
