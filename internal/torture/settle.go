package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A feed is a place in a broker that a pipeline reads events from.
type feed interface {
	put(ctx context.Context, events []event) error
	pipeline() string
	// env is what the pipeline needs to know, seat the same for the nth of
	// several processes.
	env() map[string]string
	seat(n int) map[string]string
	// acknowledged returns the events that are never given out again.
	acknowledged(ctx context.Context) ([]event, error)
	// settled returns how many events are never given out again. It may be more
	// than acknowledged can name.
	settled(ctx context.Context) (int, error)
	// drained says whether nothing is left to be given out, again or at all.
	drainable
	// keepsOrder says whether what a dead process was given comes again before
	// anything newer.
	keepsOrder() bool
	// given is how many events earlier processes in that seat were given, the
	// oldest first. It matters only where order is not kept.
	given(ctx context.Context, seat int) (int, error)
	close(ctx context.Context)
}

// drainable is what may be asked whether it has nothing left to give out.
type drainable interface {
	drained(ctx context.Context) (bool, error)
}

// errMissing says that events have not arrived, and that none of them is going
// to.
var errMissing = errors.New("events are missing")

// everythingArrives waits until n events of a feed have arrived. It does not
// wait in vain: where the broker has nothing left to give out, what is missing
// is lost.
func everythingArrives(ctx context.Context, s drainable, await func(context.Context, int) error, n int) error {
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
		return fmt.Errorf("%w, and all is acknowledged: %w", errMissing, err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", errMissing, err)
	default:
		return err
	}
}

// isDrained waits until nothing would be given out any more, and returns false
// where ctx ended before.
func isDrained(ctx context.Context, s drainable) bool {
	for wait(ctx, 100*time.Millisecond) {
		if done, _ := s.drained(ctx); done { // a broker may be away for a while
			return true
		}
	}
	return false
}

// everythingAcknowledged waits until nothing would be given out again.
func everythingAcknowledged(ctx context.Context, s feed) error {
	for {
		// A broker that was away for a while may cut the first questions off.
		done, err := s.drained(ctx)
		if done {
			return nil
		}
		if !wait(ctx, 20*time.Millisecond) {
			return fmt.Errorf("waiting for acknowledgements: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// book is what the stand-in of Segment has taken down.
type book interface {
	has(s step) bool
	count() int
}

// allAccepted asks the broker what it will never give out again, and returns
// how much of that it can name, and an error where some has not arrived.
func allAccepted(ctx context.Context, s feed, taken book) (int, error) {
	acknowledged, err := s.acknowledged(ctx)
	for err != nil {
		// The same goes for these questions.
		if !wait(ctx, 20*time.Millisecond) {
			return 0, errors.Join(ctx.Err(), err)
		}
		acknowledged, err = s.acknowledged(ctx)
	}
	if missing := missing(acknowledged, taken.has); len(missing) > 0 {
		return 0, fmt.Errorf("%d events are acknowledged and not accepted, the first is step %d of person %d",
			len(missing), missing[0].Seq, missing[0].Person)
	}
	settled, err := s.settled(ctx)
	if arrived := taken.count(); err == nil && settled > arrived {
		return 0, fmt.Errorf("%d events are acknowledged, and %d accepted", settled, arrived)
	}
	return len(acknowledged), nil
}

func missing(events []event, has func(step) bool) (list []event) {
	for _, e := range events {
		if !has(e.step) {
			list = append(list, e)
		}
	}
	return list
}

// conclude judges a round, also one that was broken off. There, what has not
// arrived may still have been to come: lost is then what the broker holds for
// acknowledged all the same.
func conclude(ctx context.Context, s feed, events []event, accepted []acceptance, late func(acceptance) bool, broken error) judgement {
	v := judge(events, accepted, late)
	if broken == nil || errors.Is(broken, errMissing) {
		return v
	}
	// The time of the round may be over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	acknowledged, _ := s.acknowledged(ctx) // of a broker that is gone, nothing is known
	arrived := make(map[step]bool, len(accepted))
	for _, a := range accepted {
		arrived[a.step] = true
	}
	v.lost = len(missing(acknowledged, func(s step) bool { return arrived[s] }))
	if settled, err := s.settled(ctx); err == nil {
		v.lost = max(v.lost, settled-len(arrived))
	}
	return v
}
