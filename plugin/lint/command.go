package lint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"
)

// The flags are those of the engine's command.
const (
	flagDeprecated    = "deprecated"
	flagLabels        = "labels"
	flagSkipVariables = "skip-env-var-check"
	flagVerbose       = "verbose"
	flagResources     = "resources"
	flagEnvFile       = "env-file"
	flagTemplates     = "templates"
	flagConfig        = "config"
)

// Exit codes of the command.
const (
	codeFound  = 1
	codeFailed = 2
)

// Command returns the command lint. Given to service.CLIOptAddCommand, it takes the
// place of the engine's.
func Command(env *service.Environment) *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "Say what is wrong with configs, and what loses events or their order",
		ArgsUsage: "FILE...",
		Description: `Names each place by line and column, and what to do. What is called a hint runs,
but is seldom meant. FILE is YAML or JSON, or Markdown with YAML in it. A path
that ends with ... stands for all .yaml and .yml files below it. Exits with code 1
if there is an error, and 2 if a file cannot be read.

  {{.BinaryName}} lint pipeline.yaml
  {{.BinaryName}} lint -r resources.yaml pipeline.yaml
  {{.BinaryName}} lint ./config/...`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: flagDeprecated, Usage: "deprecated fields are errors"},
			&cli.BoolFlag{Name: flagLabels, Usage: "components without a label are errors"},
			&cli.BoolFlag{Name: flagSkipVariables, Usage: "environment variables without a value and a default are no errors, nor are missing files: for a machine where the config does not run"},
			&cli.BoolFlag{Name: flagVerbose, Usage: "say of each file whether it is all right"},
			&cli.StringSliceFlag{Name: flagResources, Aliases: []string{"r"}, Usage: "look at `FILE` too, and let configs refer to its resources"},
			&cli.StringSliceFlag{Name: flagEnvFile, Aliases: []string{"e"}, Usage: "take environment variables from `FILE`"},
			&cli.StringSliceFlag{Name: flagTemplates, Aliases: []string{"t"}, Usage: "take templates of components from `FILE`"},
		},
		Action: func(c *cli.Context) error { return run(c, env) },
	}
}

func run(c *cli.Context, env *service.Environment) error {
	if err := apply(c, env); err != nil {
		return cli.Exit(err, codeFailed)
	}
	files, err := targets(c)
	if err != nil {
		return cli.Exit(err, codeFailed)
	}
	l, err := New(env)
	if err != nil {
		return cli.Exit(err, codeFailed)
	}
	l.SetRejectDeprecated(c.Bool(flagDeprecated)).SetRequireLabels(c.Bool(flagLabels)).SetSkipEnvVarCheck(c.Bool(flagSkipVariables))
	code := l.files(c.App.Writer, c.App.ErrWriter, files, c.Bool(flagVerbose))
	if code == 0 {
		return nil
	}
	return cli.Exit("", code)
}

// files prints what there is to say about files, and returns the exit code.
func (l *Linter) files(out, errs io.Writer, files []string, isVerbose bool) (code int) {
	configs := map[string][]byte{}
	for _, file := range files {
		config, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(errs, err)
			code = codeFailed
			continue
		}
		configs[file] = config
		if !isMarkdown(file) {
			l.AddResources(config)
		}
	}
	for _, file := range files {
		config, isRead := configs[file]
		if !isRead {
			continue
		}
		found := l.Lint(file, config)
		for _, f := range found {
			fmt.Fprintln(errs, coloured(f))
		}
		hasErrors := slices.ContainsFunc(found, func(f Finding) bool { return !f.IsHint })
		if hasErrors {
			code = max(code, codeFound)
		}
		if isVerbose {
			fmt.Fprintf(out, "%s: %s\n", file, map[bool]string{true: "FAILED", false: "OK"}[hasErrors])
		}
	}
	return code
}

// coloured is a finding for a terminal, and plain anywhere else.
func coloured(f Finding) string {
	if f.IsHint {
		return color.YellowString("%s", f)
	}
	return color.RedString("%s", f)
}

// targets are the files that a command line names.
func targets(c *cli.Context) (files []string, err error) {
	for _, arg := range append(c.Args().Slice(), flagged(c, flagResources)...) {
		expanded, err := expand(arg)
		if err != nil {
			return nil, err
		}
		files = append(files, expanded...)
	}
	if conf := c.String(flagConfig); conf != "" {
		files = append(files, conf)
	}
	slices.Sort(files)
	if files = slices.Compact(files); len(files) == 0 {
		return nil, errors.New("name the files to look at, as in: lint pipeline.yaml")
	}
	return files, nil
}

// flagged returns what a flag is set to, also where it stands before the command.
func flagged(c *cli.Context, name string) (values []string) {
	for _, level := range c.Lineage() {
		if values = level.StringSlice(name); len(values) > 0 {
			return values
		}
	}
	return nil
}

// expand returns the files that an argument stands for.
func expand(arg string) ([]string, error) {
	if tree, isTree := strings.CutSuffix(arg, "..."); isTree {
		return yamlFilesBelow(tree), nil
	}
	matches, err := filepath.Glob(arg)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", arg, err)
	}
	if len(matches) == 0 {
		return []string{arg}, nil // it is said of it that it is not there
	}
	return matches, nil
}

// apply takes over the variables and templates of files.
func apply(c *cli.Context, env *service.Environment) error {
	for _, pattern := range c.StringSlice(flagEnvFile) {
		if err := eachFile(pattern, setVariables); err != nil {
			return fmt.Errorf("--%s: %w", flagEnvFile, err)
		}
	}
	for _, pattern := range c.StringSlice(flagTemplates) {
		register := func(template []byte) error { return env.RegisterTemplateYAML(string(template)) }
		if err := eachFile(pattern, register); err != nil {
			return fmt.Errorf("--%s: %w", flagTemplates, err)
		}
	}
	return nil
}

func setVariables(file []byte) error {
	variables, err := service.ParseEnvFile(file)
	if err != nil {
		return err
	}
	for name, value := range variables {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return nil
}

func eachFile(pattern string, do func([]byte) error) error {
	files, err := expand(pattern)
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil {
			err = do(content)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
	}
	return nil
}
