package jsonobject

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// AppendMerged writes the union of two objects, in which over wins. Where both
// hold an object under one name, these are merged in turn. Values keep their
// bytes; members of under that over lacks come last.
func AppendMerged(dst []byte, over, under jsontext.Value) []byte {
	// The usual cases need no look inside: one side is empty, or a server SDK
	// has copied the traits to both.
	if jsonscan.IsEmptyObject(under) || bytes.Equal(over, under) {
		return append(dst, over...)
	}
	if jsonscan.IsEmptyObject(over) {
		return append(dst, under...)
	}
	return appendMergedNodes(dst, nodes(over), nodes(under))
}

// node is a member of an object that has been taken apart at every depth, in
// one pass: to scan each depth again would cost the size of a deep object times
// its depth.
type node struct {
	jsonscan.Member
	// children are the members of an object.
	children []node
}

func appendMergedNodes(dst []byte, over, under []node) []byte {
	// Of a duplicate only the last counts: merging all of them would repeat
	// the other side for each.
	over, _ = lastOfEachName(over)
	rest, index := lastOfEachName(under)
	overridden := make([]bool, len(rest))
	w := Begin(dst)
	for _, n := range over {
		i, both := index[string(jsonscan.Unquote(n.Name))]
		if both {
			overridden[i] = true
		}
		if both && jsonscan.KindOf(n.Value) == '{' && jsonscan.KindOf(rest[i].Value) == '{' {
			w.Name(n.Name)
			w.dst = appendMergedNodes(w.dst, n.children, rest[i].children)
			continue
		}
		w.Member(n.Member)
	}
	for i, n := range rest {
		if !overridden[i] {
			w.Member(n.Member)
		}
	}
	return w.End()
}

// lastOfEachName lists the last node of each name, at the position of the first
// one, and the position of each name in the list.
func lastOfEachName(all []node) (list []node, index map[string]int) {
	list, index = all[:0:0], make(map[string]int, len(all))
	for _, n := range all {
		name := string(jsonscan.Unquote(n.Name))
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
	s := jsonscan.Over(object)
	return readNode(&s).children
}

// readNode reads the next value.
func readNode(s *jsonscan.Scanner) (n node) {
	start := s.Offset()
	if s.Peek() != '{' {
		s.Skip(0)
		n.Value = s.Since(start)
		return n
	}
	for isOver := s.Open('}'); !isOver; isOver = s.More('}') {
		name, _ := s.Name()
		child := readNode(s)
		child.Name = name
		n.children = append(n.children, child)
	}
	n.Value = s.Since(start)
	return n
}
