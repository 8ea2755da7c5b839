package jsonscan

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// Member is one member of an object, both sides as they were written.
type Member struct {
	Name, Value jsontext.Value
}

// Named reports whether the member has that name, written without escapes, as
// every SDK writes the names that we look for in nested objects.
func (m Member) Named(name string) bool {
	return len(m.Name) == len(name)+2 && string(m.Name[1:len(m.Name)-1]) == name
}

// Members yields the members of a JSON object that has been read before.
// Any other value has none.
func Members(object jsontext.Value) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		if len(object) == 0 || object[0] != '{' {
			return
		}
		s := Over(object)
		for isOver := s.Open('}'); !isOver; isOver = s.More('}') {
			m, ok := s.Member(1)
			if !ok || !yield(m) {
				return
			}
		}
	}
}

// Elements yields the elements of a JSON array that has been read before.
// Any other value has none.
func Elements(array jsontext.Value) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		if len(array) == 0 || array[0] != '[' {
			return
		}
		s := Over(array)
		for isOver := s.Open(']'); !isOver; isOver = s.More(']') {
			element, ok := s.Value(1)
			if !ok || !yield(element) {
				return
			}
		}
	}
}

// Lookup returns the last value of that name in object, or nil.
func Lookup(object jsontext.Value, name string) (value jsontext.Value) {
	// Most objects do not have it, and a search for the name shows that faster
	// than a look at each member.
	if !bytes.Contains(object, []byte(name)) {
		return nil
	}
	for m := range Members(object) {
		if m.Named(name) {
			value = m.Value
		}
	}
	return value
}
