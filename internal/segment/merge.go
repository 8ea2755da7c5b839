package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// appendMerged writes the union of two objects, where over wins, and where
// both hold an object under one name, these are merged in turn. Values keep
// their bytes; members of under that over lacks come last.
func appendMerged(dst []byte, over, under jsontext.Value) []byte {
	// The usual cases need no look inside: one side is empty, or a server SDK
	// has copied the traits to both places.
	if isEmptyObject(under) || bytes.Equal(over, under) {
		return append(dst, over...)
	}
	if isEmptyObject(over) {
		return append(dst, under...)
	}
	return appendMergedNodes(dst, nodes(over), nodes(under))
}

// node is a member of an object that has been taken apart at every depth, in
// one pass: looking into each depth anew would cost a deep object's size
// times its depth.
type node struct {
	member
	// children are the members of an object.
	children []node
}

func appendMergedNodes(dst []byte, over, under []node) []byte {
	// Of a duplicate only the last counts: merging all of them would repeat
	// the other side for each.
	over, _ = lastOfEachName(over)
	rest, index := lastOfEachName(under)
	overridden := make([]bool, len(rest))
	w := objectWriter{dst: append(dst, '{')}
	for _, n := range over {
		i, both := index[string(unquote(n.name))]
		if both {
			overridden[i] = true
		}
		if both && kindOf(n.value) == '{' && kindOf(rest[i].value) == '{' {
			w.name(n.name)
			w.dst = appendMergedNodes(w.dst, n.children, rest[i].children)
			continue
		}
		w.member(n.member)
	}
	for i, n := range rest {
		if !overridden[i] {
			w.member(n.member)
		}
	}
	return append(w.dst, '}')
}

// lastOfEachName lists of each name the last node, at the place of the first,
// and the place of each name in the list.
func lastOfEachName(all []node) (list []node, index map[string]int) {
	list, index = all[:0:0], make(map[string]int, len(all))
	for _, n := range all {
		name := string(unquote(n.name))
		if i, exists := index[name]; exists {
			list[i] = n
			continue
		}
		index[name] = len(list)
		list = append(list, n)
	}
	return list, index
}

// nodes takes an object apart that has been read before.
func nodes(object jsontext.Value) []node {
	t := jsonText{bytes: object}
	n, _ := t.nodeAt(0)
	return n.children
}

// nodeAt reads a value, and returns the place behind it.
func (t *jsonText) nodeAt(at int) (n node, end int) {
	if t.bytes[at] != '{' {
		end = t.skipValue(at, 0)
		n.value = t.bytes[at:end]
		return n, end
	}
	end, isOver := skipOpening(t.bytes, at, '}')
	for !isOver {
		name := end
		nameEnd := t.skipName(name)
		var child node
		child, end = t.nodeAt(skipColon(t.bytes, nameEnd))
		child.name = t.bytes[name:nameEnd]
		n.children = append(n.children, child)
		end, isOver = skipSeparator(t.bytes, end, '}')
	}
	n.value = t.bytes[at:end]
	return n, end
}

func isEmptyObject(value jsontext.Value) bool {
	return len(value) == 0 ||
		value[0] == '{' && skipBlanks(value, 1) == len(value)-1
}

// objectWriter writes the members of an object with commas between them.
type objectWriter struct {
	dst   []byte
	count int
}

// separate writes the comma in front of another member.
func (w *objectWriter) separate() {
	if w.count > 0 {
		w.dst = append(w.dst, ',')
	}
	w.count++
}

func (w *objectWriter) name(quoted []byte) {
	w.separate()
	w.dst = append(append(w.dst, quoted...), ':')
}

// members adds members that are written already, with commas between them.
func (w *objectWriter) members(written []byte) {
	w.separate()
	w.dst = append(w.dst, written...)
}

func (w *objectWriter) member(m member) {
	w.name(m.name)
	w.dst = append(w.dst, m.value...)
}
