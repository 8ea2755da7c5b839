// Package doctor looks at what a pipeline needs to reach Segment: its
// configuration, the network, the clock and the machine. It sends no event unless
// it is told to.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// status is how a check ended.
type status string

const (
	good    status = "ok"
	warning status = "warning"
	wrong   status = "wrong"
)

// result is what a check has found. It never holds a write key or a password.
type result struct {
	Check string `json:"check"`
	// About is the configuration, or the output in it, that the check is about.
	About  string `json:"about"`
	Status status `json:"status"`
	Text   string `json:"text"`
	// Fix says what to do, where something is not good.
	Fix string `json:"fix,omitempty"`
}

// String is a result on a line of its own.
func (r result) String() string {
	text := fmt.Sprintf("%-7s  %-12s  %s: %s", r.Status, r.Check, r.About, r.Text)
	if r.Fix != "" {
		text += "; " + r.Fix
	}
	return text
}

// patience is how long a check of the network may take.
const patience = 10 * time.Second

// examination is a look at a pipeline.
type examination struct {
	sendsEvent bool
	found      func(result)
	worst      status
}

func (e *examination) say(check, about string, is status, text, fix string) {
	if is == wrong || e.worst != wrong && is == warning {
		e.worst = is
	}
	e.found(result{check, about, is, text, fix})
}

// output looks at one segment output.
func (e *examination) output(ctx context.Context, o output) {
	e.writeKey(o)
	e.deadLetters(o)
	e.region(o)
	answered, latency := e.network(ctx, o)
	if answered {
		e.batching(o, latency)
	}
	if e.sendsEvent {
		e.testEvent(ctx, o)
	}
}

func (o output) about() string { return cmp.Or(o.file, "the config") + ", " + o.path }
