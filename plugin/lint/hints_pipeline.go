package lint

import (
	"cmp"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"
)

// pipelineHints looks at what is between the input and the output.
func pipelineHints(d document, outputs []placed) (hints []finding) {
	hints = append(hints, threadHints(d)...)
	hints = append(hints, stopHints(d)...)
	hints = append(hints, slowBatchHints(d, outputs)...)
	walk(d.root, nil, func(p placed) { hints = append(hints, dedupeHints(p)...) })
	hints = append(hints, catchHints(d)...)
	for key := range members(d.section("buffer")) {
		if key.Value == "memory" {
			hints = append(hints, hint(key, "a buffer in memory acknowledges an event when it is read: what it holds when the "+
				"process stops or dies is lost; leave it out, so that events wait with the input"))
		}
	}
	return hints
}

// threadHints looks for several threads. The engine's default is one for each
// core, and an event that takes longer is overtaken.
func threadHints(d document) []finding {
	pipeline := d.section("pipeline")
	if len(listed(member(pipeline, "processors"))) == 0 {
		return nil
	}
	const everyCore = -1
	threads := member(pipeline, "threads")
	if n, isKnown := number(threads, everyCore); !isKnown || n == 1 {
		return nil
	}
	at := threads
	if at == nil {
		at = keyOf(pipeline, "processors")
	}
	return []finding{hint(at, "pipeline.processors run in several threads, one for each core by default, and events leave them in "+
		"a different order; set pipeline.threads to 1")}
}

// leastStop is what the engine needs to give back what is under way: docs/engine.md.
const leastStop = 2 * time.Second

// stopHints looks for a stop that is too short.
func stopHints(d document) []finding {
	field := d.section("shutdown_timeout")
	limit, isKnown := duration(field, leastStop)
	if !isKnown || limit >= leastStop {
		return nil
	}
	return []finding{hint(field, fmt.Sprintf("shutdown_timeout is %s: the engine then ends in the middle of what it does, and gives nothing "+
		"back to the input; set it to %s or more", limit, leastStop))}
}

// presetStop is the engine's own shutdown_timeout.
const presetStop = 20 * time.Second

// slowBatchHints looks for batches that take longer to gather than a stop lasts.
// The engine hands them over when their period is over, and not before.
func slowBatchHints(d document, outputs []placed) (hints []finding) {
	limit, isKnown := duration(d.section("shutdown_timeout"), presetStop)
	if !isKnown || limit < leastStop {
		return nil
	}
	given := limit * 3 / 4
	for _, out := range outputs {
		field := member(member(out.value, "batching"), "period")
		if period, isKnown := duration(field, 0); isKnown && period > given {
			hints = append(hints, hint(field, fmt.Sprintf("batching.period is %s, and a stop has %s of shutdown_timeout for what is under way: "+
				"what was gathered by then is not sent, and comes again after the start; keep the period below that", period, given)))
		}
	}
	return hints
}

// catchHints looks for recovery that never comes: where errors are strict, what has
// failed skips the processors after it.
func catchHints(d document) (hints []finding) {
	if scalar(member(d.section("error_handling"), "strict")) != "true" {
		return nil
	}
	walk(d.root, nil, func(p placed) {
		// The catch of a try_catch is a list in an object that has processors, too.
		_, isOfTryCatch := p.within("try_catch")
		if p.key.Value == "catch" && p.value.Kind == yaml.SequenceNode && !isOfTryCatch {
			hints = append(hints, hint(p.key, "catch does nothing with error_handling.strict: what has failed skips it, goes back to "+
				"the input, and comes again; use try_catch, which has both"))
		}
	})
	return hints
}

// dedupeHints looks for a processor that drops events when its cache fails.
func dedupeHints(p placed) []finding {
	if p.key.Value != "dedupe" || p.value.Kind != yaml.MappingNode || scalar(member(p.value, "drop_on_err")) == "false" {
		return nil
	}
	return []finding{hint(cmp.Or(member(p.value, "drop_on_err"), p.key), "dedupe drops events when its cache fails, and acknowledges them: "+
		"they are lost; set drop_on_err: false. Segment removes duplicates by message id, too")}
}
