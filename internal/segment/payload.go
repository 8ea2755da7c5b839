package segment

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/likeness"
	"benthos-segment/internal/segment/internal/unwrap"
	"benthos-segment/internal/segment/jsonscan"
)

// invalidJSON says what is wrong with a payload that is not JSON. If the payload
// as a whole looks like another format, the violation says that instead.
func invalidJSON(err *jsonscan.Error, text []byte) *Violation {
	told := *err
	if is := likeness.Of(text); is.Format != "" {
		found := told.Found[:strings.IndexAny(told.Found+";", ",;")]
		told.Found = found + ", and the payload looks like " + is.Format + "; " + is.Advice
	} else if told.Kind == jsonscan.Trailing {
		told.Found = "a second document, but a payload holds one; split the payload before the output, " +
			"for example with the processor `unarchive: {format: lines}`"
	}
	return &Violation{
		Reason:   ReasonInvalidJSON,
		Sentence: "the payload is not valid JSON: " + told.Error(),
	}
}

var (
	violationNotObject = &Violation{
		Reason: ReasonBadRequest,
		Sentence: "a payload must be a JSON object or an array of objects; " +
			"make one in the mapping",
	}
	violationUnknownType = &Violation{
		Reason: ReasonUnknownType,
		Field:  fields[fieldType].name,
		Sentence: "the type must be identify, track, page, screen, group or alias; " +
			"set one of them in the mapping, or filter out other events before this output",
	}
)

// callFinder finds calls that are wrapped in something else.
var callFinder = unwrap.Finder{IsCall: func(object jsontext.Value) bool {
	return typeNamed(jsonscan.Lookup(object, fields[fieldType].name)) != UnknownType
}}

// notACall says why a document without a known type is not a call, and how to
// take out the call that it wraps, if there is one.
func (d *document) notACall() *Violation {
	found := callFinder.InMembers(d.raw, d.isElement)
	if !found.IsFound() && !d.has(fieldType) && jsonscan.KindOf(d.value[fieldBatch]) == '[' {
		batch := fields[fieldBatch].name
		found = unwrap.Path{Expression: unwrap.Root(d.isElement) + "." + batch, Wrapper: batch, IsList: true}
	}
	switch mapping := "the mapping `root = " + found.Of(d.isElement) + "`"; {
	case !found.IsFound():
		return violationUnknownType
	case d.has(fieldType):
		return &Violation{
			Reason: ReasonUnknownType,
			Field:  fields[fieldType].name,
			Sentence: "the type is not identify, track, page, screen, group or alias, " +
				"but there is a call in " + found.Wrapper + "; take it out with " + mapping,
		}
	case found.Wrapper == fields[fieldBatch].name:
		return &Violation{
			Reason:   ReasonBadRequest,
			Field:    found.Wrapper,
			Sentence: "this is the envelope in which an SDK sends its calls; take them out with " + mapping,
		}
	default:
		return &Violation{
			Reason:   ReasonBadRequest,
			Field:    found.Wrapper,
			Sentence: "this wraps a call in " + found.Wrapper + "; take it out with " + mapping,
		}
	}
}

// readOther reads the next value of the scanner, which is not an object and is
// nested in depth others, and says why it is not a call.
func readOther(s *jsonscan.Scanner, depth int) *Violation {
	value, ok := s.Value(depth)
	if !ok {
		return invalidJSON(s.Err(), s.Text())
	}
	return notAnObject(value, depth > 0)
}

// notAnObject says why a value is not a call, and how to take out the call that
// it wraps, if there is one.
func notAnObject(value jsontext.Value, isElement bool) *Violation {
	found := callFinder.InValue(value, isElement)
	if !found.IsFound() {
		return violationNotObject
	}
	return &Violation{
		Reason: ReasonBadRequest,
		Sentence: "a payload must be a JSON object or an array of objects, and this has the objects in another form; " +
			"change it with the mapping `root = " + found.Of(isElement) + "`",
	}
}
