package lint

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// document is a config as the engine reads it, with the places of everything.
type document struct {
	text text
	root *yaml.Node
}

// newDocument parses a config with its variables filled in.
func newDocument(config string, find lookup) (document, error) {
	d := document{text: fill(config, find)}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(d.text.filled), &root); err != nil {
		return d, err
	}
	if left := maxNodes; !isBounded(&root, map[*yaml.Node]bool{}, &left) {
		return d, errEndless
	}
	d.root = &root
	return d, nil
}

// maxNodes bounds what the aliases of a config may make of it.
const maxNodes = 1_000_000

var errEndless = errors.New("an alias stands in what it stands for, or aliases make the config endless: write out what they stand for")

// isBounded says whether a node ends, with what its aliases stand for. The engine
// would follow them until its stack is full.
func isBounded(node *yaml.Node, within map[*yaml.Node]bool, left *int) bool {
	if *left--; *left < 0 || within[node] {
		return false
	}
	if node.Kind == yaml.AliasNode {
		return isBounded(node.Alias, within, left)
	}
	within[node] = true
	defer delete(within, node)
	for _, child := range node.Content {
		if !isBounded(child, within, left) {
			return false
		}
	}
	return true
}

// section returns the value of a member of the config, or nil.
func (d document) section(name string) *yaml.Node {
	if d.root == nil || len(d.root.Content) == 0 {
		return nil
	}
	return member(d.root.Content[0], name)
}

// sections returns the named members of the config that there are.
func (d document) sections(names ...string) (found []*yaml.Node) {
	for _, name := range names {
		if section := d.section(name); section != nil {
			found = append(found, section)
		}
	}
	return found
}

// member returns the value of a key in a mapping, or nil.
func member(node *yaml.Node, name string) *yaml.Node {
	for key, value := range members(node) {
		if key.Value == name {
			return value
		}
	}
	return nil
}

// keyOf returns the node of a key in a mapping, or nil.
func keyOf(node *yaml.Node, name string) *yaml.Node {
	for key := range members(node) {
		if key.Value == name {
			return key
		}
	}
	return nil
}

// members goes through the keys and values of a mapping.
func members(node *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if node = target(node); node == nil || node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i], node.Content[i+1]) {
				return
			}
		}
	}
}

// target follows an alias to what it stands for.
func target(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// placed is a member of a mapping, and those that it is in, outermost first.
type placed struct {
	key, value *yaml.Node
	above      []placed
}

// within returns the innermost of those that it is in whose key is one of
// these.
func (p placed) within(keys ...string) (placed, bool) {
	for _, outer := range slices.Backward(p.above) {
		if slices.Contains(keys, outer.key.Value) {
			return outer, true
		}
	}
	return placed{}, false
}

// walk visits every member at and below a node, in the order in which they
// are written.
func walk(node *yaml.Node, above []placed, visit func(placed)) {
	if node == nil || node.Kind == yaml.AliasNode {
		return // what it stands for is visited where it is written
	}
	if node.Kind != yaml.MappingNode {
		for _, child := range node.Content {
			walk(child, above, visit)
		}
		return
	}
	for key, value := range members(node) {
		p := placed{key, value, above}
		visit(p)
		walk(value, append(slices.Clone(above), p), visit)
	}
}

// scalar returns the text of a node, and nothing where it has none.
func scalar(node *yaml.Node) string {
	if node = target(node); node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	return strings.TrimSpace(node.Value)
}

// number returns the number that a node holds, or the preset where there is
// no node. What is no number, the linter complains about.
func number(node *yaml.Node, preset int) (n int, isKnown bool) {
	if node == nil {
		return preset, true
	}
	n, err := strconv.Atoi(scalar(node))
	return n, err == nil
}

// duration is number for a length of time.
func duration(node *yaml.Node, preset time.Duration) (d time.Duration, isKnown bool) {
	if node == nil {
		return preset, true
	}
	d, err := time.ParseDuration(scalar(node))
	return d, err == nil
}

// listed are the elements of a list.
func listed(node *yaml.Node) []*yaml.Node {
	if node = target(node); node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}
