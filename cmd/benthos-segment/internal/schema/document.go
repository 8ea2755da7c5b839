package schema

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// object is a JSON object.
type object = map[string]any

// field is what the engine says of a field of a configuration.
type field struct {
	Name             string      `json:"name"`
	Type             string      `json:"type"`
	Kind             string      `json:"kind"`
	Description      string      `json:"description"`
	Default          any         `json:"default"`
	IsDeprecated     bool        `json:"is_deprecated"`
	IsSecret         bool        `json:"is_secret"`
	Options          []string    `json:"options"`
	AnnotatedOptions [][2]string `json:"annotated_options"`
	Children         []field     `json:"children"`
}

// component is an input, an output or the like.
type component struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Summary string `json:"summary"`
	Config  field  `json:"config"`
}

// everything is what an environment has.
type everything struct {
	Config     []field     `json:"config"`
	Inputs     []component `json:"inputs"`
	Outputs    []component `json:"outputs"`
	Processors []component `json:"processors"`
	Buffers    []component `json:"buffers"`
	Caches     []component `json:"caches"`
	RateLimits []component `json:"rate-limits"`
	Metrics    []component `json:"metrics"`
	Tracers    []component `json:"tracers"`
	Scanners   []component `json:"scanners"`
}

// dialect is the one that editors know best.
const dialect = "http://json-schema.org/draft-07/schema#"

// document is the schema of a configuration.
func (a everything) document() object {
	labelled, wrapped := []string{"label"}, []string{"label", "processors"}
	definitions := object{}
	for name, kind := range map[string]struct {
		components []component
		beside     []string
	}{
		"input": {a.Inputs, wrapped}, "output": {a.Outputs, wrapped}, "processor": {a.Processors, labelled},
		"buffer": {a.Buffers, nil}, "cache": {a.Caches, labelled}, "rate_limit": {a.RateLimits, labelled},
		"metrics": {a.Metrics, []string{"mapping"}}, "tracer": {a.Tracers, nil}, "scanner": {a.Scanners, nil},
	} {
		definitions[name] = ofComponents(kind.components, kind.beside)
	}
	document := ofObject(a.Config)
	document["$schema"] = dialect
	document["title"] = "A configuration of benthos-segment"
	document["definitions"] = definitions
	return document
}

// besides are the members that components have beside their own.
var besides = map[string]object{
	"label":      {"type": "string", "description": "A name for logs, metrics and other components."},
	"mapping":    {"type": "string", "description": "A mapping of the names of metrics."},
	"processors": {"type": []string{"array", "null"}, "items": reference("processor")},
}

// ofComponents is the schema of a component of one kind: an object with its name as
// a member. Not oneOf, because an editor would complain of all that it might have
// been.
func ofComponents(components []component, beside []string) object {
	properties := object{"type": object{"type": "string"}, "plugin": object{}}
	for _, name := range beside {
		properties[name] = besides[name]
	}
	for _, c := range components {
		config := c.Config.schema()
		describe(config, c.Summary, c.Config.IsDeprecated || c.Status == "deprecated")
		properties[c.Name] = config
	}
	return object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

// describe explains what a schema is for.
func describe(schema object, text string, isDeprecated bool) {
	if schema["$ref"] != nil {
		return // what stands beside a reference is not read
	}
	if text = sentence(text); text != "" {
		schema["description"] = text
	}
	if isDeprecated {
		schema["deprecationMessage"] = "deprecated"
	}
}

// longest is how much of a description is kept.
const longest = 240

// sentence is the first paragraph of a description, and not too much of it.
func sentence(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n\n")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= longest {
		return text
	}
	cut := strings.LastIndex(text[:longest], ". ")
	if cut > 0 {
		return text[:cut+1]
	}
	for cut = longest; !utf8.RuneStart(text[cut]); cut-- {
	}
	return text[:cut] + "…"
}

func reference(definition string) object { return object{"$ref": "#/definitions/" + definition} }

// filledIn is a text that is replaced before the YAML is read, such as ${PORT:4195},
// whatever type it stands for.
const filledIn = `\$\{`

// schema is that of the value of a field.
func (f field) schema() object {
	one := f
	one.Kind = "scalar"
	var schema object
	switch f.Kind {
	case "2darray":
		one.Kind = "array"
		schema = object{"type": "array", "items": one.schema()}
	case "array":
		schema = object{"type": []string{"array", "null"}, "items": one.schema()}
	case "map":
		schema = object{"type": []string{"object", "null"}, "additionalProperties": one.schema()}
	default:
		schema = f.one()
	}
	describe(schema, f.Description, f.IsDeprecated)
	return schema
}

// one is the schema of a single value.
func (f field) one() object {
	if options := f.options(); len(options) > 0 && f.Type == "string" {
		return object{"anyOf": []object{{"enum": options}, {"type": "string", "pattern": filledIn}}}
	}
	switch f.Type {
	case "bool":
		return object{"type": []string{"boolean", "string"}, "pattern": filledIn}
	case "int":
		return object{"type": []string{"integer", "string"}, "pattern": filledIn}
	case "float":
		return object{"type": []string{"number", "string"}, "pattern": filledIn}
	case "string":
		return object{"type": []string{"string", "number", "boolean", "null"}}
	case "object":
		if len(f.Children) == 0 {
			return object{"type": []string{"object", "null"}}
		}
		return ofObject(f.Children)
	case "input", "output", "processor", "buffer", "cache", "rate_limit", "metrics", "tracer", "scanner":
		return reference(f.Type)
	}
	return object{}
}

// options are the values that a field may have, or none where it may have any.
func (f field) options() []string {
	options := slices.Clone(f.Options)
	for _, option := range f.AnnotatedOptions {
		options = append(options, option[0])
	}
	return options
}

// ofObject is the schema of an object with these fields.
func ofObject(fields []field) object {
	properties := object{}
	for _, f := range fields {
		properties[f.Name] = f.schema()
	}
	return object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}
