package check

import (
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"benthos-segment/internal/segment"
)

// sarifReport is for code hosts and editors, in the Static Analysis Results
// Interchange Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
// Results are written as they are found, and what is known at the end comes
// after them, so that memory does not grow with them.
type sarifReport struct {
	out     io.Writer
	version string
	isBegun bool
	// rules are the reasons that results have named, in order.
	rules    []string
	failures []sarifNotification
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	Rule      string          `json:"ruleId"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			Line   int `json:"startLine"`
			Column int `json:"startColumn"`
		} `json:"region"`
	} `json:"physicalLocation"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifRule struct {
	ID string `json:"id"`
}

// levels of SARIF for each kind.
var levels = map[kind]string{refused: "error", skipped: "warning", noted: "note", unplanned: "error"}

func (r *sarifReport) found(f finding) {
	text := f.Sentence
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	level := levels[f.Kind]
	if f.isHarmless {
		level = "note"
	}
	result := sarifResult{Rule: f.Reason, Level: level, Message: sarifText{text}, Locations: make([]sarifLocation, 1)}
	at := &result.Locations[0].Physical
	at.Artifact.URI = uriOf(f.File)
	at.Region.Line, at.Region.Column = f.line, f.column
	if !slices.Contains(r.rules, f.Reason) {
		r.rules = append(r.rules, f.Reason)
	}
	separator := ",\n"
	if !r.isBegun {
		separator = r.begin()
	}
	r.write(separator)
	r.encode(result)
}

// begin returns what stands before the first result.
func (r *sarifReport) begin() string {
	r.isBegun = true
	return `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"columnKind":"unicodeCodePoints","results":[` + "\n"
}

// showed is not called: the format has no place for calls.
func (*sarifReport) showed(string, place, segment.Call) {}

func (r *sarifReport) failed(f failure) {
	r.failures = append(r.failures, sarifNotification{"error", sarifText{f.File + ": " + f.Why}})
}

func (r *sarifReport) concluded(s *summary) {
	if !r.isBegun {
		r.write(r.begin())
	}
	if s.isInterrupted {
		r.failures = append(r.failures, sarifNotification{"error", sarifText{notWhole(s)}})
	}
	rules := make([]sarifRule, 0, len(r.rules))
	for _, reason := range r.rules {
		rules = append(rules, sarifRule{reason})
	}
	r.write("\n],\n\"tool\":")
	r.encode(map[string]any{"driver": map[string]any{"name": "benthos-segment check", "version": r.version, "rules": rules}})
	r.write(",\n\"invocations\":")
	r.encode([]any{map[string]any{
		"executionSuccessful":        s.isWhole(),
		"toolExecutionNotifications": append([]sarifNotification{}, r.failures...),
	}})
	r.write("}]}\n")
}

// write writes a part. Whether that fails, the buffer behind it says at the end.
func (r *sarifReport) write(text string) { _, _ = io.WriteString(r.out, text) }

func (r *sarifReport) encode(value any) {
	// These are structs of texts and numbers, which cannot fail.
	text, _ := json.Marshal(value)
	r.write(string(text))
}

// uriOf returns the name of a file as SARIF has it, relative to where the command
// runs where it was given so.
func uriOf(file string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", "#", "%23", "?", "%3F").Replace(filepath.ToSlash(file))
}
