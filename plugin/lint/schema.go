package lint

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// field is what a schema says of a field of a config.
type field struct {
	Name             string      `json:"name"`
	Type             string      `json:"type"`
	Kind             string      `json:"kind"`
	Default          any         `json:"default"`
	IsSecret         bool        `json:"is_secret"`
	Interpolated     bool        `json:"interpolated"`
	Options          []string    `json:"options"`
	AnnotatedOptions [][2]string `json:"annotated_options"`
	Children         []*field    `json:"children"`
}

// The kinds of fields that hold several values, and the types of scalars.
const (
	kindArray   = "array"
	kind2DArray = "2darray"
	kindMap     = "map"
	kindScalar  = "scalar"

	typeInt    = "int"
	typeFloat  = "float"
	typeBool   = "bool"
	typeString = "string"
)

// child returns a field of an object.
func (f *field) child(name string) *field {
	at := slices.IndexFunc(f.Children, func(child *field) bool { return child.Name == name })
	if at < 0 {
		return nil
	}
	return f.Children[at]
}

func (f *field) names() (names []string) {
	for _, child := range f.Children {
		names = append(names, child.Name)
	}
	return names
}

// options are the values that a field may have, or none where it may have any.
func (f *field) options() []string {
	options := slices.Clone(f.Options)
	for _, option := range f.AnnotatedOptions {
		options = append(options, option[0])
	}
	return options
}

// each is the field for one of several values.
func (f *field) each() *field {
	one := *f
	one.Kind = kindScalar
	return &one
}

// The types of components.
const (
	inputType     = "input"
	outputType    = "output"
	processorType = "processor"
	rateLimitType = "rate_limit"
)

// schema knows the fields of everything that is registered in an environment.
type schema struct {
	top   field
	find  map[string]func(string) (*service.ConfigView, bool)
	walk  map[string]func(func(string, *service.ConfigView))
	known map[[2]string]*field
}

// newSchema reads what a schema has to say. It is given the schema to itself.
func newSchema(s *service.ConfigSchema) (*schema, error) {
	env := s.Environment()
	top, err := topFields(s)
	if err != nil {
		return nil, err
	}
	return &schema{
		top: field{Children: top},
		find: map[string]func(string) (*service.ConfigView, bool){
			inputType: env.GetInputConfig, outputType: env.GetOutputConfig, processorType: env.GetProcessorConfig,
			rateLimitType: env.GetRateLimitConfig, "buffer": env.GetBufferConfig, "cache": env.GetCacheConfig,
			"metrics": env.GetMetricsConfig, "tracer": env.GetTracerConfig, "scanner": env.GetScannerConfig,
		},
		walk: map[string]func(func(string, *service.ConfigView)){
			inputType: env.WalkInputs, outputType: env.WalkOutputs, processorType: env.WalkProcessors,
			rateLimitType: env.WalkRateLimits, "buffer": env.WalkBuffers, "cache": env.WalkCaches,
			"metrics": env.WalkMetrics, "tracer": env.WalkTracers, "scanner": env.WalkScanners,
		},
		known: map[[2]string]*field{},
	}, nil
}

// topFields are those that a config has beside its components, whose schemas are
// read when one is there.
func topFields(s *service.ConfigSchema) ([]*field, error) {
	env := s.Environment()
	s.SetEnvironment(service.NewEmptyEnvironment())
	described, err := s.MarshalJSONV0()
	s.SetEnvironment(env)
	if err != nil {
		return nil, fmt.Errorf("describing the schema: %w", err)
	}
	var full struct {
		Config []*field `json:"config"`
	}
	if err := json.Unmarshal(described, &full); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return full.Config, nil
}

// component returns the config of a component, or nil if there is none of that
// name.
func (s *schema) component(kind, name string) *field {
	id := [2]string{kind, name}
	if known, isKnown := s.known[id]; isKnown {
		return known
	}
	s.known[id] = s.readComponent(kind, name)
	return s.known[id]
}

func (s *schema) readComponent(kind, name string) *field {
	find, exists := s.find[kind]
	if !exists {
		return nil
	}
	view, exists := find(name)
	if !exists {
		return nil
	}
	described, err := view.FormatJSON()
	if err != nil {
		return nil
	}
	var component struct {
		Config *field `json:"config"`
	}
	if json.Unmarshal(described, &component) != nil || component.Config == nil {
		return nil
	}
	component.Config.Name = name
	return component.Config
}

// names are those of all components of a type.
func (s *schema) names(kind string) (names []string) {
	if walk, exists := s.walk[kind]; exists {
		walk(func(name string, _ *service.ConfigView) { names = append(names, name) })
	}
	return names
}

// isComponent says whether a field holds a component.
func (s *schema) isComponent(f *field) bool { return s.find[f.Type] != nil }
