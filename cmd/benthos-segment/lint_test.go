package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lintCommand runs the linter over a file of testdata.
func lintCommand(t *testing.T, file string) *process {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "lint", file))
	require.NoError(t, err)
	require.FileExists(t, path)
	return begin(t, "lint", path)
}

func TestLintRefusesWhatCannotWork(t *testing.T) {
	for file, sentence := range map[string]string{
		"no_write_key.yaml":            "field write_key is required",
		"empty_write_key.yaml":         "field write_key is empty: set it to",
		"unknown_region.yaml":          "value asia is not a valid option",
		"endpoint_without_scheme.yaml": "field endpoint needs a scheme, as in https://",
		"count_without_period.yaml":    "field batching needs a period beside count",
		"plain_http.yaml":              "field endpoint must use https: the write key goes with every request",
		"unknown_integrations.yaml":    "value ignore is not a valid option",
		"misspelt_field.yaml":          "field writekey not recognised",
	} {
		t.Run(file, func(t *testing.T) {
			p := lintCommand(t, file)
			assert.Equal(t, 1, p.code())
			assert.Contains(t, p.said(), sentence)
		})
	}
}

func TestLintHintsAtWhatIsSeldomMeant(t *testing.T) {
	for file, sentence := range map[string]string{
		"no_order.yaml":        "(8,24) hint: max_in_flight above 1 gives up order",
		"no_dead_letter.yaml":  "(5,3) hint: there is no dead letter",
		"retry.yaml":           "hint: retry sends whole batches again and hides the reasons",
		"key_per_message.yaml": "hint: write_key is different for each message: set on_setup_error to reject",
		"list_of_outputs.yaml": "hint: there is no dead letter",
		"short.yml":            "hint: max_in_flight above 1 gives up order",
	} {
		t.Run(file, func(t *testing.T) {
			p := lintCommand(t, file)
			assert.Zero(t, p.code(), p.said())
			assert.Equal(t, 1, strings.Count(p.said(), "hint:"), p.said())
			assert.Contains(t, p.said(), sentence)
		})
	}
}

func TestLintIsSilentWhereAllIsWell(t *testing.T) {
	for _, file := range []string{"fine.yaml", "fine_resource.yaml"} {
		p := lintCommand(t, file)
		assert.Zero(t, p.code())
		assert.Empty(t, p.said(), file)
	}
}

func TestHintsAreForTheFilesThatAreLinted(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.yaml", "b.yml", "c.txt", filepath.Join("below", "d.yaml"), filepath.Join("below", "broken.yaml")} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("output: {segment: {write_key: k}}"), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "below", "broken.yaml"), []byte("a: ["), 0o600))
	for given, want := range map[string][]string{
		"lint $/a.yaml":             {"a.yaml"},
		"lint $/a.yaml $/b.yml":     {"a.yaml", "b.yml"},
		"lint $/*":                  {"a.yaml", "b.yml"},
		"lint $/...":                {"a.yaml", "b.yml", "below/d.yaml"},
		"lint $/below/...":          {"below/d.yaml"},
		"lint --deprecated $/b.yml": {"b.yml"},
		"lint $/absent.yaml":        nil,
		"lint":                      nil,
		"run $/a.yaml":              nil,
		"":                          nil,
	} {
		args := strings.Fields("benthos-segment " + strings.ReplaceAll(given, "$", folder))
		var said bytes.Buffer
		printHints(&said, lintTargets(args))
		var files []string
		for line := range strings.Lines(said.String()) {
			name, err := filepath.Rel(folder, line[:strings.LastIndex(line, "(1,")])
			require.NoError(t, err)
			files = append(files, filepath.ToSlash(name))
		}
		assert.Equal(t, want, files, given)
	}
}

func TestTheExamplesInTheReferenceLint(t *testing.T) {
	view, exists := service.GlobalEnvironment().GetOutputConfig("segment")
	require.True(t, exists)
	data, err := view.TemplateData()
	require.NoError(t, err)
	require.NotEmpty(t, data.Examples)
	linter := service.GlobalEnvironment().FullConfigSchema("", "").NewStreamConfigLinter().
		SetEnvVarLookupFunc(func(context.Context, string) (string, bool) { return "a-key", true })
	for _, example := range data.Examples {
		lints, err := linter.LintYAML([]byte(example.Config))
		require.NoError(t, err)
		assert.Empty(t, lints, example.Title)
	}
}
