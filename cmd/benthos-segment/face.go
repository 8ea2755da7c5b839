package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/envfile"
	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/plugin/lint"
)

// face is what the binary shows of itself.
var face = command.Face{
	About: "Sends customer events to Segment: from files, or from anything that Benthos (the engine of Redpanda Connect) can read.",
	Starts: []command.Start{
		{Line: "check events.ndjson", Does: "what is wrong with your events, without sending them"},
		{Line: "sandbox", Does: "a Segment on this machine, with a page to watch"},
		{Line: "send events.ndjson", Does: "your events to Segment, or to the sandbox"},
		{Line: "create //segment > pipeline.yaml", Does: "a pipeline to start from, with every field"},
		{Line: "run pipeline.yaml", Does: "the pipeline, until Ctrl-C"},
	},
	// The engine's own commands have no category.
	Categories: map[string]string{
		"run": command.CategoryPipelines, "streams": command.CategoryPipelines, "lint": command.CategoryPipelines,
		"test": command.CategoryPipelines, "create": command.CategoryPipelines, "list": command.CategoryPipelines,
	},
	Version: printVersion,
	IsIdle:  func() bool { return !hasDefaultConfig() },
}

// entrance is the name of the command that hands over the engine's application.
const entrance = "__main"

// runEngine runs a command line and returns the exit code. The engine hands its
// application to nobody but its commands, and knows the codes of its own errors.
// So it runs a command of ours, which gives the application our face and runs the
// line with it.
func runEngine(ctx context.Context, args []string, options []service.CLIOptFunc) command.Code {
	for _, c := range commands() {
		options = append(options, service.CLIOptAddCommand(c))
	}
	options = append(
		options,
		service.CLIOptSetArgs("benthos-segment", entrance),
		service.CLIOptAddCommand(&cli.Command{
			Name: entrance, Hidden: true,
			Action: func(c *cli.Context) error {
				envfile.Guard(c.App)
				return face.Run(c.Context, c.App, args)
			},
		}),
	)
	code, err := service.RunCLIToCode(ctx, options...)
	if err == nil {
		return command.Code(code)
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	return command.CodeOf(err)
}

// wrappedLint is the engine's replaced, with lines that no terminal breaks in the
// middle of a word.
func wrappedLint() *cli.Command {
	c := lint.Command(service.GlobalEnvironment())
	action := c.Action
	c.Action = func(c *cli.Context) error {
		c.App.ErrWriter = terminal.Wrapping(c.App.ErrWriter)
		return action(c)
	}
	return c
}

// hasDefaultConfig says whether the engine finds a config that nobody names.
func hasDefaultConfig() bool {
	for _, path := range defaultConfigPaths {
		if _, err := os.Stat(path); err == nil {
			return true
		}
	}
	return false
}

// codeOfRefusal is what the process ends with where a write key is not read as
// text: a linter has found it, and everything else cannot run.
func codeOfRefusal(args []string) command.Code {
	if len(args) > 1 && args[1] == "lint" {
		return command.Wrong
	}
	return command.CouldNotRun
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:     "version",
		Category: command.CategoryMore,
		Usage:    "Print the version of the binary and of what is in it",
		Action: func(c *cli.Context) error {
			printVersion(c.App.Writer)
			return nil
		},
	}
}

// engineModules are those whose versions say what a pipeline can do.
var engineModules = map[string]string{
	"github.com/redpanda-data/benthos/v4": "Benthos",
	"github.com/redpanda-data/connect/v4": "Redpanda Connect",
}

func printVersion(w io.Writer) {
	fmt.Fprintf(w, "Version: %s\nDate: %s\n", Version, DateBuilt)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, module := range info.Deps {
		if name := engineModules[module.Path]; name != "" {
			fmt.Fprintf(w, "%s: %s\n", name, module.Version)
		}
	}
	fmt.Fprintf(w, "Go: %s\n", info.GoVersion)
}
