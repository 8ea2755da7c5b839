package segment

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonscan"
)

// wrappers are the members in which brokers, clouds, databases and webhooks
// hand over what they were given. Only these are ever named, since other names
// may be content.
var wrappers = map[string]bool{
	"batch": true, "body": true, "call": true, "content": true, "data": true, "data_base64": true,
	"detail": true, "doc": true, "document": true, "envelope": true, "event": true, "eventData": true,
	"event_data": true, "events": true, "fullDocument": true, "item": true, "items": true, "json": true,
	"jsonPayload": true, "kinesis": true, "log": true, "message": true, "messages": true, "msg": true,
	"object": true, "params": true, "payload": true, "raw": true, "record": true, "records": true,
	"request": true, "result": true, "value": true, "_source": true, "after": true,
	"Body": true, "Data": true, "Message": true, "Payload": true, "Records": true, "Sns": true,
}

// maxWrappers is how many wrappers are looked into, one inside the other.
const maxWrappers = 6

// wrapped is where in a payload the first call is, as an expression of
// Bloblang, or the empty string where there is none.
type wrapped struct {
	path string
	// member is the outermost wrapper.
	member string
	// isList says whether there is an array of calls.
	isList bool
}

// unwrap looks for a call inside of a value. Of an array it looks at the first
// element: the others are like it.
func unwrap(value jsontext.Value, path string, depth int) wrapped {
	if depth > maxWrappers {
		return wrapped{}
	}
	switch jsonscan.KindOf(value) {
	case '{':
		return unwrapObject(value, path, depth)
	case '[':
		return unwrapList(value, path, depth)
	case '"':
		return unwrapText(jsonscan.Unquote(value), path, depth)
	default:
		return wrapped{}
	}
}

func unwrapObject(object jsontext.Value, path string, depth int) wrapped {
	if typeNamed(jsonscan.Lookup(object, fields[fieldType].name)) != UnknownType {
		return wrapped{path: path}
	}
	return unwrapMembers(object, path, depth)
}

func unwrapMembers(object jsontext.Value, path string, depth int) wrapped {
	for m := range jsonscan.Members(object) {
		name := string(jsonscan.Unquote(m.Name))
		if !wrappers[name] {
			continue
		}
		if in := unwrap(m.Value, path+"."+name, depth+1); in.path != "" {
			in.member = name
			return in
		}
	}
	return wrapped{}
}

func unwrapList(list jsontext.Value, path string, depth int) wrapped {
	for element := range jsonscan.Elements(list) {
		return eachOf(path, unwrap(element, "e", depth+1))
	}
	return wrapped{}
}

// eachOf takes what is in one element out of each of a list.
func eachOf(list string, in wrapped) wrapped {
	switch {
	case in.path == "":
		return in
	case in.path == "e" && in.isList:
		in.path = list + ".flatten()"
	case in.path == "e":
		in.path = list
	case in.isList:
		in.path = list + ".map_each(e -> " + in.path + ").flatten()"
	default:
		in.path = list + ".map_each(e -> " + in.path + ")"
	}
	in.isList = true
	return in
}

// unwrapText looks into JSON that was written as text, or as text in base64.
func unwrapText(text []byte, path string, depth int) wrapped {
	text = bytes.TrimSpace(text)
	if isBase64(text) {
		decoded, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return wrapped{}
		}
		return unwrapText(decoded, path+`.decode("base64")`, depth+1)
	}
	if len(text) == 0 || strings.IndexByte(`{["`, text[0]) < 0 || !jsonscan.IsValue(text) {
		return wrapped{}
	}
	return unwrap(text, path+".parse_json()", depth+1)
}

// whole returns the expression for all of the payload, of which this may have
// been an element.
func (w wrapped) whole(isElement bool) string {
	if isElement {
		return eachOf("this", w).path
	}
	return w.path
}

// start is how an expression begins.
func start(isElement bool) string {
	if isElement {
		return "e"
	}
	return "this"
}

// notACall says why a document without a known type is no call, and where in
// it one is, if that can be seen.
func (d *document) notACall() *Violation {
	in := unwrapMembers(d.raw, start(d.isElement), 0)
	if in.path == "" && !d.has(fieldType) && jsonscan.KindOf(d.value[fieldBatch]) == '[' {
		in = wrapped{start(d.isElement) + ".batch", fields[fieldBatch].name, true}
	}
	switch mapping := "the mapping `root = " + in.whole(d.isElement) + "`"; {
	case in.path == "":
		return violationUnknownType
	case d.has(fieldType):
		return &Violation{
			Reason: ReasonUnknownType,
			Field:  fields[fieldType].name,
			Sentence: "a call is one of identify, track, page, screen, group and alias, and this is none of them, " +
				"but wraps a call in " + in.member + "; take it out with " + mapping,
		}
	case in.member == fields[fieldBatch].name:
		return &Violation{
			Reason:   ReasonBadRequest,
			Field:    in.member,
			Sentence: "this is the envelope in which an SDK sends its calls; take them out with " + mapping,
		}
	default:
		return &Violation{
			Reason:   ReasonBadRequest,
			Field:    in.member,
			Sentence: "this wraps a call in " + in.member + "; take it out with " + mapping,
		}
	}
}

// readOther reads the next value of the scanner, which is not an object and
// nested in depth others, and says why it is no call.
func readOther(s *jsonscan.Scanner, depth int) *Violation {
	value, ok := s.Value(depth)
	if !ok {
		return invalidJSON(s.Err(), s.Text())
	}
	return notAnObject(value, depth > 0)
}

// notAnObject says why a value is no call, and where in it one is, if that can
// be seen.
func notAnObject(value jsontext.Value, isElement bool) *Violation {
	in := unwrap(value, start(isElement), 0)
	if in.path == "" {
		return violationNotObject
	}
	return &Violation{
		Reason: ReasonBadRequest,
		Sentence: "a payload is one JSON object, or an array of objects, and this holds them in another form; " +
			"make one with the mapping `root = " + in.whole(isElement) + "`",
	}
}
