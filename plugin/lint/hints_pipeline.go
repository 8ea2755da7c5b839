package main

// pipelineHints looks at what is between the input and the output.
func pipelineHints(d document, _ []placed) (hints []hint) {
	hints = append(hints, threadHints(d)...)
	for key := range members(d.section("buffer")) {
		if key.Value == "memory" {
			hints = append(hints, hint{key, "a buffer in memory acknowledges an event when it is read: what it holds when the " +
				"process stops or dies is lost; leave it out, so that events wait with the input"})
		}
	}
	return hints
}

// threadHints looks for several threads. The engine's default is one for each
// core, and an event that takes longer is overtaken.
func threadHints(d document) []hint {
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
	return []hint{{at, "pipeline.processors run in several threads, one for each core by default, and events leave them in " +
		"a different order; set pipeline.threads to 1"}}
}
