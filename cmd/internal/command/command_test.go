package command_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

// ran is what a command was told.
type ran struct {
	files   []string
	size    int64
	format  string
	isLoud  bool
	subFile string
}

// app returns an application with a command of each kind.
func app(out io.Writer, told *ran) *cli.App {
	return &cli.App{
		Name: "tool", Writer: out, ErrWriter: out,
		Flags: []cli.Flag{&cli.StringFlag{Name: "log.level"}, &cli.BoolFlag{Name: "version"}},
		Commands: []*cli.Command{
			{
				Name: "inspect", Usage: "Look at files", Category: command.CategoryEvents,
				Flags: []cli.Flag{
					command.SizeFlag("max-bytes", 64<<20, "at most this `SIZE`"),
					command.ChoiceFlag("format", "text", []string{"text", "json"}, "`FORM` of the report"),
					&cli.BoolFlag{Name: "loud", Usage: "say more"},
				},
				Action: func(c *cli.Context) error {
					*told = ran{
						files: c.Args().Slice(), size: command.Size(c, "max-bytes"),
						format: command.Choice(c, "format"), isLoud: c.Bool("loud"),
					}
					return nil
				},
			},
			{Name: "refuse", Action: func(*cli.Context) error { return command.Refused() }},
			{Name: "find", Action: func(*cli.Context) error { return command.Found(errors.New("found it")) }},
			{Name: "fail", Action: func(*cli.Context) error { return errors.New("no disk") }},
			{Name: "exit", Action: func(*cli.Context) error { return cli.Exit("as others do", 1) }},
			{
				Name: "set", Usage: "Has others",
				Subcommands: []*cli.Command{{
					Name: "one", Flags: []cli.Flag{&cli.BoolFlag{Name: "loud"}},
					Action: func(c *cli.Context) error {
						*told = ran{subFile: c.Args().First(), isLoud: c.Bool("loud")}
						return nil
					},
				}},
			},
			{Name: "secret", Hidden: true},
		},
		Action: func(*cli.Context) error { return errors.New("the engine runs") },
	}
}

var face = command.Face{
	About:  "What this is.",
	Starts: []command.Start{{Line: "inspect file", Does: "looks"}, {Line: "absent file", Does: "is not there"}},
	// set has no category of its own.
	Categories: map[string]string{"set": command.CategoryPipelines},
	Version:    func(w io.Writer) { fmt.Fprintln(w, "Version: 7") },
	IsIdle:     func() bool { return true },
}

func run(t *testing.T, told *ran, args ...string) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = face.Run(t.Context(), app(&out, told), append([]string{"tool"}, args...))
	return out.String(), err
}

// urfave/cli#533: flags after arguments are ignored.
func TestFlagsMayStandAnywhere(t *testing.T) {
	for line, want := range map[string]ran{
		"inspect a b":                            {files: []string{"a", "b"}, size: 64 << 20, format: "text"},
		"inspect a --loud b":                     {files: []string{"a", "b"}, size: 64 << 20, format: "text", isLoud: true},
		"inspect a --format json":                {files: []string{"a"}, size: 64 << 20, format: "json"},
		"inspect a --format=json -":              {files: []string{"a", "-"}, size: 64 << 20, format: "json"},
		"inspect a --max-bytes 64MB --loud":      {files: []string{"a"}, size: 64e6, format: "text", isLoud: true},
		"inspect --max-bytes=1GiB a":             {files: []string{"a"}, size: 1 << 30, format: "text"},
		"inspect --max-bytes 500000":             {size: 500_000, format: "text", files: []string{}},
		"inspect a -- --loud -x":                 {files: []string{"a", "--loud", "-x"}, size: 64 << 20, format: "text"},
		"inspect --loud -- -x":                   {files: []string{"-x"}, size: 64 << 20, format: "text", isLoud: true},
		"--log.level debug inspect a --loud":     {files: []string{"a"}, size: 64 << 20, format: "text", isLoud: true},
		"set one file --loud":                    {subFile: "file", isLoud: true},
		"inspect inspect --loud --format=text -": {files: []string{"inspect", "-"}, size: 64 << 20, format: "text", isLoud: true},
	} {
		t.Run(line, func(t *testing.T) {
			var told ran
			_, err := run(t, &told, strings.Fields(line)...)
			assert.NoError(t, err)
			assert.Equal(t, want, told)
		})
	}
}

