package send

import (
	"fmt"
	"io"

	"benthos-segment/cmd/internal/command"
)

// table is what a run comes to.
type table []tableRow

type tableRow struct {
	name  string
	count int64
	note  string
}

func (t *table) row(name string, n int64, note string) { *t = append(*t, tableRow{name, n, note}) }

func (t table) write(out io.Writer) {
	const nameColumns = 10
	countColumns := 0
	for _, r := range t {
		countColumns = max(countColumns, len(command.Thousands(r.count)))
	}
	for _, r := range t {
		line := fmt.Sprintf("  %-*s  %*s", nameColumns, r.name, countColumns, command.Thousands(r.count))
		if r.note != "" {
			line += "  " + r.note
		}
		fmt.Fprintln(out, line)
	}
}
