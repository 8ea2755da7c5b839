package config_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const schemaFile = "docs/benthos-segment.schema.json"

// editorSchema is the schema by which editors mark what is misspelt.
func editorSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource(schemaFile, document))
	schema, err := compiler.Compile(schemaFile)
	require.NoError(t, err)
	return schema
}

// asEditor reads YAML as an editor does: variables are text.
func asEditor(t *testing.T, text string) (value any) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal([]byte(text), &value), text)
	return value
}

// yamlBlocks are the configurations in a document.
var yamlBlocks = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

// An editor that marks what is right is switched off.
func TestTheSchemaAcceptsEverythingThatWeShip(t *testing.T) {
	atRoot(t)
	schema, checked := editorSchema(t), 0
	accept := func(name, text string) {
		checked++
		assert.NoError(t, schema.Validate(asEditor(t, text)), name)
	}
	for _, file := range shipped(t, ".yaml", "config", "examples") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		accept(file, string(text))
	}
	for _, file := range append(shipped(t, ".md", "config", "examples", "docs"), "README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, block := range yamlBlocks.FindAllStringSubmatch(string(text), -1) {
			accept(file, block[1])
		}
	}
	assert.Greater(t, checked, 60)
}

func TestTheSchemaMarksWhatIsMisspelt(t *testing.T) {
	atRoot(t)
	schema := editorSchema(t)
	const fine = `
input: {stdin: {}}
pipeline: {threads: 1}
output:
  fallback:
    - segment:
        write_key: abc
        max_in_flight: 3
        region: eu
    - drop: {}
`
	require.NoError(t, schema.Validate(asEditor(t, fine)))
	for name, change := range map[string][2]string{
		"a field of the output":    {"max_in_flight", "max_in_fligth"},
		"an output":                {"segment:", "segmnet:"},
		"an input":                 {"stdin", "stdn"},
		"a section":                {"pipeline", "pipelines"},
		"an output in a fallback":  {"- drop: {}", "- drp: {}"},
		"text for a number":        {"max_in_flight: 3", "max_in_flight: many"},
		"a value that is not one":  {"region: eu", "region: asia"},
		"text for a list":          {"{stdin: {}}", "{file: {paths: a.ndjson}}"},
		"a field beside its owner": {"        region: eu", "      region: eu"},
	} {
		text := strings.Replace(fine, change[0], change[1], 1)
		require.NotEqual(t, fine, text, name)
		assert.Error(t, schema.Validate(asEditor(t, text)), name)
	}
	for _, text := range []string{"${WORKERS}", `"${WORKERS:3}"`, "4"} {
		assert.NoError(t, schema.Validate(asEditor(t, strings.Replace(fine, "max_in_flight: 3", "max_in_flight: "+text, 1))), text)
	}
}
