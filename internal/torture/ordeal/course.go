package ordeal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"
)

// paced runs the course while events come in. When it is over, all that are
// left come in at once.
func (f *Fleet) paced(ctx context.Context, events []Event, t *Tally) error {
	hurry, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- f.trickle(ctx, events, hurry) }()
	err := f.Course(ctx, f, t)
	close(hurry)
	return errors.Join(err, <-done)
}

// breath is between two portions of events.
const breath = 100 * time.Millisecond

func (f *Fleet) trickle(ctx context.Context, events []Event, hurry <-chan struct{}) error {
	for put := 0; put < len(events); {
		n := min(f.Pace(put)/int(time.Second/breath), len(events)-put)
		if err := f.Feed.Put(ctx, events[put:put+n]); err != nil {
			return err
		}
		put += n
		select {
		case <-time.After(breath):
		case <-hurry:
			return f.Feed.Put(ctx, events[put:])
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Seats lists those that are taken.
func (f *Fleet) Seats() (seats []int) {
	for seat := range f.members {
		seats = append(seats, seat)
	}
	slices.Sort(seats)
	return seats
}

// AwaitReady waits until the process of a seat is.
func (f *Fleet) AwaitReady(ctx context.Context, seat int) error {
	return f.members[seat].Await(ctx)
}

// Scale has processes join or leave until there are so many.
func (f *Fleet) Scale(ctx context.Context, size int, t *Tally) error {
	for len(f.members) < size {
		if err := f.Join(ctx, f.started); err != nil {
			return err
		}
	}
	for _, seat := range f.Seats()[size:] {
		if err := f.Leave(ctx, seat, t); err != nil {
			return err
		}
	}
	for _, seat := range f.Seats() {
		if err := f.AwaitReady(ctx, seat); err != nil {
			return err
		}
	}
	return nil
}

// Resize has processes join, or the last ones leave in the same moment, until
// there are so many. It does not wait until those that join are ready: who
// scales a fleet does not either.
func (f *Fleet) Resize(ctx context.Context, size int, t *Tally) error {
	for len(f.members) < size {
		if err := f.Join(ctx, f.started); err != nil {
			return err
		}
	}
	gone := f.Seats()[size:]
	left := make(chan error)
	for _, seat := range gone {
		p := f.members[seat]
		go func() { left <- p.leave(ctx) }()
	}
	var broken error
	for range gone {
		broken = errors.Join(broken, <-left)
	}
	for _, seat := range gone {
		t.Leaked += f.members[seat].Said.Leaks()
		delete(f.members, seat)
	}
	return broken
}

// Hold waits until Segment has accepted a request of a seat's process, and keeps
// the answers to that process to itself until it is released.
func (f *Fleet) Hold(ctx context.Context, seat int) (release func(), err error) {
	number := f.numbers[seat]
	held, released := make(chan struct{}), make(chan struct{})
	var first, last sync.Once
	f.seg.Watched(func(process, _ int, isAnswered bool) {
		if process != number || !isAnswered {
			return
		}
		first.Do(func() { close(held) })
		<-released
	})
	release = func() {
		last.Do(func() {
			f.seg.Watched(nil)
			close(released)
		})
	}
	select {
	case <-held:
		return release, nil
	case <-ctx.Done():
		release()
		return nil, fmt.Errorf("waiting for a request of the process in seat %d: %w", seat, ctx.Err())
	}
}

// Freeze stops a process in the middle of what it does, until it is thawed.
func (f *Fleet) Freeze(seat int) error { return f.signal(seat, syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (f *Fleet) Thaw(seat int) error { return f.signal(seat, syscall.SIGCONT) }

func (f *Fleet) signal(seat int, number syscall.Signal) error {
	p := f.members[seat]
	if err := errors.Join(p.Running(), p.cmd.Process.Signal(number)); err != nil {
		return fmt.Errorf("sending %s: %w", number, err)
	}
	return nil
}

// Delivered is how many events have arrived.
func (f *Fleet) Delivered() int { return f.seg.Count() }

// AwaitDelivered waits until so many more events have arrived, or all that there
// are.
func (f *Fleet) AwaitDelivered(ctx context.Context, more int) error {
	return f.seg.Await(ctx, f.After(more))
}

// AwaitArrived waits until so many events have arrived in all.
func (f *Fleet) AwaitArrived(ctx context.Context, n int) error { return f.seg.Await(ctx, n) }

// After is how many events have arrived when so many more have than by now. No
// more can than there are.
func (f *Fleet) After(more int) int { return min(f.Delivered()+more, f.Calls) }
