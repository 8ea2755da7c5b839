package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/runner"
)

// Doors is what a comparison of front doors found.
type Doors struct {
	// Sync is what a sync of a small write takes.
	Sync   time.Duration
	Starts map[string]time.Duration
	rows   []doorRow
}

// doorRow is one front door with one kind of request.
type doorRow struct {
	id, name string
	runner.Service
	// half is at half of that rate.
	half runner.Service
}

// Add measures a front door. That which delivers is visited again at half of its
// rate, to see how long an answer takes then.
func (d *Doors) Add(bench *runner.Bench, door contender.Contender, visit runner.Visit, progress io.Writer) error {
	row := doorRow{id: door.ID, name: door.Name}
	var err error
	if row.Service, err = bench.Serve(door, visit, d.Starts[door.ID]); err != nil {
		return err
	}
	if door.ID == contender.DoorSink {
		visit.Rate = row.PerSecond / 2
		if row.half, err = bench.Serve(door, visit, d.Starts[door.ID]); err != nil {
			return err
		}
	}
	d.rows = append(d.rows, row)
	fmt.Fprint(progress, d.line(row))
	return nil
}

func (d *Doors) find(id string, visit runner.Visit) (doorRow, bool) {
	for _, row := range d.rows {
		if row.id == id && row.Events == visit.Events && row.IsGzip == visit.IsGzip {
			return row, true
		}
	}
	return doorRow{}, false
}

// Markdown is the table and the aims.
func (d *Doors) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "A sync of the disk takes %.2f ms.\n\n", float64(d.Sync)/float64(time.Millisecond))
	text.WriteString("| front door | request | requests/s | events/s | delivered/s | CPU µs/request | CPU, times the floor | p50 | p99 | p99 at half of the rate | peak MB |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, row := range d.rows {
		text.WriteString(d.line(row))
	}
	return text.String() + "\n" + d.aims()
}

func (d *Doors) line(row doorRow) string {
	times, delivered, half := "", "", ""
	if floor, isKnown := d.find(contender.DoorFloor, row.Visit); isKnown && floor.CPU > 0 {
		times = fmt.Sprintf("%.1f", float64(row.CPU)/float64(floor.CPU))
	}
	if row.id == contender.DoorSink {
		delivered, half = thousands(row.Delivered), millis(row.half.P99)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %d |\n", row.name, kindOf(row.Visit),
		thousands(row.PerSecond), thousands(row.PerSecond*float64(row.Events)), delivered, micros(row.CPU), times,
		millis(row.P50), millis(row.P99), half, row.Peak>>20)
}

func kindOf(v runner.Visit) string {
	kind := "1 event"
	if v.Events > 1 {
		kind = fmt.Sprintf("%d events", v.Events)
	}
	if v.IsGzip {
		return kind + ", gzip"
	}
	return kind
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// SaveDoors writes the table into the page.
func SaveDoors(root string, machine Machine, found Doors) error {
	return replace(root, resultsPage, "gateway", machine.origin("make bench-gateway")+". "+found.Markdown())
}
