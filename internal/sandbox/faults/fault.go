// Package faults knows the failures that a sandbox is told to have, and which
// requests they strike.
package faults

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/sandbox/inbox"
)

// Fault is a failure to inject: one of Status, Drop, LostAck and Truncate, or
// only a Delay, and the requests that it strikes.
type Fault struct {
	// Status answers with this status and accepts nothing. Only with a 2xx are
	// the calls accepted, since that is how the sender must understand it; with
	// Body it makes a strange success.
	Status int
	// RetryAfter, Header and Body go with Status.
	RetryAfter string
	Header     map[string]string
	Body       string
	// Drop cuts the connection without an answer and accepts nothing.
	Drop bool
	// LostAck accepts the calls and cuts the connection before the answer.
	LostAck bool
	// Truncate accepts the calls, begins to answer with a 200, and cuts the
	// connection in the middle of the body.
	Truncate bool
	// Delay passes before anything is accepted or answered. If the sender gives
	// up before, nothing is accepted.
	Delay time.Duration

	// Times is how often the fault strikes, 0 for every request that matches.
	Times int
	// Probability is the chance to strike, 0 for always. The same Seed gives the
	// same sequence of chances for the matching requests in their order.
	Probability float64
	Seed        uint64
	// Match chooses the requests: those with at least one call that matches.
	Match inbox.Match
}

// validate says what is wrong with the fault in the words of the JSON API.
func (f *Fault) validate() error {
	effects := 0
	for _, is := range []bool{f.Status != 0, f.Drop, f.LostAck, f.Truncate} {
		if is {
			effects++
		}
	}
	switch {
	case effects > 1:
		return errors.New("status, drop, lost_ack and truncate exclude each other: inject one fault for each")
	case effects == 0 && f.Delay == 0:
		return errors.New("a fault needs one of status, drop, lost_ack, truncate or delay")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status must be from 200 to 599, not %d", f.Status)
	case f.Status == 0 && (f.RetryAfter != "" || f.Body != "" || len(f.Header) > 0):
		return errors.New("retry_after, headers and body need a status to go with")
	case f.Delay < 0:
		return errors.New("delay must not be negative")
	case f.Times < 0:
		return errors.New("times must not be negative")
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("probability must be from 0 to 1, not %v", f.Probability)
	}
	return f.Match.Validate()
}

// Accepts reports whether the calls of a request that the fault strikes may be
// accepted.
func (f *Fault) Accepts() bool {
	return !f.Drop && (f.Status == 0 || f.Status/100 == 2)
}

// Effect names what the fault does.
func (f *Fault) Effect() string {
	var parts []string
	if f.Delay > 0 {
		parts = append(parts, "delay "+f.Delay.String())
	}
	switch {
	case f.Drop:
		parts = append(parts, "drop")
	case f.LostAck:
		parts = append(parts, "lost_ack")
	case f.Truncate:
		parts = append(parts, "truncate")
	case f.Status != 0:
		parts = append(parts, "status "+strconv.Itoa(f.Status))
	}
	return strings.Join(parts, ", ")
}

// size is the length of the fault's texts.
func (f *Fault) size() int {
	n := len(f.Body) + len(f.RetryAfter)
	for name, value := range f.Header {
		n += len(name) + len(value)
	}
	m := &f.Match
	return n + len(m.Type) + len(m.User) + len(m.Event) + len(m.Group) + len(m.MessageID) + len(m.WriteKey) + len(m.Path) + len(m.Text)
}

// State is a fault that was injected and what it did so far.
type State struct {
	ID int
	Fault
	// Hits counts how often it struck. Remaining is how often it still will, -1
	// for no limit.
	Hits      int
	Remaining int

	// ended is closed when the fault is removed.
	ended <-chan struct{}
}

// IsActive reports whether the fault may still strike.
func (s *State) IsActive() bool { return s.Remaining != 0 }

// Wait waits for the delay to pass, or for the fault to be removed, which lets
// the request go on. It reports false if the sender gave up first.
func (s *State) Wait(ctx context.Context) bool {
	if s.Delay <= 0 {
		return true
	}
	timer := time.NewTimer(s.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ended:
		return true
	case <-ctx.Done():
		return false
	}
}
