package plan

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compile makes a validator of a schema. what names the rule in errors, and skipped
// counts the texts that pass because their patterns take too long.
func compile(schema *node, vendor Vendor, what string, skipped *atomic.Int64) (*jsonschema.Schema, error) {
	const url = "plan:///rule.json"
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if vendor == RudderStack {
		compiler.DefaultDraft(jsonschema.Draft2019)
		compiler.AssertFormat()
		compiler.UseRegexpEngine(ecmaScript(skipped))
	} else {
		compiler.DefaultDraft(jsonschema.Draft7)
		compiler.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: segmentDateTime})
	}
	document := schema.plain()
	if strings.Contains(schema.get("$schema").string(), "draft-04") {
		// There, the ids that Segment numbers its properties with would be addresses.
		document = withoutIDs(document)
	}
	if err := compiler.AddResource(url, document); err != nil {
		return nil, &Error{Line: schema.line, Text: "the schema of " + what + " cannot be used: " + err.Error()}
	}
	compiled, err := compiler.Compile(url)
	if err != nil {
		return nil, invalidSchema(schema, what, err)
	}
	return compiled, nil
}

// invalidSchema says what is wrong with a schema, on the line where it is.
func invalidSchema(schema *node, what string, err error) error {
	var invalid *jsonschema.SchemaValidationError
	var details *jsonschema.ValidationError
	if !errors.As(err, &invalid) || !errors.As(invalid.Err, &details) {
		return &Error{Line: schema.line, Text: "the schema of " + what + " cannot be used: " + err.Error()}
	}
	for len(details.Causes) > 0 {
		details = details.Causes[0]
	}
	return &Error{
		Line: schema.at(details.InstanceLocation).line,
		Text: "the schema of " + what + " is not a valid JSON Schema: " + details.Error(),
	}
}

// noLoader loads nothing: a plan is one file.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("it refers to %s, and a plan must hold everything that it needs", url)
}

// withoutIDs removes the ids from the schemas of a document, and leaves the
// properties that are called id, whose values are schemas.
func withoutIDs(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			switch _, isText := member.(string); {
			case name == "id" && isText:
				delete(value, name)
			case name != "enum" && name != "default":
				value[name] = withoutIDs(member)
			}
		}
	case []any:
		for i := range value {
			value[i] = withoutIDs(value[i])
		}
	}
	return value
}

// segmentDateTime accepts what Segment's validator does, which is more than the
// format says.
func segmentDateTime(value any) error {
	text, isText := value.(string)
	if !isText {
		return nil
	}
	for _, layout := range [...]string{time.RFC3339, time.DateOnly, time.TimeOnly, "15:04:05Z07:00"} {
		if _, err := time.Parse(layout, text); err == nil {
			return nil
		}
	}
	return errors.New("it is not a date and time")
}
