package lint

import (
	"fmt"
	"maps"
	"slices"

	"gopkg.in/yaml.v3"
)

// resources are the labels that configurations may refer to, by type.
type resources struct {
	labels map[string]map[string]bool
}

func newResources() *resources { return &resources{map[string]map[string]bool{}} }

// sectionOf is where the resources of a type are.
func sectionOf(kind string) string { return kind + "_resources" }

// referable are the types that are referred to.
var referable = []string{inputType, processorType, outputType, rateLimitType, "cache"}

// add remembers the resources of a config.
func (r *resources) add(d document) {
	for _, kind := range referable {
		for _, label := range d.labels(kind) {
			if r.labels[kind] == nil {
				r.labels[kind] = map[string]bool{}
			}
			r.labels[kind][label] = true
		}
	}
}

// labels are those of the resources of a type.
func (d document) labels(kind string) (labels []string) {
	for _, resource := range listed(d.section(sectionOf(kind))) {
		if label := scalar(member(resource, "label")); label != "" {
			labels = append(labels, label)
		}
	}
	return labels
}

// lacking finds references to resources that are not there, which the engine
// refuses when it makes what refers to them.
func (r *resources) lacking(d document) (found []finding) {
	walk(d.root, nil, func(p placed) {
		kind, label := referredBy(p), scalar(p.value)
		if kind == "" || label == "" || p.value.Kind != yaml.ScalarNode || r.labels[kind][label] {
			return
		}
		there := d.labels(kind)
		if slices.Contains(there, label) {
			return
		}
		there = append(there, slices.Sorted(maps.Keys(r.labels[kind]))...)
		found = append(found, at(p.value, fmt.Sprintf("field %s: there is no resource %q in %s: add it, or name the file that has it with -r%s",
			p.key.Value, label, sectionOf(kind), didYouMean(label, there))))
	})
	return found
}

// referredBy says of which type the resource is that a member names, if it names
// one.
func referredBy(p placed) string {
	if len(p.above) == 0 || p.above[0].key.Value == "tests" {
		return "" // tests replace what they name
	}
	if p.key.Value == "rate_limit" {
		return rateLimitType
	}
	above := p.above[len(p.above)-1].key.Value
	if p.key.Value == "cache" && (above == "cached" || above == "dedupe") {
		return "cache"
	}
	if p.key.Value != "resource" {
		return ""
	}
	switch above {
	case "rate_limit":
		return rateLimitType
	case "cache":
		return "cache"
	case "output", "fallback", "outputs", "output_resources":
		return outputType
	case "input", "inputs", "input_resources":
		return inputType
	case "processors":
		return processorType
	}
	return ""
}
