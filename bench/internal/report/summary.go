package report

import (
	"fmt"
	"strings"
)

// shown are the contenders that users want to know about, and what they are
// called where the groups of the full table are missing. The chart has those of
// them that are bars.
var shown = []struct {
	id, label string
	isBar     bool
}{
	{"batched", "benthos-segment, batched input", true},
	{"lines", "benthos-segment, per-line input", true},
	{"structured", "benthos-segment, structured payloads", false},
	{"batched_slow", "benthos-segment, batched input, answers take 50 ms", false},
	{"recipe", "http_client recipe, batched input", true},
	{"recipe_lines", "http_client recipe, per-line input", true},
	{"segment_go_best", "segmentio/analytics-go v3 (no gzip)", true},
	{"rudder_go_best", "rudderlabs/analytics-go v4 (no gzip)", true},
	{"segment_node_best", "@segment/analytics-node", true},
	{"rudder_node_best", "@rudderstack/rudder-sdk-node", true},
	{"floor", "Go that only gzips and posts", true},
}

// summary is the table for users.
func (r Run) summary() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n", r.origin())
	text.WriteString("| sender | CPU µs/event | lowest to highest | CPU, times ours | events/s | peak MB |\n|---|--:|--:|--:|--:|--:|\n")
	for _, one := range shown {
		result, isKnown := r.find(one.id)
		if !isKnown {
			continue
		}
		fmt.Fprintf(&text, "| %s | %s | %s to %s | %.1f | %s | %d |\n", one.label, micros(result.Median()),
			micros(result.Least()), micros(result.Most()), r.ratio(result), thousands(result.Rate()), result.Peak>>20)
	}
	return text.String()
}
