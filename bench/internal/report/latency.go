package report

import (
	"fmt"
	"strings"
	"time"

	"benthos-segment/bench/internal/runner"
)

// SaveDelays writes how long events take.
func SaveDelays(root string, machine Machine, rows []runner.Delays) error {
	return replace(root, resultsPage, "latency", machine.origin("make bench-latency")+".\n\n"+Delays(rows))
}

// Delays is a table.
func Delays(rows []runner.Delays) string {
	var text strings.Builder
	text.WriteString("| people | answer takes | events/s | p50 | p99 | p99.9 | aim for p99 | | CPU µs/event | events a request |\n" +
		"|---|--:|--:|--:|--:|--:|--:|---|--:|--:|\n")
	for _, row := range rows {
		text.WriteString(DelayRow(row))
	}
	return text.String()
}

// DelayRow is a row of the table.
func DelayRow(d runner.Delays) string {
	people, verdict := "nobody twice", "not reached"
	if d.EachSecond {
		people = "each once a second"
	}
	if d.P99 <= d.Limit() {
		verdict = "reached"
	}
	return fmt.Sprintf("| %s | %d ms | %s | %d ms | %d ms | %d ms | ≤ %d ms | %s | %s | %s |\n",
		people, d.Answer.Milliseconds(), thousands(float64(d.Rate)),
		rounded(d.P50), rounded(d.P99), rounded(d.P999), d.Limit().Milliseconds(), verdict, micros(d.PerEvent),
		thousands(float64(d.Rate)*d.Lasts.Seconds()/float64(max(1, d.Requests))))
}

func rounded(d time.Duration) int64 { return d.Round(time.Millisecond).Milliseconds() }
