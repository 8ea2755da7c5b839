// Package create prints pipelines to start from: the engine's, with every field of
// some components, and those that do what RudderStack did.
package create

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

const (
	flagFrom      = "from-rudderstack"
	flagSmall     = "small"
	flagEnvFile   = "env-file"
	flagTemplates = "templates"
)

// maxExportBytes bounds what is read of an export.
const maxExportBytes = 64 << 20

// Command returns the command that prints pipelines. It stands in for the
// engine's, which does all but one of its jobs.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "create",
		Category:  command.CategoryPipelines,
		Usage:     "Print a pipeline to start from",
		ArgsUsage: "[INPUT/PROCESSORS/OUTPUT]",
		Description: `Prints a config with every field of the components that are named: lists of
inputs, processors and outputs with slashes between them. With --from-rudderstack
it prints a pipeline that takes the place of RudderStack's destination Segment: FILE
is what RudderStack exports of a workspace or of a destination. Keys are not in
it, but variables for them, and what cannot be carried over is said.

  benthos-segment create //segment > pipeline.yaml
  benthos-segment create --from-rudderstack export.json > pipeline.yaml`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: flagFrom, Usage: "make it of this `FILE`, or of standard input with -"},
			&cli.BoolFlag{Name: flagSmall, Aliases: []string{"s"}, Usage: "only the main parts, and no advanced fields"},
			&cli.StringSliceFlag{Name: flagEnvFile, Aliases: []string{"e"}, Usage: "take environment variables from `FILE`"},
			&cli.StringSliceFlag{Name: flagTemplates, Aliases: []string{"t"}, Usage: "take templates of components from `FILE`"},
		},
		Action: run,
	}
}

func run(c *cli.Context) error {
	if !c.IsSet(flagFrom) {
		return engine(c)
	}
	if c.Args().Present() {
		return fmt.Errorf("--%s makes the whole pipeline: leave out %s", flagFrom, c.Args().First())
	}
	text, err := readFile(c.String(flagFrom), c.App.Reader)
	if err != nil {
		return err
	}
	e, err := readExport(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.String(flagFrom), err)
	}
	p, err := newPlan(e)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.String(flagFrom), err)
	}
	for _, note := range p.notes {
		fmt.Fprintln(os.Stderr, "not carried over: "+note)
	}
	_, err = io.WriteString(c.App.Writer, p.yaml())
	return err
}

// engine has the engine's command do what it does.
func engine(c *cli.Context) error {
	if err := checkNames(c); err != nil {
		return err
	}
	args := []string{c.App.Name, "create"}
	if c.Bool(flagSmall) {
		args = append(args, "--"+flagSmall)
	}
	for _, name := range []string{flagEnvFile, flagTemplates} {
		for _, value := range c.StringSlice(name) {
			args = append(args, "--"+name, value)
		}
	}
	args = append(append(args, "--"), c.Args().Slice()...)
	code, err := service.RunCLIToCode(c.Context, service.CLIOptSetArgs(args...), service.CLIOptSetBinaryName(c.App.Name))
	if err == nil && code != 0 {
		err = command.Failed()
	}
	return err
}

// checkNames says which of the components there is not, and which was likely meant.
// Those of templates are known to the engine alone.
func checkNames(c *cli.Context) error {
	if c.IsSet(flagTemplates) {
		return nil
	}
	env := service.GlobalEnvironment()
	walks := map[string]func(func(string, *service.ConfigView)){
		"input": env.WalkInputs, "processor": env.WalkProcessors, "output": env.WalkOutputs,
	}
	lists := strings.Split(c.Args().First(), "/")
	for i, kind := range []string{"input", "processor", "output"} {
		if i >= len(lists) {
			break
		}
		var known []string
		walks[kind](func(name string, _ *service.ConfigView) { known = append(known, name) })
		for name := range strings.SplitSeq(lists[i], ",") {
			if name = strings.TrimSpace(name); name == "" || slices.Contains(known, name) {
				continue
			}
			return fmt.Errorf("there is no %s %q%s\n%s list %ss lists all", kind, name, command.DidYouMean(name, known), c.App.Name, kind)
		}
	}
	return nil
}

func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		stdin = file
	}
	text, err := io.ReadAll(io.LimitReader(stdin, maxExportBytes+1))
	if err == nil && len(text) > maxExportBytes {
		err = errors.New("the export is larger than 64 MiB")
	}
	return text, err
}

// list is a list of texts in YAML.
func list(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		one, _ := json.Marshal(text) // which is YAML, too
		// Nothing in it is for the engine to fill in.
		quoted[i] = strings.ReplaceAll(string(one), "${", "$\\u007b")
	}
	return "[ " + strings.Join(quoted, ", ") + " ]"
}
