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

// countColumns is how wide the numbers of these lists are.
const countColumns = 10

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
	r.say("%s %s: %s", r.screen.Paint(terminal.Dim, where), r.screen.Paint(colours[f.Kind], what), terminal.Clean(f.Sentence))
}

// say writes a line, which a terminal does not break within a word.
func (r *textReport) say(format string, values ...any) {
	fmt.Fprintln(r.out, r.screen.Wrap(fmt.Sprintf(format, values...)))
}

func (r *textReport) showed(_ string, _ place, call segment.Call) {
	fmt.Fprintf(r.calls, "%s\n", call.JSON)
}

func (r *textReport) failed(f failure) {
	r.say("%s %s", r.screen.Paint(terminal.Dim, f.File+":"), r.screen.Paint(terminal.Red, f.Why))
}

func (r *textReport) concluded(s *summary) {
	if !s.isWhole() {
		r.say("%s", notWhole(s))
	}
	r.say("%s: %s would be sent, %s skipped, %s refused",
		command.Count(s.events, "event"), command.Count(s.calls, "call"),
		command.Count(s.allSkipped(), "event"), command.Thousands(s.refused))
	if s.refused > 0 {
		r.say("refused: by the reason, docs/reasons.md explains each")
		r.list(&s.reasons, func(name string) string { return name })
	}
	for n := range skips {
		if s.skipped[n].count == 0 {
			continue
		}
		r.say("skipped: %s %s", command.Count(s.skipped[n].count, "event"), skips[n].summary)
		r.list(&s.skipped[n].names, terminal.Clean)
	}
	if s.empty > 0 {
		r.say("skipped: %d without an event (blank lines or empty arrays)", s.empty)
	}
	if s.plan.isGiven {
		breaks := "break"
		if s.plan.events == 1 {
			breaks = "breaks"
		}
		r.say("plan: %s %s it", command.Count(s.plan.events, "event"), breaks)
		r.list(&s.plan.places, terminal.Clean)
	}
	if len(s.dropped.counts) > 0 {
		r.say("dropped: members at the top level that Segment does not know; " +
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
		fmt.Fprintln(r.out, r.screen.WrapAt(fmt.Sprintf("%*d  %s", countColumns, one.Count, written(one.Name)), countColumns+2))
	}
	switch more := len(all) - maxListed; {
	case t.others > 0:
		fmt.Fprintf(r.out, "%*s  more than %d other names\n", countColumns, "", max(more, 0))
	case more == 1:
		fmt.Fprintf(r.out, "%*s  1 other name\n", countColumns, "")
	case more > 0:
		fmt.Fprintf(r.out, "%*s  %d other names\n", countColumns, "", more)
	}
}
