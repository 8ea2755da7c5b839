// Package lint finds what is wrong with a configuration, and what is allowed in one
// but seldom meant: what loses events, what gives up their order, and what the
// engine would refuse only when it runs.
//
// A build of Benthos with the output segment in it gets all of that by taking the
// command from here in the place of the engine's:
//
//	service.RunCLI(ctx, service.CLIOptAddCommand(lint.Command(service.GlobalEnvironment())))
package lint

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// Finding is something that is to be said of a place in a configuration.
type Finding struct {
	// File is the configuration, as it was named.
	File string
	// Line and Column begin with 1.
	Line, Column int
	// IsHint says that the configuration runs. It does something that is seldom
	// meant, such as to lose events when it is stopped.
	IsHint bool
	// Text says what it is and what to do. It holds no secret that the engine
	// knows to be one.
	Text string
}

// String is a finding as the command prints it.
func (f Finding) String() string {
	kind := ""
	if f.IsHint {
		kind = "hint: "
	}
	return fmt.Sprintf("%s(%d,%d) %s%s", f.File, f.Line, f.Column, kind, f.Text)
}

// finding is a Finding in the text that the engine reads.
type finding struct {
	line, column int
	text         string
	isHint       bool
	// isInFile says that the place is one in the file.
	isInFile bool
}

// at is a finding about what a node says.
func at(node *yaml.Node, text string) finding {
	return finding{line: node.Line, column: node.Column, text: text}
}

// Linter looks at configurations. Its zero value is not ready for use: see New.
type Linter struct {
	schema *schema
	engine *service.StreamConfigLinter
	lookup lookup
	// skipVariables says that variables without a value are no matter, nor is
	// what else a machine lacks on which the configuration does not run.
	skipVariables bool
	resources     *resources
}

// New returns a linter for what is registered in an environment. Variables are
// those of the process.
func New(env *service.Environment) (*Linter, error) {
	known, err := newSchema(env.FullConfigSchema("", ""))
	if err != nil {
		return nil, err
	}
	return &Linter{
		schema: known,
		// Variables without a value are found here, where each stands.
		engine:    env.FullConfigSchema("", "").NewStreamConfigLinter().SetSkipEnvVarCheck(true),
		lookup:    os.LookupEnv,
		resources: newResources(),
	}, nil
}

// SetRejectDeprecated sets whether deprecated fields are errors.
func (l *Linter) SetRejectDeprecated(is bool) *Linter {
	l.engine.SetRejectDeprecated(is)
	return l
}

// SetRequireLabels sets whether components without a label are errors.
func (l *Linter) SetRequireLabels(is bool) *Linter {
	l.engine.SetRequireLabels(is)
	return l
}

// SetSkipEnvVarCheck sets whether variables may be without a value, and the files
// that outputs and inputs of this project name may be missing, as on a machine
// where the configuration does not run.
func (l *Linter) SetSkipEnvVarCheck(is bool) *Linter {
	l.skipVariables = is
	return l
}

// SetEnvVarLookupFunc sets where the values of variables come from.
func (l *Linter) SetEnvVarLookupFunc(find func(context.Context, string) (string, bool)) *Linter {
	l.lookup = func(name string) (string, bool) { return find(context.Background(), name) }
	l.engine.SetEnvVarLookupFunc(find)
	return l
}

// AddResources makes known the resources that other files have, which
// configurations refer to.
func (l *Linter) AddResources(config []byte) {
	if d, err := newDocument(string(config), l.lookup); err == nil {
		l.resources.add(d)
	}
}

// Lint looks at a configuration, in YAML or JSON. The name is for what it finds.
func (l *Linter) Lint(name string, config []byte) []Finding {
	if isMarkdown(name) {
		return l.snippets(name, config)
	}
	d, found := l.look(string(config))
	if d.root != nil {
		found = append(found, hintsIn(d)...)
		found = append(found, l.resources.lacking(d)...)
		if !l.skipVariables {
			found = append(found, unreadFiles(d)...)
		}
	}
	return d.text.findings(name, found)
}

// disabled begins a configuration that the engine does not look at either.
const disabled = "# BENTHOS LINT DISABLE"

// look finds the errors of a configuration that need no other.
func (l *Linter) look(config string) (d document, found []finding) {
	if strings.HasPrefix(config, disabled) {
		return d, nil
	}
	d, err := newDocument(config, l.lookup)
	if !l.skipVariables {
		for _, u := range d.text.unset {
			found = append(found, finding{line: u.line, column: u.column, text: u.sentence(), isInFile: true})
		}
	}
	if err != nil {
		return document{text: d.text}, append(found, notYAML(err))
	}
	engine, err := l.engine.LintYAML([]byte(config))
	if err != nil {
		return d, append(found, notYAML(err))
	}
	read := l.schema.read(d)
	defer func() { found = slices.DeleteFunc(found, d.text.isOfUnset) }()
	// Of values, the engine says less than there is to say.
	ours := append(read.values(), read.repeated()...)
	found = append(found, ours...)
	for _, lint := range engine {
		theirs := read.placed(lint)
		isSaid := slices.ContainsFunc(ours, func(f finding) bool { return f.line == theirs.line && f.column == theirs.column })
		if !isSaid {
			found = append(found, theirs)
		}
	}
	return d, append(found, d.text.unsaid(found)...)
}

// findings says where in the file things are, in their order and each of them
// once.
func (t text) findings(name string, found []finding) (findings []Finding) {
	for _, f := range found {
		column := f.column
		if !f.isInFile {
			column = t.column(f.line, f.column)
		}
		findings = append(findings, Finding{name, f.line, column, f.isHint, f.text})
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(findings)
}

func isMarkdown(name string) bool { return filepath.Ext(name) == ".md" }
