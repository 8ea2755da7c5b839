package terminal

import (
	"io"
	"regexp"
	"strings"
)

const (
	// fewest is how many columns are worth breaking lines for.
	fewest = 24
	// hang is how many blanks are before what goes on on the next line.
	hang = 2
)

// colour is what paints a text, and takes no column.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Lines breaks a text between words into lines of so many columns. One that is
// narrower than that, or where columns are too few to read, stays whole.
func Lines(text string, columns int) (lines []string) {
	if columns < fewest {
		return []string{text}
	}
	line, taken := "", 0
	for n, word := range strings.Split(text, " ") {
		wide := Columns(colour.ReplaceAllString(word, ""))
		switch {
		case n == 0:
			line, taken = word, wide
		case taken+1+wide > columns && strings.TrimSpace(line) != "":
			lines = append(lines, line)
			line, taken = word, wide
		default:
			line, taken = line+" "+word, taken+1+wide
		}
	}
	return append(lines, line)
}

// Wrap breaks a line that is wider than the screen between its words: a terminal
// breaks it in the middle of one. Anywhere else a line stays whole.
func (s Screen) Wrap(line string) string { return s.WrapAt(line, hang) }

// WrapAt does so with so many blanks before what goes on on the next line.
func (s Screen) WrapAt(line string, indent int) string {
	width := s.Width()
	if width == 0 || Columns(colour.ReplaceAllString(line, "")) <= width {
		return line
	}
	return strings.Join(Lines(line, width-indent), "\n"+strings.Repeat(" ", indent))
}

// Wrapping returns a writer that wraps what is written to it, line by line, if
// that is a terminal. Lines have to come whole.
func Wrapping(w io.Writer) io.Writer {
	screen := Of(w)
	if !screen.IsTerminal {
		return w
	}
	return wrapping{screen}
}

type wrapping struct{ Screen }

// Write writes lines.
func (w wrapping) Write(text []byte) (int, error) {
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		whole, hasEnd := strings.CutSuffix(line, "\n")
		if lines[i] = w.Wrap(whole); hasEnd {
			lines[i] += "\n"
		}
	}
	if _, err := io.WriteString(w.Writer, strings.Join(lines, "")); err != nil {
		return 0, err
	}
	return len(text), nil
}
