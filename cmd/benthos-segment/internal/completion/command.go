// Package completion lets shells complete the commands, flags and choices of the
// binary. The scripts ask the binary itself, so that they know every command that
// it has.
package completion

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

// asked is the command by which the scripts ask.
const asked = "__complete"

// Commands returns the command that prints a script, and the hidden one that the
// scripts call.
func Commands() []*cli.Command {
	return []*cli.Command{
		{
			Name:      "completion",
			Category:  command.CategoryMore,
			Usage:     "Print what makes a shell complete commands and flags",
			ArgsUsage: command.OneOf(shells()),
			Description: `Prints a script for a shell. To have it in every new one:

  bash:
    benthos-segment completion bash \
      > ~/.local/share/bash-completion/completions/benthos-segment
  zsh:
    benthos-segment completion zsh > "${fpath[1]}/_benthos-segment"
  fish:
    benthos-segment completion fish \
      > ~/.config/fish/completions/benthos-segment.fish

To try it in this one: source <(benthos-segment completion bash)`,
			Subcommands: scriptCommands(),
			Action: func(c *cli.Context) error {
				if shell := c.Args().First(); shell != "" {
					return fmt.Errorf("the shell must be %s, not %q%s", command.OneOf(shells()), shell, command.DidYouMean(shell, shells()))
				}
				return fmt.Errorf("name the shell: %s completion %s", c.App.Name, command.OneOf(shells()))
			},
		},
		{
			Name:            asked,
			Hidden:          true,
			HideHelp:        true,
			SkipFlagParsing: true,
			Action: func(c *cli.Context) error {
				for _, found := range Candidates(c.App, c.Args().Slice()) {
					fmt.Fprintf(c.App.Writer, "%s\t%s\n", found.Word, found.Does)
				}
				return nil
			},
		},
	}
}

func scriptCommands() (all []*cli.Command) {
	for _, s := range scripts {
		all = append(all, &cli.Command{
			Name:  s.shell,
			Usage: "Print the script for " + s.shell,
			Action: func(c *cli.Context) error {
				_, err := fmt.Fprint(c.App.Writer, strings.NewReplacer(
					"NAME", c.App.Name, "FUNCTION", strings.ReplaceAll(c.App.Name, "-", "_"), "ASKED", asked,
				).Replace(s.text))
				return err
			},
		})
	}
	return all
}

func shells() (names []string) {
	for _, s := range scripts {
		names = append(names, s.shell)
	}
	return names
}
