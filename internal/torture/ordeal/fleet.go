package ordeal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"
)

// Fleet is one round in which several processes share the work, and some join,
// leave and die on the way.
type Fleet struct {
	Product  Binary
	Feed     Feed
	Pipeline string
	Crowd    *Crowd
	Calls    int
	Size     int
	Moves    int
	// Pinned processes have a share of their own. The one that leaves comes
	// back, and none dies.
	Pinned bool
	// Spread processes ask the same consumer in turns: there is no order.
	Spread bool
	// Ready is what a process says that may be killed or asked to leave: that its
	// input is connected, where nothing else is said here.
	Ready *regexp.Regexp
	// Course is what happens, in the place of so many random moves. Events come in
	// meanwhile, so many a second as Pace says when that many have. Where it says 0,
	// the rest comes when the course is over.
	Pace   func(put int) int
	Course func(ctx context.Context, f *Fleet, t *Tally) error
	// Move lets the process of a seat run on another machine, or changes what it
	// is told.
	Move func(seat int, product Binary, env map[string]string) (Binary, error)
	// Stride is how long the stand-in keeps a request, and its answer, at the most:
	// Stride where nothing is said.
	Stride   time.Duration
	Patience time.Duration

	seg     *Segment
	members map[int]*Process
	// numbers are those that the stand-in knows the members by.
	numbers map[int]int
	started int
	// fresh is where a process begins with what no other was given.
	fresh map[int]int
}

// Run plays the round.
func (f *Fleet) Run(ctx context.Context, rng *rand.Rand) (t Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.Patience)
	defer cancel()
	f.seg = NewSegment(rng.Uint64(), cmp.Or(f.Stride, Stride))
	if err := f.seg.Serve(0); err != nil {
		return t, err
	}
	defer f.seg.Close()
	events := f.Crowd.Events(f.Calls)
	f.members, f.numbers, f.fresh = map[int]*Process{}, map[int]int{}, map[int]int{}
	defer func() {
		for _, p := range f.members {
			p.Kill()
		}
	}()
	err = f.ordeal(ctx, rng, events, &t)
	accepted := f.seg.Accepted()
	t.Shares = sharesOf(accepted)
	late := excuse(f.Feed, events, f.fresh)
	if f.Spread {
		late = Anybody
	}
	t.Judgement = Conclude(ctx, f.Feed, events, accepted, late, err)
	return t, errors.Join(err, t.Fault())
}

// ordeal starts all processes, has them come and go, and lets those that are
// left finish.
func (f *Fleet) ordeal(ctx context.Context, rng *rand.Rand, events []Event, t *Tally) error {
	for seat := range f.Size {
		if err := f.Join(ctx, seat); err != nil {
			return err
		}
	}
	// One that is early would deliver everything alone.
	for _, seat := range f.Seats() {
		if err := f.AwaitReady(ctx, seat); err != nil {
			return err
		}
	}
	if err := f.course(ctx, rng, events, t); err != nil {
		return f.Explain(err)
	}
	if err := EverythingArrives(ctx, f.Feed, f.seg.Await, f.Calls); err != nil {
		return f.Explain(err)
	}
	if err := EverythingAcknowledged(ctx, f.Feed); err != nil {
		return f.Explain(err)
	}
	for seat := range f.members {
		if err := f.Leave(ctx, seat, t); err != nil {
			return err
		}
	}
	return nil
}

// course lets happen what is to happen.
func (f *Fleet) course(ctx context.Context, rng *rand.Rand, events []Event, t *Tally) error {
	if f.Course != nil {
		return f.paced(ctx, events, t)
	}
	if err := f.Feed.Put(ctx, events); err != nil {
		return err
	}
	for _, mark := range Marks(f.Moves, f.Calls, rng) {
		if err := f.seg.Await(ctx, mark); err != nil {
			return err
		}
		if err := f.move(ctx, rng, t); err != nil {
			return err
		}
		if _, err := AllAccepted(ctx, f.Feed, f.seg); err != nil {
			return err
		}
	}
	return nil
}

// move lets one process join, leave or die.
func (f *Fleet) move(ctx context.Context, rng *rand.Rand, t *Tally) error {
	seat := f.anyone(rng)
	if f.Pinned {
		if err := f.Leave(ctx, seat, t); err != nil {
			return err
		}
		return f.Join(ctx, seat)
	}
	kind := rng.IntN(3)
	if len(f.members) < f.Size {
		kind = 0
	}
	switch kind {
	case 0:
		return f.Join(ctx, f.started)
	case 1:
		return f.Leave(ctx, seat, t)
	default:
		return f.Die(ctx, seat, t)
	}
}

// anyone draws a seat that is taken.
func (f *Fleet) anyone(rng *rand.Rand) int {
	nth := rng.IntN(len(f.members))
	for seat := 0; ; seat++ {
		if _, exists := f.members[seat]; !exists {
			continue
		}
		if nth == 0 {
			return seat
		}
		nth--
	}
}

// Join starts a process in a seat.
func (f *Fleet) Join(ctx context.Context, seat int) (err error) {
	f.started++
	f.numbers[seat] = f.started
	if f.Pinned {
		if f.fresh[f.started], err = f.Feed.Given(ctx, seat); err != nil {
			return err
		}
	}
	env := f.Feed.Seat(seat)
	env["SEGMENT_WRITE_KEY"] = WriteKey
	env["SEGMENT_ENDPOINT"] = f.seg.Endpoint(f.started)
	sign := Connected
	if f.Ready != nil {
		sign = f.Ready
	}
	product := f.Product
	if f.Move != nil {
		if product, err = f.Move(seat, product, env); err != nil {
			return err
		}
	}
	p, err := product.RunUntil(sign, f.Pipeline, env)
	if err != nil {
		return err
	}
	f.members[seat] = p
	return nil
}

// Leave asks a process to end, as soon as it is ready.
func (f *Fleet) Leave(ctx context.Context, seat int, t *Tally) error {
	p := f.members[seat]
	if err := p.leave(ctx); err != nil {
		return err
	}
	t.Leaked += p.Said.Leaks()
	delete(f.members, seat)
	return nil
}

func (p *Process) leave(ctx context.Context) error {
	defer p.Kill()
	if err := p.Await(ctx); err != nil {
		return err
	}
	return p.Terminate(ctx)
}

// Die kills a process, as soon as it may be.
func (f *Fleet) Die(ctx context.Context, seat int, t *Tally) error {
	p := f.members[seat]
	if err := p.Await(ctx); err != nil {
		return err
	}
	p.Kill()
	if err := p.Killed(); err != nil {
		return err
	}
	t.Kills++
	t.Leaked += p.Said.Leaks()
	delete(f.members, seat)
	return nil
}

func (f *Fleet) Explain(err error) error {
	for seat, p := range f.members {
		err = fmt.Errorf("%w\nprocess in seat %d: %s", err, seat, p.Said)
	}
	return err
}

// sharesOf counts what each process was the first to deliver.
func sharesOf(accepted []Acceptance) map[int]int {
	shares, seen := map[int]int{}, map[string]bool{}
	for _, a := range accepted {
		if !seen[a.ID] {
			seen[a.ID] = true
			shares[a.Process]++
		}
	}
	return shares
}
