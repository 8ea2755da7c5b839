package lint

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// orderHints looks for what lets calls of one person overtake each other.
func orderHints(d document, outputs []placed) (hints []finding) {
	for _, place := range placesOf(d, outputs) {
		if broker, isIn := place.within("broker"); isIn {
			hints = append(hints, brokerHints(broker)...)
		}
	}
	walk(d.root, nil, func(p placed) {
		hints = append(hints, groupHints(p)...)
		hints = append(hints, unorderedHints(p)...)
	})
	return hints
}

func brokerHints(broker placed) []finding {
	copies := member(broker.value, "copies")
	n, isKnown := number(copies, 1)
	if !isKnown {
		return nil
	}
	pattern := member(broker.value, "pattern")
	switch dealt := scalar(pattern); {
	case dealt == "round_robin" || dealt == "greedy":
		if n*len(listed(member(broker.value, "outputs"))) > 1 {
			return []finding{hint(pattern, fmt.Sprintf("%s gives up order: it deals events out to several outputs, where calls of one "+
				"person may overtake each other; raise parallel_requests of one output instead", dealt))}
		}
	case n > 1:
		return []finding{hint(copies, fmt.Sprintf("copies sends every event %d times, under the same message ids; raise "+
			"parallel_requests of one output instead", n))}
	}
	return nil
}

// groupHints looks for processors that take a batch apart by something else than
// the person.
func groupHints(p placed) []finding {
	switch p.key.Value {
	case "group_by_value":
		by := scalar(member(p.value, "value"))
		if by == "" || strings.Contains(strings.ToLower(by), "user") || strings.Contains(by, "anonymousId") {
			return nil
		}
	case "group_by":
		if p.value.Kind != yaml.SequenceNode {
			return nil
		}
	default:
		return nil
	}
	if _, isProcessor := p.within("processors", "pipeline", "processor_resources"); !isProcessor {
		return nil
	}
	return []finding{hint(p.key, p.key.Value+" gives up order: the groups leave one after the other, and a person's events are in "+
		"several of them; group by the person, or leave it out: requests are filled from all that is there")}
}

// unorderedHints looks for an input that hands out what it reads side by side.
func unorderedHints(p placed) []finding {
	enabled := member(p.value, "enabled")
	if p.key.Value != "unordered_processing" || scalar(enabled) != "true" {
		return nil
	}
	return []finding{hint(enabled, "unordered_processing gives up order: a person's events may overtake each other; leave it out, "+
		"and gather events with batching of segment")}
}
