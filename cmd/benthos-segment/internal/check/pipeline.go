package check

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"

	"benthos-segment/cmd/benthos-segment/internal/policy"
	"benthos-segment/internal/segment"
	"benthos-segment/plugin"
)

// pipeline is that of a config, with its processors and the mapping of its
// output, into which documents are fed one at a time, and which sends nothing.
type pipeline struct {
	feed   service.MessageBatchHandlerFunc
	stream *service.Stream
	ended  chan error
	// conf is how its output converts.
	conf segment.Config
	// see is told what the output would make of the document at hand.
	see func(plugin.Preview)
}

// stopTime is how long processors have to end.
const stopTime = 5 * time.Second

// newPipeline starts the pipeline of a config.
func newPipeline(ctx context.Context, path string) (*pipeline, error) {
	parts, err := readParts(path)
	if err != nil {
		return nil, err
	}
	p, begun := &pipeline{ended: make(chan error, 1)}, make(chan struct{})
	env := service.GlobalEnvironment().Clone()
	viewer := plugin.Viewer{
		Begin: func(conf segment.Config) { p.conf = conf; close(begun) },
		See:   func(seen plugin.Preview) { p.see(seen) },
	}
	if err := plugin.RegisterPreview(env, viewer); err != nil {
		return nil, err
	}
	builder := env.NewStreamBuilder()
	builder.SetLogger(slog.New(slog.DiscardHandler)) // What fails is in the report.
	if p.feed, err = builder.AddBatchProducerFunc(); err == nil {
		err = parts.addTo(builder)
	}
	if err == nil {
		p.stream, err = builder.Build()
	}
	if err != nil {
		return nil, fmt.Errorf("building the pipeline of %s from its parts: %w; benthos-segment lint %s says where in the file", path, err, path)
	}
	go func() { p.ended <- p.stream.Run(ctx) }()
	select {
	case <-begun:
		return p, nil
	case err := <-p.ended:
		return nil, fmt.Errorf("starting the pipeline of %s: %w", path, err)
	}
}

// take feeds a document in and waits until it is through.
func (p *pipeline) take(ctx context.Context, payload []byte, see func(plugin.Preview)) error {
	p.see = see
	return p.feed(ctx, service.MessageBatch{service.NewMessage(payload)})
}

func (p *pipeline) close() {
	_ = p.stream.StopWithin(stopTime)
	<-p.ended
}

// parts are those of a config that make calls of its events.
type parts struct {
	// resources are what processors share.
	resources map[string]any
	// before are the processors of the input and the pipeline, and output is the
	// output segment with the processors on the way to it.
	before []any
	output map[string]any
}

// shared are the sections whose resources processors use. Inputs and outputs
// among the resources would read and write.
var shared = []string{"cache_resources", "rate_limit_resources", "processor_resources"}

func readParts(path string) (*parts, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading --config: %w", err)
	}
	var conf map[string]any
	if err := yaml.Unmarshal([]byte(filledIn(string(text))), &conf); err != nil {
		return nil, fmt.Errorf("reading --config %s: %w", path, err)
	}
	found := &parts{resources: map[string]any{}}
	for _, name := range shared {
		if section, exists := conf[name]; exists {
			found.resources[name] = section
		}
	}
	found.before = append(processorsOf(conf["input"]), processorsOf(conf["pipeline"])...)
	output, processors := segmentIn(conf["output"], conf["output_resources"], 0)
	if output == nil {
		return nil, fmt.Errorf("--config %s has no output segment: name a pipeline that has one", path)
	}
	settings, _ := output["segment"].(map[string]any)
	if settings == nil {
		settings = map[string]any{}
	}
	// A key is needed for nothing but to be there.
	if key, isText := settings["write_key"].(string); settings["write_key"] == nil || isText && strings.TrimSpace(key) == "" {
		settings["write_key"] = provenance.WriteKey
	}
	// Nothing is gathered. What would be done to a batch is done to each event.
	processors = append(processors, processorsOf(settings["batching"])...)
	delete(settings, "batching")
	found.output = map[string]any{"segment": settings}
	if len(processors) > 0 {
		found.output["processors"] = processors
	}
	return found, nil
}

// addTo adds the parts to a stream.
func (p *parts) addTo(builder *service.StreamBuilder) error {
	resources, err := yaml.Marshal(p.resources)
	if err != nil {
		return err
	}
	if err := builder.AddResourcesYAML(string(resources)); err != nil {
		return err
	}
	for _, processor := range p.before {
		text, err := yaml.Marshal(processor)
		if err != nil {
			return err
		}
		if err := builder.AddProcessorYAML(string(text)); err != nil {
			return err
		}
	}
	output, err := yaml.Marshal(p.output)
	if err != nil {
		return err
	}
	return builder.AddOutputYAML(string(output))
}

// processorsOf returns the processors of a section.
func processorsOf(section any) []any {
	members, _ := section.(map[string]any)
	processors, _ := members["processors"].([]any)
	return processors
}

// maxDepth is how many outputs may be around the output segment. A resource may
// name itself.
const maxDepth = 20

// segmentIn returns the first output segment in an output, which may be in
// others, such as a fallback, and the processors on the way to it.
func segmentIn(output, resources any, depth int) (found map[string]any, processors []any) {
	members, isOutput := output.(map[string]any)
	if !isOutput || depth > maxDepth {
		return nil, nil
	}
	here := processorsOf(output)
	if _, isSegment := members["segment"]; isSegment {
		return members, here
	}
	if label, isResource := members["resource"].(string); isResource {
		found, inner := segmentIn(resourceNamed(resources, label), resources, depth+1)
		return found, append(here, inner...)
	}
	for name, value := range members {
		if name == "processors" {
			continue
		}
		for _, child := range childrenOf(value) {
			if found, inner := segmentIn(child, resources, depth+1); found != nil {
				return found, append(here, inner...)
			}
		}
	}
	return nil, nil
}

// childrenOf returns the outputs in the settings of another: a fallback has a
// list of them, a broker has outputs, a switch has cases with one each, and
// others have one.
func childrenOf(settings any) (children []any) {
	switch settings := settings.(type) {
	case []any:
		return settings
	case map[string]any:
		for _, name := range []string{"outputs", "cases"} {
			list, _ := settings[name].([]any)
			children = append(children, list...)
		}
		children = append(children, settings["output"], settings)
	}
	return children
}

// resourceNamed returns the resource with a label.
func resourceNamed(resources any, label string) any {
	list, _ := resources.([]any)
	for _, resource := range list {
		if members, _ := resource.(map[string]any); members["label"] == label {
			return resource
		}
	}
	return nil
}

// variable is what the engine fills in before it reads the YAML.
var variable = regexp.MustCompile(`\$\{[0-9A-Za-z_.]+(:(\$\{[^}]+\}|[^}])*)?\}`)

// filledIn returns a text with the values of its variables in their places.
func filledIn(text string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		name, preset, _ := strings.Cut(found[2:len(found)-1], ":")
		value := os.Getenv(name)
		if value == "" {
			value = preset
		}
		return strings.ReplaceAll(value, "\n", `\n`)
	})
}

// flagsOfOutput are those that say what a config says.
var flagsOfOutput = append([]string{flagIntegrations, flagDialect, flagMaxCallBytes}, policy.Names...)

// errFlagsOfOutput says that one of them is given as well.
var errFlagsOfOutput = errors.New("--config brings the settings of its output segment: leave out --" +
	strings.Join(flagsOfOutput, ", --") + ", or --" + flagConfig)
