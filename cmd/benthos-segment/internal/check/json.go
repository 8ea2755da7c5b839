package check

import (
	"encoding/json"
	"io"

	"benthos-segment/internal/segment"
)

// jsonReport is for programs: an object on each line, and a summary at the end.
type jsonReport struct{ encoder *json.Encoder }

func newJSONReport(out io.Writer) *jsonReport {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &jsonReport{encoder}
}

// jsonPlace is the front of every line about an event.
type jsonPlace struct {
	Kind   string `json:"kind"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

type jsonFinding struct {
	jsonPlace
	Reason  string `json:"reason"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

type jsonCall struct {
	jsonPlace
	Call json.RawMessage `json:"call"`
}

type jsonFailure struct {
	Kind string `json:"kind"`
	failure
}

type jsonSkipped struct {
	Reason string    `json:"reason"`
	Count  int       `json:"count"`
	Events []counted `json:"events"`
}

type jsonSummary struct {
	Kind    string        `json:"kind"`
	Files   int           `json:"files"`
	Events  int           `json:"events"`
	Calls   int           `json:"calls"`
	Refused int           `json:"refused"`
	Skipped int           `json:"skipped"`
	Empty   int           `json:"empty"`
	IsWhole bool          `json:"complete"`
	Reasons []counted     `json:"refused_by_reason"`
	Skips   []jsonSkipped `json:"skipped_by_reason"`
	Dropped []counted     `json:"dropped_members"`
	Plan    *jsonPlan     `json:"plan,omitempty"`
}

type jsonPlan struct {
	Events   int       `json:"events"`
	Findings []counted `json:"findings"`
}

func (r *jsonReport) found(f finding) {
	message, fix := f.advice()
	r.write(jsonFinding{jsonPlace{string(f.Kind), f.File, f.line, f.column}, f.Reason, f.Field, message, fix})
}

func (r *jsonReport) showed(file string, at place, call segment.Call) {
	r.write(jsonCall{jsonPlace{"call", file, at.line, at.column}, call.JSON})
}

func (r *jsonReport) failed(f failure) { r.write(jsonFailure{"error", f}) }

func (r *jsonReport) concluded(s *summary) {
	sum := jsonSummary{
		Kind: "summary", Files: s.files, Events: s.events, Calls: s.calls, Refused: s.refused,
		Skipped: s.allSkipped(), Empty: s.empty, IsWhole: s.isWhole(),
		Reasons: s.reasons.list(), Skips: []jsonSkipped{}, Dropped: s.dropped.list(),
	}
	for n := range skips {
		if s.skipped[n].count > 0 {
			sum.Skips = append(sum.Skips, jsonSkipped{skips[n].name, s.skipped[n].count, s.skipped[n].names.list()})
		}
	}
	if s.plan.isGiven {
		sum.Plan = &jsonPlan{s.plan.events, s.plan.places.list()}
	}
	r.write(sum)
}

// write writes a line. Whether that fails, the buffer behind it says at the end.
func (r *jsonReport) write(line any) { _ = r.encoder.Encode(line) }
