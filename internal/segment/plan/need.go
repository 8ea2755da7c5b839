package plan

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// need says how much of a value has to be decoded to judge it. Most of an event
// is in members of which a plan says nothing.
type need struct {
	// isAll means everything.
	isAll bool
	// members are those of an object that count. Of others, it does not matter
	// whether they are there.
	members map[string]*need
}

var needsAll = &need{isAll: true}

// annotations are keywords that demand nothing.
var annotations = []string{
	"$schema", "$id", "id", "$comment", "title", "description", "labels", "default", "examples", "definitions", "$defs",
	"eventMetadata", "readOnly", "writeOnly", "deprecated",
}

// needOf returns what a schema has to see of a value.
func needOf(schema *node) *need {
	if !schema.isObject() {
		return needsAll
	}
	n := &need{}
	for _, keyword := range schema.names {
		value := schema.members[keyword]
		switch {
		case slices.Contains(annotations, keyword) || keyword == "type":
		case keyword == "required" && value.isArray():
			for _, name := range value.elements {
				n.add(name.string(), &need{})
			}
		case keyword == "properties" && value.isObject():
			for _, name := range value.names {
				n.add(name, needOf(value.members[name]))
			}
		default:
			return needsAll
		}
	}
	return n
}

func (n *need) add(name string, more *need) {
	if n.members == nil {
		n.members = make(map[string]*need)
	}
	n.members[name] = n.members[name].and(more)
}

// and returns what two schemas have to see together.
func (n *need) and(other *need) *need {
	switch {
	case n == nil:
		return other
	case other == nil:
		return n
	case n.isAll || other.isAll:
		return needsAll
	}
	both := &need{}
	for _, one := range [...]*need{n, other} {
		for name, more := range one.members {
			both.add(name, more)
		}
	}
	return both
}

// decode makes of a value what the validator takes, with every digit of its
// numbers. The value must be valid.
func (n *need) decode(value jsontext.Value) any {
	switch jsonscan.KindOf(value) {
	case '{':
		return n.object(value)
	case '[':
		return n.array(value)
	case '"':
		return string(jsonscan.Unquote(value))
	case '0':
		return number(string(value))
	case 't':
		return true
	case 'f':
		return false
	default:
		return nil
	}
}

func (n *need) object(value jsontext.Value) map[string]any {
	object := make(map[string]any, len(n.members))
	for m := range jsonscan.Members(value) {
		name := jsonscan.Unquote(m.Name)
		if n.isAll {
			object[string(name)] = needsAll.decode(m.Value)
		} else if more := n.members[string(name)]; more != nil {
			object[string(name)] = more.decode(m.Value)
		}
	}
	return object
}

func (n *need) array(value jsontext.Value) []any {
	array := []any{}
	if !n.isAll {
		return array
	}
	for element := range jsonscan.Elements(value) {
		array = append(array, needsAll.decode(element))
	}
	return array
}

// maxExponent bounds the numbers that are calculated with. Nobody's plan tells
// 1e1000 from 1e999999, and a number of a million digits takes a second.
const maxExponent = 1000

// number returns a number with an exponent that can be calculated with.
func number(literal string) json.Number {
	at := strings.IndexAny(literal, "eE")
	if at < 0 {
		return json.Number(literal)
	}
	exponent, err := strconv.Atoi(literal[at+1:])
	if err != nil || exponent > maxExponent || exponent < -maxExponent {
		sign := ""
		if literal[at+1] == '-' {
			sign = "-"
		}
		return json.Number(literal[:at+1] + sign + strconv.Itoa(maxExponent))
	}
	return json.Number(literal)
}
