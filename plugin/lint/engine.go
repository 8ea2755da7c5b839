package lint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// The engine says on which line something is, and of a mapping only where that
// begins. These are those of its sentences that more can be said about.
var (
	unknownField  = regexp.MustCompile(`^field (\S+) (?:not recognised|is invalid when the component type is .*)$`)
	invalidOption = regexp.MustCompile(`^value (.*) is not a valid option for this field$`)
	ofField       = regexp.MustCompile(`^field ([a-z_][a-z_.]*[a-z_]) `)
)

// placed finds the place of what the engine has found.
func (r *reading) placed(found service.Lint) finding {
	switch found.Type {
	case service.LintUnknown:
		return r.unknownField(found)
	case service.LintComponentMissing:
		return r.unknownType(found)
	}
	// The engine gives it the type of something else.
	if value := invalidOption.FindStringSubmatch(found.What); value != nil {
		return r.invalidOption(found, value[1])
	}
	if of := ofField.FindStringSubmatch(found.What); of != nil {
		if node := r.ofField(found.Line, of[1]); node != nil {
			return at(node, found.What)
		}
	}
	return r.onLine(found)
}

func (r *reading) unknownField(found service.Lint) finding {
	match := unknownField.FindStringSubmatch(found.What)
	if match == nil {
		return r.onLine(found)
	}
	name := match[1]
	for _, o := range r.objects {
		if key := keyOf(o.node, name); key != nil && key.Line == found.Line && o.spec.child(name) == nil {
			return at(key, found.What+didYouMean(name, o.spec.names()))
		}
	}
	for _, s := range r.strange {
		for _, key := range s.keys {
			if key.Line != found.Line || key.Value != name {
				continue
			}
			if s.spec != nil && s.spec.child(name) != nil {
				return at(key, fmt.Sprintf("%s; it is a field of %s: indent it further", found.What, s.spec.Name))
			}
			return at(key, found.What+didYouMean(name, slices.Sorted(maps.Keys(reserved))))
		}
	}
	return r.onLine(found)
}

func (r *reading) unknownType(found service.Lint) finding {
	for _, s := range r.strange {
		key := s.keys[0]
		if s.spec != nil || key.Line != found.Line {
			continue
		}
		kind := strings.ReplaceAll(s.kind, "_", " ")
		return at(key, fmt.Sprintf("%s is no %s that this build has%s", key.Value, kind, didYouMean(key.Value, r.schema.names(s.kind))))
	}
	return r.onLine(found)
}

func (r *reading) invalidOption(found service.Lint, value string) finding {
	for _, v := range r.visited {
		options := v.spec.options()
		if len(options) == 0 || v.value.Line != found.Line || v.value.Value != value {
			continue
		}
		return at(v.value, fmt.Sprintf("field %s: %s: choose %s%s", v.path, found.What, choices(options), didYouMean(value, options)))
	}
	return r.onLine(found)
}

// ofField finds where a field is set in an object that begins on a line, or
// where that object is, if the field is not there.
func (r *reading) ofField(line int, path string) *yaml.Node {
	for _, o := range r.objects {
		if o.node.Line != line || o.spec.child(first(path)) == nil {
			continue
		}
		if node := deepest(o.node, path); node != nil {
			return node
		}
		if o.key != nil {
			return o.key
		}
	}
	return nil
}

func first(path string) string {
	name, _, _ := strings.Cut(path, ".")
	return name
}

// deepest returns where a field is set, or the innermost of those that it is in.
// Of an object, that is its key: an object begins where its first field does.
func deepest(node *yaml.Node, path string) (found *yaml.Node) {
	for name := range strings.SplitSeq(path, ".") {
		value := member(node, name)
		if value == nil {
			return found
		}
		if found = value; value.Kind != yaml.ScalarNode {
			found = keyOf(node, name)
		}
		node = value
	}
	return found
}

// onLine is for what is somewhere on a line, and likely where that begins.
func (r *reading) onLine(found service.Lint) finding {
	column := found.Column
	if column <= 1 {
		column = r.begin(found.Line)
	}
	return finding{line: max(1, found.Line), column: column, text: found.What}
}

// begin returns the first column of a line that is not blank.
func (r *reading) begin(line int) int {
	for text := range strings.Lines(r.text) {
		if line--; line == 0 {
			return 1 + len(text) - len(strings.TrimLeft(text, " \t-"))
		}
	}
	return 1
}
