package tail

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	// firstWait and longestWait bound the waits for a sandbox that is away.
	firstWait   = 250 * time.Millisecond
	longestWait = 4 * time.Second
)

// follower shows calls as they arrive.
type follower struct {
	api         client
	filter      string
	last, limit int
	show        shower
	// say tells the user what is no call.
	say func(text string)

	// from is where the stream continues, run the life of the server that it is
	// about.
	from  position
	run   string
	shown int
}

// shower writes calls.
type shower interface {
	// wantsContents says whether it shows what is inside of calls.
	wantsContents() bool
	call(c call) error
}

// errEnough ends a tail that has shown as many calls as it was to.
var errEnough = errors.New("that was the last call to show")

// follow shows calls until there were enough of them, or until ctx ends. A
// server that is not there at first is an error; one that goes is waited for.
func (f *follower) follow(ctx context.Context) error {
	err := f.begin(ctx)
	if err == nil {
		f.say("Following " + f.api.url + ". Stop with Ctrl-C.")
		err = f.keepUp(ctx)
	}
	switch {
	case errors.Is(err, errEnough):
		return nil
	case errors.As(err, new(refusal)), errors.As(err, new(unwritten)):
		return err
	default:
		return fmt.Errorf("nothing answers at %s: %w. Start a sandbox with `benthos-segment sandbox`, or name another address with --%s", f.api.url, err, flagURL)
	}
}

// begin shows the calls that are there already, and notes where the server is: a
// call that comes just now comes with the stream, also from another run of it.
func (f *follower) begin(ctx context.Context) error {
	l, err := f.api.calls(ctx, f.filter, url.Values{
		"order": {"newest"}, "limit": {strconv.Itoa(max(f.last, 1))}, "raw": {strconv.FormatBool(f.show.wantsContents())},
	})
	if err != nil {
		return err
	}
	f.from, f.run = l.at, l.at.run
	list := l.calls[:min(f.last, len(l.calls))]
	slices.Reverse(list)
	return f.print(slices.DeleteFunc(list, func(c call) bool { return c.Seq > l.at.seq }))
}

func (f *follower) print(list []call) error {
	for _, one := range list {
		if err := f.show.call(one); err != nil {
			return unwritten{err}
		}
		if f.shown++; f.shown == f.limit {
			return errEnough
		}
	}
	return nil
}

// unwritten is an error of what calls are written to.
type unwritten struct{ error }

func (u unwritten) Unwrap() error { return u.error }

// keepUp reads the stream, and opens it again when it ends.
func (f *follower) keepUp(ctx context.Context) error {
	wait, isLost := firstWait, false
	for {
		s, err := f.api.events(ctx, f.filter, f.from)
		if err == nil {
			if isLost {
				f.say("Connected again.")
			}
			wait, isLost = firstWait, false
			err = f.read(ctx, s)
			s.close()
		}
		if ctx.Err() != nil || isFinal(err) {
			return err
		}
		if !isLost {
			f.say(fmt.Sprintf("Lost %s (%v). Trying again until Ctrl-C.", f.api.url, err))
			isLost = true
		}
		if !pause(ctx, wait) {
			return ctx.Err()
		}
		wait = min(2*wait, longestWait)
	}
}

// isFinal says whether another try would end in the same way.
func isFinal(err error) bool {
	return errors.Is(err, errEnough) || errors.As(err, new(refusal)) || errors.As(err, new(unwritten))
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// read shows what comes with a stream until it ends.
func (f *follower) read(ctx context.Context, s *stream) error {
	for {
		e, err := s.next()
		if err != nil {
			return err
		}
		if err := f.take(ctx, e); err != nil {
			return err
		}
		if e.id != "" {
			f.from = position{id: e.id}
		}
	}
}

func (f *follower) take(ctx context.Context, e event) error {
	switch e.name {
	case "hello":
		return f.greet(e)
	case "gap":
		return f.miss(e)
	case "reset":
		f.say("Calls were deleted there. What is left comes again.")
		return nil
	case "calls":
		return f.arrived(ctx, e)
	default:
		return nil
	}
}

// greet notices a server that is another one than before.
func (f *follower) greet(e event) error {
	var hello struct {
		Run string `json:"run"`
	}
	if err := e.read(&hello); err != nil {
		return err
	}
	if f.run != hello.Run {
		f.say("It was restarted there: calls are numbered from 1 again.")
	}
	f.run = hello.Run
	return nil
}

func (f *follower) miss(e event) error {
	var gap struct{ From, To uint64 }
	if err := e.read(&gap); err != nil {
		return err
	}
	f.say(fmt.Sprintf("Calls %d to %d were evicted by newer ones before they could be shown.", gap.From, gap.To))
	return nil
}

// arrived shows the calls of a frame. The stream has them in short, so that the
// rest is asked for.
func (f *follower) arrived(ctx context.Context, e event) error {
	var short []struct {
		Seq uint64 `json:"seq"`
	}
	if err := e.read(&short); err != nil || len(short) == 0 {
		return err
	}
	more := after(short[0].Seq-1, len(short))
	more.Set("raw", strconv.FormatBool(f.show.wantsContents()))
	l, err := f.api.calls(ctx, f.filter, more)
	if err != nil {
		return err
	}
	last := short[len(short)-1].Seq
	list := slices.DeleteFunc(l.calls, func(c call) bool { return c.Seq > last })
	if missing := len(short) - len(list); missing > 0 {
		f.say(fmt.Sprintf("%d of the calls %d to %d were deleted or evicted before they could be shown.", missing, short[0].Seq, last))
	}
	return f.print(list)
}
