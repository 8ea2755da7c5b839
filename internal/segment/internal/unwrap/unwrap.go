// Package unwrap finds a call inside of what brokers, clouds, databases and
// webhooks wrap around it, and says how to take it out.
package unwrap

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/likeness"
	"benthos-segment/internal/segment/jsonscan"
)

// wrappers are the members in which others hand over what they were given. Only
// these are ever named, since other names may be content.
var wrappers = map[string]bool{
	"batch": true, "body": true, "call": true, "content": true, "data": true, "data_base64": true,
	"detail": true, "doc": true, "document": true, "envelope": true, "event": true, "eventData": true,
	"event_data": true, "events": true, "fullDocument": true, "item": true, "items": true, "json": true,
	"jsonPayload": true, "kinesis": true, "log": true, "message": true, "messages": true, "msg": true,
	"object": true, "params": true, "payload": true, "raw": true, "record": true, "records": true,
	"request": true, "result": true, "value": true, "_source": true, "after": true,
	"Body": true, "Data": true, "Message": true, "Payload": true, "Records": true, "Sns": true,
}

// maxWrappers is how many wrappers are opened, one inside the other.
const maxWrappers = 6

// Path says where in a payload the first call is.
type Path struct {
	// Expression takes the call out, in Bloblang. It is empty where there is
	// none.
	Expression string
	// Wrapper is the outermost wrapper.
	Wrapper string
	// IsList says whether the expression yields an array of calls.
	IsList bool
}

// IsFound reports whether there is a call.
func (p Path) IsFound() bool { return p.Expression != "" }

// Of returns the expression for the whole payload, where isElement says that the
// call was looked for in an element of an array.
func (p Path) Of(isElement bool) string {
	if isElement {
		return eachOf("this", p).Expression
	}
	return p.Expression
}

// Root is the expression for the value in which a call is looked for.
func Root(isElement bool) string {
	if isElement {
		return "e"
	}
	return "this"
}

// Finder looks for calls.
type Finder struct {
	// IsCall reports whether an object is a call.
	IsCall func(object jsontext.Value) bool
}

// InValue looks for a call in a value, which is an element of an array or the
// whole payload.
func (f Finder) InValue(value jsontext.Value, isElement bool) Path {
	return f.value(value, Root(isElement), 0)
}

// InMembers looks for a call in the members of an object that is not a call.
func (f Finder) InMembers(object jsontext.Value, isElement bool) Path {
	return f.members(object, Root(isElement), 0)
}

// value looks into any value. Of an array it opens only the first element,
// because the others are like it.
func (f Finder) value(value jsontext.Value, path string, depth int) Path {
	if depth > maxWrappers {
		return Path{}
	}
	switch jsonscan.KindOf(value) {
	case '{':
		return f.object(value, path, depth)
	case '[':
		return f.list(value, path, depth)
	case '"':
		return f.text(jsonscan.Unquote(value), path, depth)
	default:
		return Path{}
	}
}

func (f Finder) object(object jsontext.Value, path string, depth int) Path {
	if f.IsCall(object) {
		return Path{Expression: path}
	}
	return f.members(object, path, depth)
}

func (f Finder) members(object jsontext.Value, path string, depth int) Path {
	for m := range jsonscan.Members(object) {
		name := string(jsonscan.Unquote(m.Name))
		if !wrappers[name] {
			continue
		}
		if found := f.value(m.Value, path+"."+name, depth+1); found.IsFound() {
			found.Wrapper = name
			return found
		}
	}
	return Path{}
}

func (f Finder) list(list jsontext.Value, path string, depth int) Path {
	for element := range jsonscan.Elements(list) {
		return eachOf(path, f.value(element, "e", depth+1))
	}
	return Path{}
}

// eachOf turns a path inside of one element into one for the whole list.
func eachOf(list string, inside Path) Path {
	switch {
	case !inside.IsFound():
		return inside
	case inside.Expression == "e" && inside.IsList:
		inside.Expression = list + ".flatten()"
	case inside.Expression == "e":
		inside.Expression = list
	case inside.IsList:
		inside.Expression = list + ".map_each(e -> " + inside.Expression + ").flatten()"
	default:
		inside.Expression = list + ".map_each(e -> " + inside.Expression + ")"
	}
	inside.IsList = true
	return inside
}

// text looks into JSON that was encoded as a string, or as base64.
func (f Finder) text(text []byte, path string, depth int) Path {
	text = bytes.TrimSpace(text)
	if likeness.IsBase64(text) {
		decoded, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return Path{}
		}
		return f.text(decoded, path+`.decode("base64")`, depth+1)
	}
	if len(text) == 0 || strings.IndexByte(`{["`, text[0]) < 0 || !jsonscan.IsValue(text) {
		return Path{}
	}
	return f.value(text, path+".parse_json()", depth+1)
}
