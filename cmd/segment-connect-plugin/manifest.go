package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

const (
	outputName = "segment"

	fieldDeadLetter  = "dead_letter"
	fieldBatching    = "batching"
	fieldMaxInFlight = "max_in_flight"
	fieldRateLimit   = "rate_limit"
)

// batchingDescription takes the place of that of the output, which gathers for
// itself.
var batchingDescription = fmt.Sprintf("How Redpanda Connect gathers messages for the plugin: `count`, `byte_size`, "+
	"`period` and `check`. When it is left out: `count: %d`, `byte_size: %d` and `period: %s`.",
	usualBatchCount, usualBatchBytes, usualPeriod)

// leftOut are the fields of the output that a dynamic plugin cannot have. Its
// batches come one after the other, or they would get out of order on the way.
// Resources of the pipeline are out of its reach.
var leftOut = []string{fieldMaxInFlight, fieldRateLimit}

// manifestOf is what Redpanda Connect reads about a plugin.
type manifestOf struct {
	Name        string          `yaml:"name"`
	Summary     string          `yaml:"summary"`
	Description string          `yaml:"description"`
	Command     []string        `yaml:"command"`
	Type        string          `yaml:"type"`
	Fields      []manifestField `yaml:"fields"`
}

type manifestField struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Type        string `yaml:"type"`
	Kind        string `yaml:"kind"`
	// Default is nothing where the field has to be set.
	Default  any  `yaml:"default,omitempty"`
	Advanced bool `yaml:"advanced"`
}

// specField is a field as the engine describes it.
type specField struct {
	Name        string      `json:"name"`
	Type        string      `json:"type"`
	Kind        string      `json:"kind"`
	Description string      `json:"description"`
	IsAdvanced  bool        `json:"is_advanced"`
	IsOptional  bool        `json:"is_optional"`
	Default     any         `json:"default"`
	Children    []specField `json:"children"`
}

// manifest returns plugin.yaml, made of the spec of the output.
func manifest() ([]byte, error) {
	view, exists := service.GlobalEnvironment().GetOutputConfig(outputName)
	if !exists {
		return nil, errors.New("the output segment is not part of this program")
	}
	described, err := view.FormatJSON()
	if err != nil {
		return nil, fmt.Errorf("describing the output: %w", err)
	}
	var spec struct {
		Summary string    `json:"summary"`
		Config  specField `json:"config"`
	}
	if err := json.Unmarshal(described, &spec); err != nil {
		return nil, fmt.Errorf("reading the description of the output: %w", err)
	}
	m := manifestOf{
		Name: outputName, Summary: spec.Summary,
		Description: "The fields are described in docs/segment.md, and what differs in a plugin in docs/redpanda-connect.md.",
		Command:     []string{"./segment-connect-plugin"},
		Type:        "output",
		Fields: []manifestField{{
			Name: fieldDeadLetter, Type: "unknown", Kind: "scalar",
			Description: "The output for events that can never be sent: `file`, `http_client`, or another one of the engine itself. " +
				"A plugin cannot tell Redpanda Connect which events of a batch have failed, so that it has to put them away itself.",
		}},
	}
	for _, f := range spec.Config.Children {
		if slices.Contains(leftOut, f.Name) {
			continue
		}
		field := f.manifest()
		if f.Name == fieldBatching {
			field.Description = batchingDescription
		}
		m.Fields = append(m.Fields, field)
	}
	return yaml.Marshal(m)
}

// manifest returns the field as a manifest can describe it.
func (f specField) manifest() manifestField {
	m := manifestField{
		Name: f.Name, Description: f.Description, Type: f.valueType(), Kind: f.valueKind(),
		Default: f.Default, Advanced: f.IsAdvanced,
	}
	if m.Default == nil && (f.IsOptional || f.isObject()) {
		m.Default = f.empty()
	}
	return m
}

func (f specField) isObject() bool { return f.Type == "object" || f.Name == fieldBatching }

func (f specField) valueType() string {
	switch f.Type {
	case "string", "int", "float", "bool":
		return f.Type
	default:
		return "unknown"
	}
}

func (f specField) valueKind() string {
	switch f.Kind {
	case "array":
		return "list"
	case "map":
		return "map"
	default:
		return "scalar"
	}
}

// empty is the value of a field that nobody has set. A manifest knows no fields
// that may be absent.
func (f specField) empty() any {
	switch {
	case f.Kind == "array":
		return []any{}
	case f.Kind == "map" || f.valueType() == "unknown":
		return map[string]any{}
	default:
		return ""
	}
}

// isEmpty says whether a value is that of a field that nobody has set.
func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return false
	}
}
