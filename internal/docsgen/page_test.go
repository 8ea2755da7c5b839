package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var docs = filepath.Join("..", "..", "docs")

func TestThePagesInTheRepositoryAreWhatTheCodeSays(t *testing.T) {
	assert.NoError(t, run([]string{"-check", docs}, &bytes.Buffer{}))
}

func TestThePageIsTheSameEachTime(t *testing.T) {
	first, err := outputPage("segment")
	require.NoError(t, err)
	for range 10 {
		again, err := outputPage("segment")
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

func TestThePageSaysWhatThereIsToKnowOfAField(t *testing.T) {
	page, err := outputPage("segment")
	require.NoError(t, err)
	for _, want := range []string{
		"### `write_key`\n\nThe write key of the source at Segment.",
		"- Type: `string`\n- Required\n- May be [interpolated]",
		"- Secret: hidden where configs are printed",
		"- Default: `\"15s\"`\n- Advanced\n",
		"### `retry.max_elapsed_time`",
		"### `tls.client_certs[].key`",
		"| `eu` | `https://events.eu1.segmentapis.com`",
		"Values: `gzip`, `none`.",
	} {
		assert.Contains(t, string(page), want)
	}
}

func TestThePagesAreMarkdownThroughout(t *testing.T) {
	for name, render := range pages {
		page, err := render()
		require.NoError(t, err)
		for _, leftover := range []string{
			"xref:", "\n====", "Sorry!", "<no value>", "&#34;", "\n\n\n", " \n",
		} {
			assert.NotContains(t, string(page), leftover, name)
		}
		assert.Zero(t, bytes.Count(page, []byte("```"))%2, "a code block of %s is left open", name)
	}
}

// Whoever opens a page is sent to the file to edit.
func TestThePagesNameAFileThatIsThere(t *testing.T) {
	source := regexp.MustCompile(`^<!-- Made by go run ./internal/docsgen from (\S+)\. Edit that file\. -->`)
	for name, render := range pages {
		page, err := render()
		require.NoError(t, err)
		found := source.FindSubmatch(page)
		require.NotNil(t, found, name)
		assert.FileExists(t, filepath.Join("..", "..", string(found[1])), name)
	}
}

func TestTheConfigsOnThePageLint(t *testing.T) {
	view, exists := service.GlobalEnvironment().GetOutputConfig("segment")
	require.True(t, exists)
	data, err := view.TemplateData()
	require.NoError(t, err)
	linter := service.GlobalEnvironment().CoreConfigSchema("", "").NewStreamConfigLinter().
		SetEnvVarLookupFunc(func(context.Context, string) (string, bool) { return "a-key", true })
	for _, config := range []string{data.CommonConfigYAML, data.AdvancedConfigYAML} {
		lints, err := linter.LintYAML([]byte(config))
		require.NoError(t, err)
		assert.Empty(t, lints, config)
	}
}

func TestCheckFindsAPageThatIsStaleOrMissing(t *testing.T) {
	directory := t.TempDir()
	said := &bytes.Buffer{}
	require.ErrorContains(t, run([]string{"-check", directory}, said), "go run ./internal/docsgen")
	require.NoError(t, run([]string{directory}, said))
	require.NoError(t, run([]string{"-check", directory}, said))

	for name := range pages {
		path := filepath.Join(directory, name)
		page, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(page, "more"...), 0o600))
		assert.ErrorContains(t, run([]string{"-check", directory}, said), name+" is not what the code says")
		require.NoError(t, os.WriteFile(path, page, 0o600))
	}
}

func TestThePageOfTheMethodsSaysWhatEachDoes(t *testing.T) {
	page, err := methodsPage("segment_")
	require.NoError(t, err)
	for _, want := range []string{
		"\n\n## `segment_error`\n\nTakes an error of the output `segment` apart",
		"\n\n## `segment_dead_letter`\n\nMakes a dead letter",
		"| `payload` | The event.",
		"```coffee\nroot = @fallback_error.segment_dead_letter(content())\n```\n",
		"\nin:  {\"error\":\"segment event_not_defined event: A track call needs a name.\"}\nout: {",
	} {
		assert.Contains(t, string(page), want)
	}
	_, err = methodsPage("no_such_method")
	assert.ErrorContains(t, err, "no_such_method")
}

func TestTheCommandMindsItsArguments(t *testing.T) {
	said := &bytes.Buffer{}
	assert.ErrorContains(t, run([]string{"docs", "more"}, said), "one directory")
	assert.Error(t, run([]string{"-unknown"}, said))
}
