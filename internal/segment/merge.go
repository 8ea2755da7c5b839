package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// appendMerged writes the union of two objects, where over wins, and where
// both hold an object under one name, these are merged in turn. Members keep
// their bytes; those of under that over lacks come last.
func appendMerged(dst []byte, over, under jsontext.Value) []byte {
	// The usual cases need no look inside: one side is empty, or a server SDK
	// has copied the traits to both places.
	if isEmptyObject(under) || bytes.Equal(over, under) {
		return append(dst, over...)
	}
	if isEmptyObject(over) {
		return append(dst, under...)
	}
	rest, index := lastMembers(under)
	overridden := make([]bool, len(rest))
	w := objectWriter{dst: append(dst, '{')}
	for m := range members(over) {
		i, both := index[unquote(m.name)]
		if both {
			overridden[i] = true
		}
		if both && m.value.Kind() == '{' && rest[i].value.Kind() == '{' {
			w.name(m.name)
			w.dst = appendMerged(w.dst, m.value, rest[i].value)
			continue
		}
		w.member(m)
	}
	for i, m := range rest {
		if !overridden[i] {
			w.member(m)
		}
	}
	return append(w.dst, '}')
}

// lastMembers lists the members of an object, of each name the last, with the
// place of each name in the list.
func lastMembers(object jsontext.Value) (list []member, index map[string]int) {
	index = make(map[string]int)
	for m := range members(object) {
		name := unquote(m.name)
		if i, exists := index[name]; exists {
			list[i] = m
			continue
		}
		index[name] = len(list)
		list = append(list, m)
	}
	return list, index
}

func isEmptyObject(value jsontext.Value) bool {
	return len(value) == 0 ||
		value[0] == '{' && len(bytes.TrimSpace(value[1:len(value)-1])) == 0
}

// objectWriter writes the members of an object with commas between them.
type objectWriter struct {
	dst   []byte
	count int
}

func (w *objectWriter) name(quoted []byte) {
	if w.count > 0 {
		w.dst = append(w.dst, ',')
	}
	w.count++
	w.dst = append(append(w.dst, quoted...), ':')
}

func (w *objectWriter) member(m member) {
	w.name(m.name)
	w.dst = append(w.dst, m.value...)
}