func TestEveryErrorHasItsExitCode(t *testing.T) {
	for line, want := range map[string]struct {
		code command.Code
		says string
	}{
		"inspect":                     {command.Good, ""},
		"refuse":                      {command.Wrong, ""},
		"find":                        {command.Wrong, "found it"},
		"exit":                        {command.Wrong, "as others do"},
		"fail":                        {command.CouldNotRun, "no disk"},
		"inspekt a":                   {command.CouldNotRun, `there is no command "inspekt": did you mean inspect?`},
		"--log.level debug wrong":     {command.CouldNotRun, `there is no command "wrong"` + "\ntool --help"},
		"command_test.go":             {command.CouldNotRun, "to run this file as a pipeline, write tool run command_test.go"},
		"help inspekt":                {command.CouldNotRun, "did you mean inspect?"},
		"inspect a --lout":            {command.CouldNotRun, "there is no flag --lout: did you mean --loud?\ntool inspect --help"},
		"inspect --zzzz":              {command.CouldNotRun, "there is no flag --zzzz\n"},
		"inspect -z":                  {command.CouldNotRun, "there is no flag -z\n"},
		"inspect --format":            {command.CouldNotRun, "--format needs a value"},
		"inspect --format jsn":        {command.CouldNotRun, `--format must be text or json, not "jsn": did you mean json?`},
		"inspect --max-bytes 0":       {command.CouldNotRun, `--max-bytes must be a size of at least 1 byte, such as 64MB, 1GiB or 500000, not "0"`},
		"inspect --max-bytes 99EB":    {command.CouldNotRun, "--max-bytes must be a size"},
		"inspect --loud=perhaps":      {command.CouldNotRun, `--loud cannot be "perhaps"`},
		"--versoin":                   {command.CouldNotRun, "there is no flag --versoin: did you mean --version?"},
		"set on":                      {command.CouldNotRun, `did you mean one?`},
		"secre":                       {command.CouldNotRun, `there is no command "secre"` + "\n"},
		"--log.level debug --version": {command.Good, ""},
		"--log.level debug":           {command.CouldNotRun, "the engine runs"},
	} {
		t.Run(line, func(t *testing.T) {
			_, err := run(t, &ran{}, strings.Fields(line)...)
			assert.Equal(t, want.code, command.CodeOf(err))
			if want.says != "" {
				assert.ErrorContains(t, err, want.says)
			}
		})
	}
	assert.Equal(t, command.CouldNotRun, command.CodeOf(command.Failed()))
	assert.Empty(t, command.Failed().Error())
}

func TestTheOverviewIsMadeOfTheCommands(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"help"}, {"-h"}} {
		said, err := run(t, &ran{}, args...)
		assert.NoError(t, err)
		for _, text := range []string{
			"What this is.\n\nUsage:\n  tool COMMAND [FLAGS] [FILES]\n",
			"\nStart here:\n  tool inspect file  looks\n",
			"\nEvents:\n  inspect   Look at files\n", "\nPipelines:\n  set       Has others\n", "\nMore:\n",
			"\nExit codes:\n  0  all is well\n  1  events were refused, or something was found wrong\n  2  the command could not run",
		} {
			assert.Contains(t, said, text)
		}
		assert.NotContains(t, said, "absent")
		assert.NotContains(t, said, "secret")
	}
}

func TestTheHelpOfACommandFitsInto80Columns(t *testing.T) {
	said, err := run(t, &ran{}, "inspect", "--help")
	assert.NoError(t, err)
	assert.Contains(t, said, "Look at files\n\nUsage:\n  tool inspect [FLAGS]\n\nFlags:\n")
	assert.Contains(t, said, "  --max-bytes SIZE  at most this SIZE (default: 64MiB)\n")
	assert.Contains(t, said, "  --loud            say more\n")
	for line := range strings.Lines(said) {
		assert.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 80, line)
	}
	said, err = run(t, &ran{}, "help", "set")
	assert.NoError(t, err)
	assert.Contains(t, said, "tool set [FLAGS] COMMAND\n\nCommands:\n  one")
}

func TestNumbersHaveTheirNouns(t *testing.T) {
	for n, want := range map[int]string{
		0: "0 calls", 1: "1 call", 2: "2 calls", 999: "999 calls", 1000: "1,000 calls", 1234567: "1,234,567 calls", -1234: "-1,234 calls",
	} {
		assert.Equal(t, want, command.Count(n, "call"))
	}
}

func TestSizesAreShownInWholeUnits(t *testing.T) {
	for bytes, want := range map[int64]string{
		64 << 20: "64MiB", 64e6: "64MB", 32_000: "32kB", 1 << 30: "1GiB", 999: "999", 1001: "1001", 1024: "1KiB", 2e9: "2GB",
	} {
		assert.Equal(t, want, command.SizeText(bytes))
	}
}
