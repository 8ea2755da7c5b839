package tail

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
)

// lines writes each call as a line of JSON.
type lines struct{ screen terminal.Screen }

func (lines) wantsContents() bool { return true }

func (l lines) call(c call) error {
	text := string(c.text)
	if l.screen.IsTerminal {
		text = terminal.CleanJSON(text)
	}
	_, err := io.WriteString(l.screen, text+"\n")
	return err
}

// rows writes a call as a line to read, with what is wrong with it below.
type rows struct{ screen terminal.Screen }

func (rows) wantsContents() bool { return false }

var colours = map[string]terminal.Colour{
	"identify": terminal.Green, "track": terminal.Cyan, "page": terminal.Blue,
	"screen": terminal.Magenta, "group": terminal.Yellow, "alias": terminal.Magenta,
}

func (r rows) call(c call) error {
	var text strings.Builder
	text.WriteString(r.line(c))
	for _, v := range c.Violations {
		text.WriteString(r.below(terminal.Red, "✗", v))
	}
	for _, v := range c.Warnings {
		text.WriteString(r.below(terminal.Yellow, "!", v))
	}
	_, err := io.WriteString(r.screen, text.String())
	return err
}

const (
	timeFormat  = "15:04:05.000"
	typeColumns = 8
	// fewestColumns is what a name or a person gets on the narrowest terminal.
	fewestColumns = 12
	// nameColumns is what a name gets where lines have no bound.
	nameColumns = 32
)

// line is: number, time, type, name, whose, and what is unusual.
func (r rows) line(c call) string {
	number := fmt.Sprintf("%6d", c.Seq)
	at := c.At.Local().Format(timeFormat)
	name, who := terminal.Clean(nameOf(c)), terminal.Clean(whoOf(c))
	marks := marksOf(c)
	taken := len(number) + 1 + len(at) + 1 + typeColumns + 1
	if width := r.screen.Width(); width > 0 {
		left := width - taken - 1
		half := max(left/2, fewestColumns)
		name, who = terminal.Fit(name, half), terminal.Cut(who, max(left-half-columnsOf(marks), fewestColumns))
	} else if terminal.Columns(name) < nameColumns {
		name = terminal.Fit(name, nameColumns)
	}
	typed := terminal.Fit(terminal.Clean(c.Type), typeColumns)
	parts := []string{
		r.screen.Paint(terminal.Dim, number), r.screen.Paint(terminal.Dim, at),
		r.screen.Paint(colours[c.Type], typed), name, who,
	}
	for _, m := range marks {
		parts = append(parts, r.screen.Paint(m.colour, m.text))
	}
	return strings.TrimRight(strings.Join(parts, " "), " ") + "\n"
}

// nameOf is what a call is about, beside its person.
func nameOf(c call) string {
	switch c.Type {
	case "group":
		return c.GroupID
	case "alias":
		return c.PreviousID + " →"
	default:
		return c.Name
	}
}

func whoOf(c call) string {
	switch {
	case c.UserID != "":
		return c.UserID
	case c.AnonymousID != "":
		return "anonymous " + c.AnonymousID
	default:
		return "-"
	}
}

// mark is what is unusual about a call.
type mark struct {
	colour terminal.Colour
	text   string
}

func marksOf(c call) (marks []mark) {
	if c.Attempt > 1 {
		marks = append(marks, mark{terminal.Yellow, "attempt " + strconv.Itoa(c.Attempt)})
	}
	if c.Duplicate {
		marks = append(marks, mark{terminal.Yellow, "duplicate"})
	}
	if !c.Accepted {
		marks = append(marks, mark{terminal.Red, strings.ReplaceAll(cmp.Or(terminal.Clean(c.Outcome), "discarded"), "_", " ")})
	}
	return marks
}

func columnsOf(marks []mark) (columns int) {
	for _, m := range marks {
		columns += 1 + len(m.text)
	}
	return columns
}

// below is what is wrong with a call, wrapped under its line.
func (r rows) below(colour terminal.Colour, sign string, v broken) string {
	const indent = "       "
	head := v.Code
	if v.Field != "" {
		head += " " + v.Field
	}
	text := sign + " " + terminal.Clean(head) + ": " + terminal.Clean(v.Message)
	var out strings.Builder
	for n, line := range terminal.Lines(text, r.screen.Width()-len(indent)-2) {
		if n > 0 {
			line = "  " + line
		}
		out.WriteString(indent + r.screen.Paint(colour, line) + "\n")
	}
	return out.String()
}
