package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
)

// writeText writes the report for people. Names come from Segment, where others
// have chosen them.
func (r *report) writeText(s terminal.Screen) {
	for i, v := range r.Sources {
		if i > 0 {
			fmt.Fprintln(s)
		}
		v.writeText(s)
	}
}

func (v *verdict) writeText(s terminal.Screen) {
	fmt.Fprintf(s, "%s, write key %s\n", strings.Join(clean(v.Outputs), ", "), cmp.Or(v.WriteKey, "-"))
	if v.Source != nil {
		paint := terminal.Green
		if v.State != "enabled" {
			paint = terminal.Red
		}
		fmt.Fprintf(s, "  source     %s, %s\n", terminal.Clean(v.Source.Name), s.Paint(paint, v.State))
	}
	if v.Workspace != nil {
		region := ""
		if v.Workspace.Region != "" {
			region = ", region " + v.Workspace.Region
		}
		fmt.Fprintf(s, "  workspace  %s%s\n", terminal.Clean(v.Workspace.Name), region)
	}
	if v.Received != nil {
		fmt.Fprintf(s, "  counted    from %s to %s\n", v.Since, v.Until)
		v.writeTable(s)
	}
	for _, lines := range []struct {
		paint terminal.Colour
		word  string
		texts []string
	}{{terminal.Red, "wrong", v.Problems}, {terminal.Yellow, "unknown", v.Gaps}, {terminal.Dim, "note", v.Notes}} {
		for _, text := range lines.texts {
			fmt.Fprintf(s, "  %s: %s\n", s.Paint(lines.paint, lines.word), terminal.Clean(text))
		}
	}
}

func clean(texts []string) []string {
	cleaned := make([]string, len(texts))
	for i, text := range texts {
		cleaned[i] = terminal.Clean(text)
	}
	return cleaned
}

// writeTable shows what was sent, received and thrown away, by type.
func (v *verdict) writeTable(s terminal.Screen) {
	discarded := map[string]int64{}
	for _, d := range v.Discarded {
		discarded[d.Type] += d.Count
	}
	types := map[string]bool{}
	sent := map[string]int64{}
	if v.Pipeline != nil {
		sent = v.Pipeline.Sent
	}
	for _, counts := range []map[string]int64{sent, v.Received, discarded} {
		for name := range counts {
			types[name] = true
		}
	}
	row := func(name string, numbers ...any) {
		fmt.Fprintf(s, "    %-10s %10v %10v %10v\n", append([]any{terminal.Clean(name)}, numbers...)...)
	}
	row("", "sent", "received", "discarded")
	for _, name := range slices.Sorted(maps.Keys(types)) {
		row(name, v.ifKnown(v.Pipeline != nil, sent[name]), v.Received[name], v.ifKnown(v.Discarded != nil, discarded[name]))
	}
	row("all", v.ifKnown(v.Pipeline != nil, total(sent)), total(v.Received), v.ifKnown(v.Discarded != nil, total(discarded)))
}

// ifKnown is a number, or a dash where nobody knows it.
func (*verdict) ifKnown(isKnown bool, n int64) any {
	if !isKnown {
		return "-"
	}
	return n
}
