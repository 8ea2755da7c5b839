package plan

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compile makes a validator of a schema. what names the rule in errors.
func compile(schema *node, vendor Vendor, what string) (*jsonschema.Schema, error) {
	const url = "plan:///rule.json"
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if vendor == RudderStack {
		compiler.DefaultDraft(jsonschema.Draft2019)
		compiler.AssertFormat()
		compiler.UseRegexpEngine(ecmaScript)
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

// maxMatching bounds the time of one match.
const maxMatching = 100 * time.Millisecond

// ecmaScript compiles the regular expressions of RudderStack's plans. Go's
// engine takes the same time for each character and is preferred; what it does
// not know, such as lookaheads, goes to an engine that backtracks.
func ecmaScript(pattern string) (jsonschema.Regexp, error) {
	if compiled, err := regexp.Compile(pattern); err == nil {
		return compiled, nil
	}
	compiled, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil {
		return nil, err
	}
	compiled.MatchTimeout = maxMatching
	return backtracking{compiled, new(atomic.Int32)}, nil
}

// maxTooLong is how often an expression may take too long before it is not
// tried again: one event can have thousands of texts.
const maxTooLong = 3

// backtracking is an expression that may take very long. If it takes too long,
// the event passes, as it does at RudderStack if anything goes wrong.
type backtracking struct {
	*regexp2.Regexp
	tooLong *atomic.Int32
}

func (b backtracking) MatchString(text string) bool {
	if b.tooLong.Load() >= maxTooLong {
		return true
	}
	matches, err := b.Regexp.MatchString(text)
	if err != nil {
		b.tooLong.Add(1)
		return true
	}
	return matches
}
