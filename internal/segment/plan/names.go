package plan

import (
	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// names are those that a plan has for the members of an object, and of the
// objects in it. Nil means that the plan does not say. Only Segment compares them
// with a call.
type names struct {
	// isOpen means that a schema does more than list them, so that they cannot be
	// told.
	isOpen  bool
	members map[string]*names
}

// namesOf returns the names in a schema.
func namesOf(schema *node) *names {
	for _, keyword := range [...]string{"$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties"} {
		if schema.get(keyword) != nil {
			return &names{isOpen: true}
		}
	}
	for _, keyword := range [...]string{"additionalProperties", "unevaluatedProperties"} {
		if rest := schema.get(keyword); rest != nil && rest.kind != 't' {
			return &names{isOpen: true} // The schema itself judges them.
		}
	}
	properties := schema.get("properties")
	if !properties.isObject() {
		return nil
	}
	planned := &names{members: make(map[string]*names, len(properties.names))}
	for _, name := range properties.names {
		planned.members[name] = namesOf(properties.members[name])
	}
	return planned
}

// and returns the names that one of two schemas has.
func (n *names) and(other *names) *names {
	switch {
	case n == nil:
		return other
	case other == nil:
		return n
	case n.isOpen || other.isOpen:
		return &names{isOpen: true}
	}
	both := &names{members: make(map[string]*names, len(n.members)+len(other.members))}
	for _, one := range [...]*names{n, other} {
		for name, inner := range one.members {
			both.members[name] = both.members[name].and(inner)
		}
	}
	return both
}

// unplanned calls found with the path of each member that the plan does not
// have.
func (n *names) unplanned(path string, object jsontext.Value, found func(path string)) {
	if n == nil || n.isOpen {
		return
	}
	for m := range jsonscan.Members(object) {
		name := jsonscan.Unquote(m.Name)
		inner, isPlanned := n.members[string(name)]
		if !isPlanned {
			found(path + "." + string(name))
			continue
		}
		if inner != nil && !inner.isOpen && jsonscan.KindOf(m.Value) == '{' {
			inner.unplanned(path+"."+string(name), m.Value, found)
		}
	}
}
