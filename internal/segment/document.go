package segment

import (
	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/memory"
	"benthos-segment/internal/segment/jsonscan"
)

// document is one event, taken apart at its top level. Its values are the bytes
// of the payload.
type document struct {
	// raw is the whole object.
	raw []byte
	// isElement says whether it is an element of an array.
	isElement bool
	// value holds the last value given for each field. Null counts as absent:
	// Python and browser SDKs write it for that.
	value [fieldCount]jsontext.Value
	// order lists the fields in the order of their first appearance.
	order []field
	// unknown lists the names of members that are not a field and not empty.
	unknown []jsontext.Value
	// context lists the members of the context object, inContext those of
	// them that the conversion knows.
	context   []contextMember
	inContext contextSet
	// inMetadata says what _metadata holds.
	inMetadata metadataSet
}

// release lets the payload go.
func (d *document) release() {
	d.context = memory.Forget(d.context)
	d.unknown = memory.Forget(d.unknown)
	d.reset()
}

// reset empties the document for another event.
func (d *document) reset() {
	*d = document{order: d.order[:0], context: d.context[:0], unknown: d.unknown[:0]}
}

// read reads the next value of the scanner, an object that is nested in depth
// others.
func (d *document) read(s *jsonscan.Scanner, depth int) *Violation {
	d.reset()
	start := s.Offset()
	for isOver := s.Open('}'); !isOver; isOver = s.More('}') {
		d.readMember(s, depth+1)
	}
	if s.IsBroken() {
		return invalidJSON(s.Err(), s.Text())
	}
	d.raw, d.isElement = s.Since(start), depth > 0
	return nil
}

// readMember reads one top-level member.
func (d *document) readMember(s *jsonscan.Scanner, depth int) {
	name, ok := s.Name()
	if !ok {
		return
	}
	f, start := fieldNamed(name), s.Offset()
	switch f {
	case fieldContext:
		d.readContext(s, depth)
	case fieldMetadata:
		d.readMetadata(s, depth)
	default:
		s.Skip(depth)
	}
	switch {
	case s.IsBroken():
	case f != fieldUnknown:
		d.set(f, s.Since(start))
	case !jsonscan.IsEmpty(s.Since(start)):
		d.unknown = append(d.unknown, name)
	}
}

// readContext reads the context member by member in the same pass, because
// Segment has other names for some of its members.
func (d *document) readContext(s *jsonscan.Scanner, depth int) {
	d.forgetContext() // If there are several contexts, the last one counts.
	if s.Peek() != '{' {
		s.Skip(depth)
		return
	}
	for isOver := s.Open('}'); !isOver; isOver = s.More('}') {
		start := s.Offset()
		name, ok := s.Name()
		if !ok {
			return
		}
		value := s.Offset()
		if s.Skip(depth + 1); !s.IsBroken() {
			d.appendContext(jsonscan.Member{Name: name, Value: s.Since(value)}, start, s.Offset())
		}
	}
}

// readMetadata reads _metadata member by member in the same pass.
func (d *document) readMetadata(s *jsonscan.Scanner, depth int) {
	d.inMetadata = 0 // If there are several, the last one counts.
	if s.Peek() != '{' {
		s.Skip(depth)
		return
	}
	for isOver := s.Open('}'); !isOver; isOver = s.More('}') {
		if name, ok := s.Name(); ok {
			s.Skip(depth + 1)
			d.inMetadata |= metadataNamed(name)
		}
	}
}

// set gives field f a value. If it is set again, the last value counts.
func (d *document) set(f field, value jsontext.Value) {
	if d.value[f] == nil {
		d.order = append(d.order, f)
	}
	if jsonscan.KindOf(value) == 'n' {
		value = jsontext.Value{}
	}
	d.value[f] = value
}

// has reports whether field f has a value other than null.
func (d *document) has(f field) bool { return len(d.value[f]) > 0 }

// drop makes field f absent.
func (d *document) drop(f field) { d.value[f] = d.value[f][:0] }

// text returns the text of a string or the digits of a number.
func (d *document) text(f field) string {
	if value := d.value[f]; jsonscan.KindOf(value) == '0' {
		return string(value)
	}
	return jsonscan.UnquoteText(d.value[f])
}
