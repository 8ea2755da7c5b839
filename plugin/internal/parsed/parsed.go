// Package parsed reads configurations that the engine has parsed.
package parsed

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"
)

// OneOf reads a field that has a fixed set of values. The linter knows them
// from the spec; this is for configurations that were not linted.
func OneOf[T any](conf *service.ParsedConfig, name string, values map[string]T) (T, error) {
	var none T
	text, err := conf.FieldString(name)
	if err != nil {
		return none, err
	}
	// The linter does not mind capitals.
	value, exists := values[strings.ToLower(text)]
	if !exists {
		return none, fmt.Errorf("field %s has an unknown value %q", name, text)
	}
	return value, nil
}

// Trimmed reads a text without the blanks around it.
func Trimmed(conf *service.ParsedConfig, path ...string) (string, error) {
	text, err := conf.FieldString(path...)
	return strings.TrimSpace(text), err
}

// SomeTime is a line of a lint rule: the pattern of a duration, without a sign.
const SomeTime = `let some_time = "^(?:[0-9]*[.]?[0-9]*(?:ns|us|µs|ms|s|m|h))+$"
`

// FileName is a line of a lint rule: the pattern of the name of a file, where a key
// or a token belongs. ${file:/run/secrets/key} becomes one, because the engine takes
// it for a variable that is called file and has a default.
const FileName = `let file_name = """^([.]{0,2}/|~/|file:|[A-Za-z]:\\)"""
`

// Check runs a lint rule over a configuration. A configuration that is built in
// code is not always linted, so that constructors run the rules of their specs,
// too.
func Check(lintRule string, conf *service.ParsedConfig) error {
	fields, err := conf.FieldAny()
	if err != nil {
		return err
	}
	rule, err := bloblang.Parse(lintRule)
	if err != nil {
		return fmt.Errorf("parsing the lint rule: %w", err)
	}
	found, err := rule.Query(fields)
	if err != nil {
		return fmt.Errorf("checking the config: %w", err)
	}
	var sentences []string
	for _, sentence := range found.([]any) {
		sentences = append(sentences, sentence.(string))
	}
	if len(sentences) == 0 {
		return nil
	}
	return errors.New(strings.Join(sentences, "; "))
}
