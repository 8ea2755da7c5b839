package lint

import (
	"gopkg.in/yaml.v3"
)

// visited is a field where a config sets it.
type visited struct {
	spec *field
	// key is nil for one of several values of a field.
	key, value *yaml.Node
	// path is the field's name as the component calls it, with dots.
	path string
}

// object is a mapping in a config, with the fields that it may have.
type object struct {
	spec *field
	node *yaml.Node
	// key is where it is named, and nil for the config itself.
	key  *yaml.Node
	path string
}

// strangers are members of a component that nobody knows.
type strangers struct {
	kind string
	// spec is nil where the component has no type that is known.
	spec *field
	keys []*yaml.Node
}

// reading is a config, read with its schema.
type reading struct {
	schema   *schema
	text     string
	visited  []visited
	objects  []object
	strange  []strangers
	followed map[*yaml.Node]bool
}

// read goes through a config.
func (s *schema) read(d document) *reading {
	r := &reading{schema: s, text: d.text.filled, followed: map[*yaml.Node]bool{}}
	if root := d.root; root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		r.object(&s.top, nil, root.Content[0], "")
	}
	return r
}

// object reads a mapping.
func (r *reading) object(spec *field, key, node *yaml.Node, path string) {
	if node.Kind == yaml.AliasNode {
		if r.followed[node] {
			return
		}
		r.followed[node] = true
		node = node.Alias
	}
	if node.Kind != yaml.MappingNode {
		return
	}
	r.objects = append(r.objects, object{spec, node, key, path})
	for name, value := range members(node) {
		if isMerge(name) {
			if value.Kind == yaml.AliasNode {
				r.object(spec, key, value, path)
			}
			continue
		}
		if child := spec.child(name.Value); child != nil {
			r.field(child, name, value, joined(path, name.Value))
		}
	}
}

func isMerge(key *yaml.Node) bool { return key.Tag == "!!merge" }

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// field reads the value of a field.
func (r *reading) field(spec *field, key, value *yaml.Node, path string) {
	value = target(value)
	r.visited = append(r.visited, visited{spec, key, value, path})
	one := spec.each()
	switch spec.Kind {
	case kind2DArray:
		for _, row := range listed(value) {
			for _, element := range listed(row) {
				r.value(one, key, element, path)
			}
		}
	case kindArray:
		for _, element := range listed(value) {
			r.value(one, key, element, path)
		}
	case kindMap:
		for name, element := range members(value) {
			r.value(one, name, element, path+"."+name.Value)
		}
	default:
		r.value(spec, key, value, path)
	}
}

// value reads one value of a field.
func (r *reading) value(spec *field, key, value *yaml.Node, path string) {
	switch {
	case r.schema.isComponent(spec):
		r.component(spec.Type, value)
	case len(spec.Children) > 0:
		r.object(spec, key, value, path)
	case spec.Kind == kindScalar && r.visited[len(r.visited)-1].value != value:
		r.visited = append(r.visited, visited{spec, nil, value, path})
	}
}

// reserved are the members that components have beside their own config.
var reserved = map[string]*field{
	"label":      {Name: "label", Type: typeString, Kind: kindScalar},
	"processors": {Name: "processors", Type: processorType, Kind: kindArray},
	"type":       {Name: "type", Type: typeString, Kind: kindScalar},
	"plugin":     {Name: "plugin"},
	"meta":       {Name: "meta"},
	"mapping":    {Name: "mapping", Type: typeString, Kind: kindScalar},
}

// component reads a component, whose type is one of its keys.
func (r *reading) component(kind string, node *yaml.Node) {
	named := scalar(member(node, "type"))
	strange := strangers{kind: kind, spec: r.schema.component(kind, named)}
	for key, value := range members(node) {
		config := r.schema.component(kind, key.Value)
		own, isReserved := reserved[key.Value]
		switch {
		case config != nil && (named == "" || named == key.Value):
			strange.spec = config
			r.field(config, key, value, "")
		case isReserved:
			r.field(own, key, value, key.Value)
		default:
			strange.keys = append(strange.keys, key)
		}
	}
	if len(strange.keys) > 0 {
		r.strange = append(r.strange, strange)
	}
}
