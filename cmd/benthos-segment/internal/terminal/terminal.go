// Package terminal knows where a command writes to: whether somebody looks at
// it, how wide it is, whether it may have colours, and what may be written there
// of texts that strangers made.
package terminal

import (
	"io"
	"os"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// Screen is what a command writes to: a terminal, a file or a pipe.
type Screen struct {
	io.Writer
	// IsTerminal says that somebody looks at it.
	IsTerminal bool
	// HasColours says that colours may be used: it is a terminal, and neither
	// NO_COLOR (https://no-color.org) nor TERM=dumb forbids them.
	HasColours bool
	// IsDumb says that it is a terminal that only writes lines.
	IsDumb bool

	fd int
}

// Of returns what is known of a writer.
func Of(w io.Writer) Screen {
	file, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return Screen{Writer: w}
	}
	isDumb := os.Getenv("TERM") == "dumb"
	return Screen{
		Writer: w, IsTerminal: true, fd: int(file.Fd()),
		HasColours: os.Getenv("NO_COLOR") == "" && !isDumb, IsDumb: isDumb,
	}
}

// Width returns how many columns there are, and 0 where lines have no bound.
func (s Screen) Width() int {
	if !s.IsTerminal {
		return 0
	}
	columns, _, err := term.GetSize(s.fd)
	if err != nil {
		return 0
	}
	return columns
}

// Colour is what a text is painted with.
type Colour string

// The colours are the terminal's own, so that its owner's choice of them counts.
const (
	Plain   Colour = ""
	Dim     Colour = "2"
	Red     Colour = "31"
	Green   Colour = "32"
	Yellow  Colour = "33"
	Blue    Colour = "34"
	Magenta Colour = "35"
	Cyan    Colour = "36"
)

// Paint colours a text, where there are colours.
func (s Screen) Paint(c Colour, text string) string {
	if !s.HasColours || c == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Fit cuts a text that has more than so many columns, and fills one that has
// less.
func Fit(text string, columns int) string {
	return runewidth.FillRight(Cut(text, columns), columns)
}

// Cut cuts a text that has more than so many columns.
func Cut(text string, columns int) string { return runewidth.Truncate(text, columns, "…") }

// Columns returns how many columns a text takes.
func Columns(text string) int { return runewidth.StringWidth(text) }
