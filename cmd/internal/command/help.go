package command

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// helpWidth is how wide help texts are, so that they fit into every terminal.
const helpWidth = 80

// printHelp prints the help of the binary or of a command. It is the printer of
// the library for both.
func (f Face) printHelp(w io.Writer, _ string, data any) {
	switch about := data.(type) {
	case *cli.App:
		f.printOverview(w, about)
	case *cli.Command:
		printCommand(w, about)
	}
}

func (f Face) printOverview(w io.Writer, app *cli.App) {
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s COMMAND [FLAGS] [FILES]\n", wrapped(f.About, 0), app.Name)
	f.printStarts(w, app)
	for _, category := range categories {
		printCommands(w, category, app.Commands)
	}
	printFlags(w, app.VisibleFlags())
	fmt.Fprint(w, "\nExit codes:\n")
	for _, code := range Meanings {
		fmt.Fprintf(w, "  %d  %s\n", code.Code, code.Meaning)
	}
	fmt.Fprintf(w, "\n%s COMMAND --help tells more about a command.\n", app.Name)
}

// printStarts shows the command lines to begin with, whose commands there are.
func (f Face) printStarts(w io.Writer, app *cli.App) {
	var rows []row
	for _, start := range f.Starts {
		name, _, _ := strings.Cut(start.Line, " ")
		if app.Command(name) != nil {
			rows = append(rows, row{app.Name + " " + start.Line, start.Does})
		}
	}
	printRows(w, "Start here", rows)
}

func printCommands(w io.Writer, category string, commands []*cli.Command) {
	var rows []row
	for _, c := range commands {
		if !c.Hidden && c.Category == category {
			rows = append(rows, row{c.Name, c.Usage})
		}
	}
	printRows(w, category, rows)
}

func printCommand(w io.Writer, c *cli.Command) {
	arguments := c.ArgsUsage
	if arguments == "" && hasSubcommands(c) {
		arguments = "COMMAND"
	}
	usage := strings.TrimSpace(c.HelpName + " [FLAGS] " + arguments)
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", wrapped(c.Usage, 0), usage)
	if text := strings.TrimSpace(c.Description); text != "" {
		fmt.Fprintf(w, "\n%s\n", flowed(text))
	}
	if hasSubcommands(c) {
		var rows []row
		for _, sub := range c.Subcommands {
			if !sub.Hidden {
				rows = append(rows, row{sub.Name, sub.Usage})
			}
		}
		printRows(w, "Commands", rows)
	}
	printFlags(w, c.VisibleFlags())
}

// hasSubcommands says whether a command has others than the one for help.
func hasSubcommands(c *cli.Command) bool {
	for _, sub := range c.Subcommands {
		if sub.Name != "help" && !sub.Hidden {
			return true
		}
	}
	return false
}

func printFlags(w io.Writer, flags []cli.Flag) {
	var rows []row
	for _, f := range flags {
		names, does, _ := strings.Cut(f.String(), "\t")
		does = strings.TrimSuffix(strings.TrimSpace(does), "(default: false)")
		rows = append(rows, row{strings.TrimSpace(names), strings.TrimSpace(does)})
	}
	printRows(w, "Flags", rows)
}

// row is a line of a table: what to write, and what it does.
type row struct{ written, does string }

// widest is how wide the left side of a table may be. What is wider has its right
// side on the next line.
const widest = 26

func printRows(w io.Writer, title string, rows []row) {
	if len(rows) == 0 {
		return
	}
	column := 0
	for _, r := range rows {
		if length := utf8.RuneCountInString(r.written); length <= widest {
			column = max(column, length)
		}
	}
	indent := max(column, 8) + 4
	fmt.Fprintf(w, "\n%s:\n", title)
	for _, r := range rows {
		does := wrapped(r.does, indent)
		if length := utf8.RuneCountInString(r.written); length+4 > indent {
			fmt.Fprintf(w, "  %s\n%s%s\n", r.written, strings.Repeat(" ", indent), does)
			continue
		}
		fmt.Fprintf(w, "  %-*s%s\n", indent-2, r.written, does)
	}
}

// flowed wraps the paragraphs of a text that have a line which is too long. What
// is indented is something to type, and stays.
func flowed(text string) string {
	var all, paragraph []string
	isLong := false
	end := func() {
		if isLong {
			paragraph = []string{wrapped(strings.Join(paragraph, " "), 0)}
		}
		all, paragraph, isLong = append(all, paragraph...), nil, false
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			end()
			all = append(all, line)
			continue
		}
		paragraph = append(paragraph, line)
		isLong = isLong || utf8.RuneCountInString(line) > helpWidth
	}
	end()
	return strings.Join(all, "\n")
}

// wrapped breaks a text into lines of helpWidth, all but the first of them
// indented.
func wrapped(text string, indent int) string {
	var lines strings.Builder
	column := indent
	for n, word := range strings.Fields(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case n == 0:
		case column+1+length > helpWidth:
			lines.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			lines.WriteString(" ")
			column++
		}
		lines.WriteString(word)
		column += length
	}
	return lines.String()
}
