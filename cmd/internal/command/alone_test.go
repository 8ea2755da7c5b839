package command_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

func TestABinaryCanBeOneCommand(t *testing.T) {
	const moved = "moved to here, fast\n"
	for line, want := range map[string]struct {
		code      command.Code
		out, said string
	}{
		"":                 {command.Good, "moved to , slow\n", ""},
		"--to here --fast": {command.Good, moved, ""},
		"--fast --to=here": {command.Good, moved, ""},
		"--tp here":        {command.CouldNotRun, "", "there is no flag --tp: did you mean --to?\nmover --help lists its flags\n"},
		"--to":             {command.CouldNotRun, "", "--to needs a value\nmover --help lists its flags\n"},
		"elsewhere":        {command.CouldNotRun, "", "move takes flags only\n"},
		"stop":             {command.Wrong, "", "it does not move\n"},
		"stop --now":       {command.Good, "stopped\n", ""},
		"stop --noww":      {command.CouldNotRun, "", "there is no flag --noww: did you mean --now?\nmover stop --help lists its flags\n"},
		"version":          {command.Good, "Version: v7\n", ""},
		"--version":        {command.Good, "Version: v7\n", ""},
		"--help":           {command.Good, "Usage:\n  mover [FLAGS]\n\nMoves.\n\nThe binary can do more than that:\n\n   mover stop  Stop it\n\nFlags:\n  --to PLACE", ""},
		"-h":               {command.Good, "Usage:\n  mover [FLAGS]\n", ""},
		"help":             {command.Good, "Usage:\n  mover [FLAGS]\n", ""},
		"stop --help":      {command.Good, "Usage:\n  mover stop [FLAGS]\n", ""},
	} {
		t.Run(line, func(t *testing.T) {
			var out, said bytes.Buffer
			alone := command.Alone{
				Name: "mover", Version: "v7",
				Command: &cli.Command{
					Name: "move", Usage: "Move", Description: "Moves.",
					Flags: []cli.Flag{&cli.StringFlag{Name: "to", Usage: "a `PLACE`"}, &cli.BoolFlag{Name: "fast"}},
					Action: func(c *cli.Context) error {
						if c.Args().Present() {
							return errors.New("move takes flags only")
						}
						_, err := c.App.Writer.Write([]byte("moved to " + c.String("to") + map[bool]string{true: ", fast\n", false: ", slow\n"}[c.Bool("fast")]))
						return err
					},
				},
				Beside: []*cli.Command{{
					Name: "stop", Usage: "Stop it", Flags: []cli.Flag{&cli.BoolFlag{Name: "now"}},
					Action: func(c *cli.Context) error {
						if !c.Bool("now") {
							return command.Found(errors.New("it does not move"))
						}
						_, err := c.App.Writer.Write([]byte("stopped\n"))
						return err
					},
				}},
			}
			code := alone.Run(t.Context(), append([]string{"mover"}, strings.Fields(line)...), &out, &said)
			assert.Equal(t, want.code, code)
			assert.Contains(t, out.String(), want.out)
			assert.Equal(t, want.said, said.String())
		})
	}
}
