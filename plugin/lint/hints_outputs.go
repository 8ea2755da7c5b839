package main

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// outputHints looks at each segment output and at what it is in.
func outputHints(d document, outputs []placed) (hints []hint) {
	for _, out := range outputs {
		hints = append(hints, orderHints(out)...)
		if _, isTaken := out.within("fallback", "drop_on", "output_resources"); !isTaken {
			hints = append(hints, hint{out.key, "there is no dead letter: a message that is refused is delivered again and again " +
				"and slows down all others; make this output the first of a fallback"})
		}
		hints = append(hints, wrapperHints(out)...)
		writeKey := member(out.value, "write_key")
		if strings.Contains(scalar(writeKey), "${!") && !strings.EqualFold(scalar(member(out.value, "on_setup_error")), "reject") {
			hints = append(hints, hint{writeKey, "write_key is different for each message: set on_setup_error to reject, or one " +
				"wrong key stops all others"})
		}
	}
	for _, use := range usesOf(d, outputs) {
		hints = append(hints, wrapperHints(use)...)
	}
	return hints
}

// usesOf finds where a segment output that is a resource is used.
func usesOf(d document, outputs []placed) (uses []placed) {
	var labels []string
	for _, resource := range listed(d.section("output_resources")) {
		if slices.ContainsFunc(outputs, func(out placed) bool { return member(resource, out.key.Value) == out.value }) {
			labels = append(labels, scalar(member(resource, "label")))
		}
	}
	for _, section := range d.sections("output", "output_resources") {
		walk(section, nil, func(p placed) {
			if p.key.Value == "resource" && slices.Contains(labels, scalar(p.value)) {
				uses = append(uses, p)
			}
		})
	}
	return uses
}

func listed(node *yaml.Node) []*yaml.Node {
	if node = target(node); node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

// wrapperHints looks at outputs that take what comes before this one.
func wrapperHints(out placed) (hints []hint) {
	if dropOn, isIn := out.within("drop_on"); isIn {
		hints = append(hints, hint{dropOn.key, "drop_on hands over one batch and waits for its answer before the next: where events " +
			"come one by one, only one passes in each batching.period, and with back_pressure good events are dropped while Segment " +
			"is away; use a fallback whose last output is drop: {}"})
	}
	if retry, isIn := out.within("retry"); isIn {
		hints = append(hints, hint{retry.key, "retry sends whole batches again and hides the reasons; the output retries by itself"})
	}
	return hints
}

// orderHints looks for what lets calls of one person overtake each other.
func orderHints(out placed) (hints []hint) {
	if broker, isIn := out.within("broker"); isIn {
		hints = append(hints, brokerHints(broker)...)
	}
	return hints
}

func brokerHints(broker placed) []hint {
	copies := member(broker.value, "copies")
	n, isKnown := number(copies, 1)
	if !isKnown {
		return nil
	}
	pattern := member(broker.value, "pattern")
	switch dealt := scalar(pattern); {
	case dealt == "round_robin" || dealt == "greedy":
		if n*len(listed(member(broker.value, "outputs"))) > 1 {
			return []hint{{pattern, fmt.Sprintf("%s gives up order: it deals events out to several outputs, where calls of one "+
				"person may overtake each other; raise parallel_requests of one output instead", dealt)}}
		}
	case n > 1:
		return []hint{{copies, fmt.Sprintf("copies sends every event %d times, under the same message ids; raise "+
			"parallel_requests of one output instead", n)}}
	}
	return nil
}
