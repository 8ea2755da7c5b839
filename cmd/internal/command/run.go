package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// The groups in which the help text lists commands.
const (
	// CategoryEvents is for what handles events without a pipeline.
	CategoryEvents = "Events"
	// CategoryLocal is for what stands in for Segment on this machine.
	CategoryLocal = "Try it on this machine"
	// CategoryPipelines is for what writes, checks and runs pipelines.
	CategoryPipelines = "Pipelines"
	// CategoryMore is for everything else.
	CategoryMore = "More"
)

// categories are all of them in their order.
var categories = []string{CategoryEvents, CategoryLocal, CategoryPipelines, CategoryMore}

// Face is what the binary shows of itself: what it is, and how its commands
// behave where the engine has nothing of its own.
type Face struct {
	// About is the first line of the help text.
	About string
	// Starts are command lines to begin with. Those of commands that there are
	// not are left out.
	Starts []Start
	// Categories are those of commands that have none.
	Categories map[string]string
	// Version prints what this binary is made of.
	Version func(io.Writer)
	// IsIdle says whether there is nothing to do without a command.
	IsIdle func() bool
}

// Start is a command line to begin with.
type Start struct {
	// Line is what follows the name of the binary.
	Line string
	// Does says what it does, in a few words.
	Does string
}

// Run runs a command line. Every command of the application takes its flags in
// any order, says what is misspelt, and returns its error instead of ending the
// process.
func (f Face) Run(ctx context.Context, app *cli.App, args []string) error {
	var missing error
	app.ExitErrHandler = func(*cli.Context, error) {}
	app.OnUsageError = usageError
	app.CommandNotFound = func(c *cli.Context, name string) { missing = unknownCommand(c, name) }
	action := app.Action
	app.Action = func(c *cli.Context) error {
		switch {
		case c.Bool("version"):
			f.Version(c.App.Writer)
			return nil
		case c.Args().Present():
			return unknownCommand(c, c.Args().First())
		case c.NumFlags() == 0 && f.IsIdle():
			return cli.ShowAppHelp(c)
		}
		return action(c)
	}
	f.dress(app.Commands)
	defer func(printer func(io.Writer, string, any)) { cli.HelpPrinter = printer }(cli.HelpPrinter)
	cli.HelpPrinter = f.printHelp
	return errors.Join(app.RunContext(ctx, Arrange(app, args)), missing)
}

// dress gives commands what they have in common.
func (f Face) dress(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = usageError
		if c.Category == "" {
			c.Category = f.Categories[c.Name]
		}
		if c.Category == "" {
			c.Category = CategoryMore
		}
		f.dress(c.Subcommands)
	}
}

// unknownCommand says that there is no such command, and what is most like it.
func unknownCommand(c *cli.Context, name string) error {
	all := c.App.Commands
	if c.Command != nil && len(c.Command.Subcommands) > 0 {
		all = c.Command.Subcommands
	}
	said := DidYouMean(name, commandNames(all))
	if said == "" {
		if _, err := os.Stat(name); err == nil {
			said = fmt.Sprintf(": to run this file as a pipeline, write %s run %s", c.App.Name, name)
		}
	}
	return fmt.Errorf("there is no command %q%s\n%s --help lists all commands", name, said, c.App.Name)
}

var (
	undefinedFlag = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	missingValue  = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	invalidValue  = regexp.MustCompile(`(?s)^invalid (?:boolean )?value "(.*)" for (?:flag )?-(\S+): (.*)$`)
)

// usageError says what is wrong with the flags in a user's words.
func usageError(c *cli.Context, err error, _ bool) error {
	name, flags := c.App.Name, c.App.Flags
	if c.Command != nil {
		flags = c.Command.Flags
		if c.Command.HelpName != "" {
			name = c.Command.HelpName
		}
	}
	return fmt.Errorf("%s\n%s --help lists its flags", flagError(err.Error(), flags), name)
}

func flagError(said string, flags []cli.Flag) string {
	if found := undefinedFlag.FindStringSubmatch(said); found != nil {
		written := Dashed(found[1])
		return "there is no flag " + written + DidYouMean(written, flagNames(flags))
	}
	if found := missingValue.FindStringSubmatch(said); found != nil {
		return Dashed(found[1]) + " needs a value"
	}
	found := invalidValue.FindStringSubmatch(said)
	if found == nil {
		return said
	}
	written, name, why := found[1], Dashed(found[2]), found[3]
	switch {
	case strings.HasPrefix(why, "must be ") && strings.Contains(why, ", not "):
		return name + " " + why
	case strings.HasPrefix(why, "must be "):
		return fmt.Sprintf("%s %s, not %q", name, why, written)
	default:
		return fmt.Sprintf("%s cannot be %q: %s", name, written, why)
	}
}

// Dashed returns a flag as it is written.
func Dashed(name string) string {
	name = strings.TrimLeft(name, "-")
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
