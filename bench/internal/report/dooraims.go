package report

import (
	"fmt"
	"strings"
	"time"

	"benthos-segment/bench/internal/contender"
)

// aims says what was reached, for the kind of request where it is hardest.
func (d *Doors) aims() string {
	var text strings.Builder
	text.WriteString("| aim | measured | |\n|---|---|---|\n")
	say := func(aim, measured string, isReached bool) {
		verdict := "not reached"
		if isReached {
			verdict = "reached"
		}
		fmt.Fprintf(&text, "| %s | %s | %s |\n", aim, measured, verdict)
	}
	if rate, isKnown := d.least(contender.DoorSink, func(r doorRow) (float64, bool) { return r.Delivered, r.Events > 1 }); isKnown {
		say("≥ 25,000 events/s in requests of five, accepted, synced and delivered", thousands(rate)+" events/s", rate >= 25_000)
	}
	if share, isKnown := d.least(contender.DoorQueue, func(r doorRow) (float64, bool) {
		floor, isKnown := d.find(contender.DoorFloor, r.Visit)
		return r.PerSecond / floor.PerSecond, isKnown && r.Events == 1
	}); isKnown {
		say("requests of one event: ≥ 40 % of the rate of the floor", fmt.Sprintf("%.0f %%", 100*share), share >= 0.4)
	}
	if times, isKnown := d.most(contender.DoorQueue, d.cpuAgainst(contender.DoorFloor)); isKnown {
		say("CPU of a request, queue included: ≤ 3× of the floor", fmt.Sprintf("%.1f×", times), times <= 3)
	}
	if times, isKnown := d.most(contender.DoorQueue, d.cpuAgainst(contender.DoorServer)); isKnown {
		say("and less than `http_server`, which keeps nothing", fmt.Sprintf("%.2f×", times), times < 1)
	}
	if p99, isKnown := d.most(contender.DoorSink, func(r doorRow) (float64, bool) { return float64(r.half.P99), true }); isKnown {
		say("p99 from request to durable 200 at half load: ≤ 50 ms", millis(time.Duration(p99)), p99 <= float64(50*time.Millisecond))
	}
	if peak, isKnown := d.most(contender.DoorSink, func(r doorRow) (float64, bool) { return float64(max(r.Peak, r.half.Peak) >> 20), true }); isKnown {
		say("memory: ≤ 200 MB", fmt.Sprintf("%.0f MB", peak), peak <= 200)
	}
	return text.String()
}

// cpuAgainst divides the cost of a request by that of another front door.
func (d *Doors) cpuAgainst(id string) func(doorRow) (float64, bool) {
	return func(r doorRow) (float64, bool) {
		other, isKnown := d.find(id, r.Visit)
		return float64(r.CPU) / float64(max(1, other.CPU)), isKnown
	}
}

// most and least look at all kinds of requests of a front door.
func (d *Doors) most(id string, of func(doorRow) (float64, bool)) (value float64, isKnown bool) {
	for _, row := range d.rows {
		v, counts := of(row)
		if row.id == id && counts && (!isKnown || v > value) {
			value, isKnown = v, true
		}
	}
	return value, isKnown
}

func (d *Doors) least(id string, of func(doorRow) (float64, bool)) (float64, bool) {
	value, isKnown := d.most(id, func(r doorRow) (float64, bool) {
		v, counts := of(r)
		return -v, counts
	})
	return -value, isKnown
}
