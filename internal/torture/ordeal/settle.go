package ordeal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A feed is a place in a broker that a pipeline reads events from.
type Feed interface {
	Put(ctx context.Context, events []Event) error
	Pipeline() string
	// Env is what the pipeline needs to know, seat the same for the nth of
	// several processes.
	Env() map[string]string
	Seat(n int) map[string]string
	// Acknowledged returns the events that are never given out again.
	Acknowledged(ctx context.Context) ([]Event, error)
	// Settled returns how many events are never given out again. It may be more
	// than acknowledged can name.
	Settled(ctx context.Context) (int, error)
	// drained says whether nothing is left to be given out, again or at all.
	drainable
	// KeepsOrder says whether what a dead process was given comes again before
	// anything newer.
	KeepsOrder() bool
	// Given is how many events earlier processes in that seat were given, the
	// oldest first. It matters only where order is not kept.
	Given(ctx context.Context, seat int) (int, error)
	Close(ctx context.Context)
}

// A connector makes a feed with that name in a broker.
type Connector func(ctx context.Context, name string) (Feed, error)

// With plays a round with a feed of its own.
func (c Connector) With(ctx context.Context, name string, play func(Feed) (Tally, error)) (Tally, error) {
	from, err := c(ctx, name)
	if err != nil {
		return Tally{}, err
	}
	defer from.Close(ctx)
	return play(from)
}

// drainable is what may be asked whether it has nothing left to give out.
type drainable interface {
	Drained(ctx context.Context) (bool, error)
}

// ErrMissing says that events have not arrived, and that none of them is going
// to.
var ErrMissing = broken("events are missing")

// EverythingArrives waits until n events of a feed have arrived. It does not
// wait in vain: where the broker has nothing left to give out, what is missing
// is lost.
func EverythingArrives(ctx context.Context, s drainable, await func(context.Context, int) error, n int) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	empty := make(chan bool, 1)
	go func() {
		defer stop()
		empty <- isDrained(waiting, s)
	}()
	err := await(waiting, n)
	stop()
	switch isEmpty := <-empty; {
	case err == nil:
		return nil
	case isEmpty:
		// Nothing is acknowledged before it is accepted, but it may have been
		// seen a moment earlier.
		again, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if await(again, n) == nil {
			return nil
		}
		return fmt.Errorf("%w, and all is acknowledged: %w", ErrMissing, err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrMissing, err)
	default:
		return err
	}
}

// isDrained waits until nothing would be given out any more, and returns false
// where ctx ended before.
func isDrained(ctx context.Context, s drainable) bool {
	for Wait(ctx, 100*time.Millisecond) {
		if done, _ := s.Drained(ctx); done { // a broker may be away for a while
			return true
		}
	}
	return false
}

// EverythingAcknowledged waits until nothing would be given out again.
func EverythingAcknowledged(ctx context.Context, s Feed) error {
	for {
		// A broker that was away for a while may cut the first questions off.
		done, err := s.Drained(ctx)
		if done {
			return nil
		}
		if !Wait(ctx, 20*time.Millisecond) {
			return fmt.Errorf("waiting for acknowledgements: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// book is what the stand-in of Segment has taken down.
type book interface {
	Has(s Step) bool
	Count() int
}

// AllAccepted asks the broker what it will never give out again, and returns
// how much of that it can name, and an error where some has not arrived.
func AllAccepted(ctx context.Context, s Feed, taken book) (int, error) {
	acknowledged, err := s.Acknowledged(ctx)
	for err != nil {
		// The same goes for these questions.
		if !Wait(ctx, 20*time.Millisecond) {
			return 0, errors.Join(ctx.Err(), err)
		}
		acknowledged, err = s.Acknowledged(ctx)
	}
	if missing := Missing(acknowledged, taken.Has); len(missing) > 0 {
		return 0, broken("%d events are acknowledged and not accepted, the first is step %d of person %d",
			len(missing), missing[0].Seq, missing[0].Person)
	}
	settled, err := s.Settled(ctx)
	if arrived := taken.Count(); err == nil && settled > arrived {
		return 0, broken("%d events are acknowledged, and %d accepted", settled, arrived)
	}
	return len(acknowledged), nil
}

// Missing lists the events that a book does not have.
func Missing(events []Event, has func(Step) bool) (list []Event) {
	for _, e := range events {
		if !has(e.Step) {
			list = append(list, e)
		}
	}
	return list
}

// Conclude judges a round, also one that was broken off. There, what has not
// arrived may still have been to come: lost is then what the broker holds for
// acknowledged all the same.
func Conclude(ctx context.Context, s Feed, events []Event, accepted []Acceptance, late func(Acceptance) bool, broken error) Judgement {
	v := Judge(events, accepted, late)
	if broken == nil || errors.Is(broken, ErrMissing) {
		return v
	}
	// The time of the round may be over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	acknowledged, _ := s.Acknowledged(ctx) // of a broker that is gone, nothing is known
	arrived := make(map[Step]bool, len(accepted))
	for _, a := range accepted {
		arrived[a.Step] = true
	}
	v.Lost = len(Missing(acknowledged, func(s Step) bool { return arrived[s] }))
	if settled, err := s.Settled(ctx); err == nil {
		v.Lost = max(v.Lost, settled-len(arrived))
	}
	return v
}
