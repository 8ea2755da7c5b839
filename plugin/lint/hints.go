package lint

import "gopkg.in/yaml.v3"

// hint is a finding that keeps nothing from running. The linter of the engine
// knows only errors.
func hint(node *yaml.Node, text string) finding {
	return finding{line: node.Line, column: node.Column, text: text, isHint: true}
}

// hintsAbout looks at one subject each. They are given the segment outputs of
// the document; there is at least one.
var hintsAbout = []func(document, []placed) []finding{
	outputHints,
	regionHints,
	fallbackHints,
	inputHints,
	pipelineHints,
	orderHints,
}

func hintsIn(d document) (hints []finding) {
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
