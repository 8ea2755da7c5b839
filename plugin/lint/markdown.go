package lint

import "strings"

// snippets looks at the YAML in a document. Hints are not for it, since a
// document shows parts of configurations.
func (l *Linter) snippets(name string, document []byte) (findings []Finding) {
	const fence = "```"
	var snippet strings.Builder
	begin, number := 0, 0
	for line := range strings.Lines(string(document)) {
		number++
		switch isFence := strings.HasPrefix(line, fence); {
		case begin == 0 && strings.HasPrefix(line, fence+"yaml"):
			begin = number
			snippet.Reset()
		case begin > 0 && isFence:
			findings = append(findings, l.snippet(name, snippet.String(), begin)...)
			begin = 0
		default:
			snippet.WriteString(line)
		}
	}
	if begin > 0 {
		findings = append(findings, Finding{File: name, Line: begin, Column: 1, Text: "the YAML that begins here has no end: close it with " + fence})
	}
	return findings
}

func (l *Linter) snippet(name, config string, after int) []Finding {
	d, found := l.look(config)
	findings := d.text.findings(name, found)
	for i := range findings {
		findings[i].Line += after
	}
	return findings
}
