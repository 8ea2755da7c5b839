package report

import (
	"strings"
	"testing"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/runner"
)

// door is a row with requests of so many events.
func door(id string, events int, perSecond float64, cpu time.Duration) doorRow {
	service := runner.Service{Visit: runner.Visit{Events: events}, PerSecond: perSecond, CPU: cpu}
	row := doorRow{id: id, Service: service}
	if id == contender.DoorSink {
		row.Delivered = perSecond * float64(events)
		row.half = runner.Service{P99: 20 * time.Millisecond, Peak: 90 << 20}
	}
	return row
}

func TestAnAimIsThatOfTheKindWhereItIsHardest(t *testing.T) {
	found := Doors{rows: []doorRow{
		door(contender.DoorFloor, 1, 10_000, 20*time.Microsecond),
		door(contender.DoorFloor, 5, 8_000, 40*time.Microsecond),
		door(contender.DoorServer, 1, 2_000, 100*time.Microsecond),
		door(contender.DoorServer, 5, 1_000, 150*time.Microsecond),
		door(contender.DoorQueue, 1, 4_500, 50*time.Microsecond),
		door(contender.DoorQueue, 5, 1_000, 160*time.Microsecond),
		door(contender.DoorSink, 1, 4_000, 60*time.Microsecond),
		door(contender.DoorSink, 5, 6_000, 160*time.Microsecond),
	}}
	for _, want := range []string{
		"| 30,000 events/s | reached |",
		"| 45 % | reached |",
		"| 4.0× | not reached |",
		"| 1.07× | not reached |",
		"| 20.0 ms | reached |",
		"| 90 MB | reached |",
	} {
		if text := found.Markdown(); !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
}
