package main

import (
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

// hint says of a place in a config that it is allowed but seldom meant. The
// linter of the engine knows only errors, which would keep the config from
// running.
type hint struct {
	node *yaml.Node
	text string
}

// hintsAbout looks at one subject each. They are given the segment outputs of
// the document; there is at least one.
var hintsAbout = []func(document, []placed) []hint{
	outputHints,
	inputHints,
	pipelineHints,
}

// printHints says what may not be meant in some files.
func printHints(w io.Writer, files []string) {
	for _, file := range files {
		d, err := readDocument(file)
		if err != nil {
			continue // the linter has complained about it already
		}
		for _, h := range hintsIn(d) {
			fmt.Fprintf(w, "%s(%d,%d) hint: %s\n", file, h.node.Line, h.node.Column, h.text)
		}
	}
}

func hintsIn(d document) (hints []hint) {
	hints = doorHints(d)
	outputs := segmentOutputs(d)
	if len(outputs) == 0 {
		return hints
	}
	for _, about := range hintsAbout {
		hints = append(hints, about(d, outputs)...)
	}
	return hints
}

// segmentOutputs finds the segment outputs of a document, wherever they are.
func segmentOutputs(d document) (outputs []placed) {
	walk(d.root, nil, func(p placed) {
		if p.key.Value == "segment" && member(p.value, "write_key") != nil {
			outputs = append(outputs, p)
		}
	})
	return outputs
}
