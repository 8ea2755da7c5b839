package lint

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// fallbackHints looks at what a segment output refuses, and where that goes.
func fallbackHints(d document, outputs []placed) (hints []finding) {
	for _, place := range placesOf(d, outputs) {
		fallback, isIn := place.within("fallback")
		if !isIn {
			continue
		}
		hints = append(hints, positionHints(fallback, place)...)
		hints = append(hints, keptFromHints(fallback, place)...)
	}
	for _, place := range placesOf(d, outputs) {
		if choice, isIn := place.within("switch"); isIn {
			hints = append(hints, matchlessHints(choice)...)
		}
	}
	return hints
}

// positionHints looks at where in a fallback the output is.
func positionHints(fallback, place placed) []finding {
	list := listed(fallback.value)
	if len(list) == 1 {
		return []finding{hint(fallback.key, "fallback has one output, so that there is no dead letter: a message that is refused is "+
			"delivered again and again and slows down all others; add an output that takes it")}
	}
	position := slices.IndexFunc(list, func(element *yaml.Node) bool { return holds(element, place.key) })
	if position < 1 {
		return nil
	}
	said := fmt.Sprintf("segment is number %d in its fallback: it gets only what the outputs before it could not take, later than "+
		"newer events of the same people; make it the first", position+1)
	if position == len(list)-1 {
		said += ", and add one that takes what Segment refuses"
	}
	return []finding{hint(place.key, said)}
}

// holds says whether a node is another or has it below.
func holds(node, sought *yaml.Node) bool {
	return node == sought || slices.ContainsFunc(node.Content, func(child *yaml.Node) bool { return holds(child, sought) })
}

// keptFromHints looks for outputs between a fallback and this one that send what
// is refused again themselves, so that the fallback never gets it.
func keptFromHints(fallback, place placed) []finding {
	for _, between := range slices.Backward(place.above) {
		if between.key == fallback.key {
			return nil
		}
		switch between.key.Value {
		case "broker":
			if pattern := scalar(member(between.value, "pattern")); pattern == "" || pattern == "fan_out" || pattern == "fan_out_sequential" {
				return []finding{hint(between.key, "broker sends what an output refuses again and again, and the fallback around it never "+
					"gets it; put a fallback directly around segment, inside of the broker")}
			}
		case "switch":
			if retry := member(between.value, "retry_until_success"); scalar(retry) == "true" {
				return []finding{hint(retry, "retry_until_success sends what an output refuses again and again, and the fallback around "+
					"it never gets it; leave it out, or put a fallback directly around segment")}
			}
		}
	}
	return nil
}

// matchlessHints looks for a switch that drops what none of its cases takes.
func matchlessHints(choice placed) []finding {
	cases := listed(member(choice.value, "cases"))
	if len(cases) == 0 || scalar(member(choice.value, "strict_mode")) == "true" {
		return nil
	}
	for _, one := range cases {
		if scalar(member(one, "check")) == "" {
			return nil
		}
	}
	return []finding{hint(choice.key, "switch drops events that match none of its cases, without a word; add a last case without "+
		"check, or set strict_mode: true")}
}
