package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"
)

// Alone is a binary that is one command: its flags follow the name of the
// binary at once. Beside is what else it can do, by name.
type Alone struct {
	Name    string
	Command *cli.Command
	Beside  []*cli.Command
	Version string
}

// Run runs a command line, whose first word is the name of the binary, and
// returns the exit code.
func (a Alone) Run(ctx context.Context, args []string, out, said io.Writer) Code {
	main := *a.Command
	main.Description += "\n\nThe binary can do more than that:\n"
	for _, c := range a.Beside {
		main.Description += fmt.Sprintf("\n   %s %s  %s", a.Name, c.Name, c.Usage)
	}
	app := &cli.App{
		Name: a.Name, Writer: out, ErrWriter: said,
		Commands: append([]*cli.Command{&main}, a.Beside...),
		// The command has the flags, and the application none.
		HideVersion: true,
	}
	app.Setup()
	main.HelpName = a.Name
	rest := args[min(1, len(args)):]
	if len(rest) == 1 && slices.Contains([]string{"version", "--version", "-v"}, rest[0]) {
		fmt.Fprintln(out, "Version:", a.Version)
		return Good
	}
	err := Face{}.Run(ctx, app, append([]string{a.Name}, a.named(rest)...))
	if err != nil && !errors.Is(err, errNothingToAdd) {
		fmt.Fprintln(said, err)
	}
	return CodeOf(err)
}

// named returns a command line that begins with the name of a command.
func (a Alone) named(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append([]string{a.Command.Name, "--help"}, args[1:]...)
	case len(args) > 0 && slices.ContainsFunc(a.Beside, func(c *cli.Command) bool { return c.HasName(args[0]) }):
		return args
	default:
		return append([]string{a.Command.Name}, args...)
	}
}
