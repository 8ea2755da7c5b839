package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/plugin/lint"
)

const (
	flagFormat    = "format"
	flagSend      = "send-test-event"
	flagResources = "resources"
	flagEnvFile   = "env-file"

	asText = "text"
	asJSON = "json"
)

// Command returns the command that looks at what a pipeline needs.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Category:  command.CategoryPipelines,
		Usage:     "Look for what keeps a pipeline from reaching Segment",
		ArgsUsage: "FILE...",
		Description: `Looks at the configuration with its variables, the write key, dead letters, the
address of the endpoint, the proxy, TLS, the clock, batching beside the time an
answer takes, http.address and shutdown_timeout: one line each, with what to do.
A folder stands for the configs of streams mode in it. No event is sent, unless
--send-test-event is set, and no write key is shown.

  benthos-segment doctor pipeline.yaml`,
		Flags: []cli.Flag{
			command.ChoiceFlag(flagFormat, asText, []string{asText, asJSON}, "`FORM` of the report"),
			&cli.BoolFlag{Name: flagSend, Usage: "send one event through each output"},
			&cli.StringSliceFlag{Name: flagResources, Aliases: []string{"r"}, Usage: "take resources from `FILE`"},
			&cli.StringSliceFlag{Name: flagEnvFile, Aliases: []string{"e"}, Usage: "take environment variables from `FILE`"},
		},
		Action: run,
	}
}

func run(c *cli.Context) error {
	if !c.Args().Present() {
		return errors.New("name the pipeline to look at, as in: doctor pipeline.yaml")
	}
	if err := setVariables(c.StringSlice(flagEnvFile)); err != nil {
		return err
	}
	pipelines, err := read(c.Args().Slice(), c.StringSlice(flagResources))
	if err != nil {
		return err
	}
	results := []result{}
	e := &examination{sendsEvent: c.Bool(flagSend), found: func(r result) { results = append(results, r) }}
	isText := command.Choice(c, flagFormat) == asText
	if isText {
		out := terminal.Wrapping(c.App.Writer)
		e.found = func(r result) { print(out, r) }
	}
	e.pipelines(c.Context, pipelines)
	if !isText {
		encoder := json.NewEncoder(c.App.Writer)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(results); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	if e.worst == wrong {
		return command.Refused()
	}
	return nil
}

func print(w io.Writer, r result) {
	switch r.Status {
	case wrong:
		fmt.Fprintln(w, color.RedString("%s", r))
	case warning:
		fmt.Fprintln(w, color.YellowString("%s", r))
	default:
		fmt.Fprintln(w, r)
	}
}

// pipeline is a config with its variables filled in.
type pipeline struct {
	file   string
	config map[string]any
	lints  []lint.Finding
	// isStream says that it is one of streams mode, whose server and stop are
	// those of another config.
	isStream bool
}

func (e *examination) pipelines(ctx context.Context, pipelines []pipeline) {
	for _, p := range pipelines {
		e.lints(p)
		var outputs []output
		for _, f := range find(p.config["output"], "output", nil) {
			o, err := newOutput(f)
			if err != nil {
				continue // lint has said it
			}
			o.file, o.isRefused = p.file, slices.ContainsFunc(p.lints, func(f lint.Finding) bool { return !f.IsHint })
			outputs = append(outputs, o)
			e.output(ctx, o)
		}
		if len(outputs) == 0 {
			e.withoutOutput(p)
		}
		if !p.isStream {
			e.address(p.file, p.config)
			e.stop(p.file, p.config, outputs)
		}
	}
}

// withoutOutput says why no output was looked at.
func (e *examination) withoutOutput(p pipeline) {
	if p.config == nil || names(p.config["output"], "segment") {
		e.say("config", p.file, wrong, "the output was not looked at", "correct first what lint finds above")
		return
	}
	e.say("config", p.file, wrong, "there is no output segment in it", "add one: docs/segment.md")
}

// lints says what lint says.
func (e *examination) lints(p pipeline) {
	for _, f := range p.lints {
		is := wrong
		if f.IsHint {
			is = warning
		}
		e.say("config", fmt.Sprintf("%s(%d,%d)", p.file, f.Line, f.Column), is, f.Text, "")
	}
	if len(p.lints) == 0 {
		e.say("config", p.file, good, "lint finds nothing", "")
	}
}

// read reads configs, with the output resources of others.
func read(args, resourceFiles []string) (pipelines []pipeline, err error) {
	linter, err := lint.New(service.GlobalEnvironment())
	if err != nil {
		return nil, err
	}
	shared := map[string]any{}
	for _, file := range resourceFiles {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		linter.AddResources(text)
		config, _ := resolve(text)
		maps.Copy(shared, resourcesOf(config))
	}
	for _, arg := range args {
		files, isStream, err := filesOf(arg)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			p := pipeline{file: file, isStream: isStream, lints: linter.Lint(file, text)}
			config, err := resolve(text)
			if err == nil { // else lint says so
				resources := maps.Clone(shared)
				maps.Copy(resources, resourcesOf(config))
				p.config, _ = follow(config, resources).(map[string]any)
			}
			pipelines = append(pipelines, p)
		}
	}
	return pipelines, nil
}

// resolve reads a config with its variables filled in.
func resolve(text []byte) (config map[string]any, err error) {
	err = yaml.Unmarshal(lint.Resolve(text, os.LookupEnv), &config)
	return config, err
}

// filesOf returns the files that an argument stands for.
func filesOf(arg string) (files []string, isStream bool, err error) {
	info, err := os.Stat(arg)
	if err != nil || !info.IsDir() {
		return []string{arg}, false, err
	}
	err = filepath.WalkDir(arg, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && slices.Contains([]string{".yaml", ".yml"}, strings.ToLower(filepath.Ext(path))) {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there is no config in %s", arg)
	}
	return files, true, err
}

func setVariables(files []string) error {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		variables, err := service.ParseEnvFile(text)
		if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		for name, value := range variables {
			if err := os.Setenv(name, value); err != nil {
				return fmt.Errorf("setting %s: %w", name, err)
			}
		}
	}
	return nil
}
