package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"
)

// fleet is one round in which several processes share the work, and some join,
// leave and die on the way.
type fleet struct {
	product  binary
	feed     feed
	pipeline string
	crowd    *crowd
	calls    int
	size     int
	moves    int
	// pinned processes have a share of their own. The one that leaves comes
	// back, and none dies.
	pinned bool
	// spread processes ask the same consumer in turns: there is no order.
	spread bool
	// ready is what a process says that may be killed or asked to leave: that its
	// input is connected, where nothing else is said here.
	ready    *regexp.Regexp
	patience time.Duration

	seg     *segment
	members map[int]*process
	started int
	// fresh is where a process begins with what no other was given.
	fresh map[int]int
}

func (f *fleet) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	f.seg = newSegment(rng.Uint64(), stride)
	if err := f.seg.serve(0); err != nil {
		return t, err
	}
	defer f.seg.close()
	events := f.crowd.events(f.calls)
	if err := f.feed.put(ctx, events); err != nil {
		return t, err
	}
	f.members, f.fresh = map[int]*process{}, map[int]int{}
	defer func() {
		for _, p := range f.members {
			p.kill()
		}
	}()
	err = f.ordeal(ctx, rng, &t)
	accepted := f.seg.accepted()
	t.shares = sharesOf(accepted)
	late := excuse(f.feed, events, f.fresh)
	if f.spread {
		late = anybody
	}
	t.judgement = conclude(ctx, f.feed, events, accepted, late, err)
	return t, errors.Join(err, t.fault())
}

// ordeal starts all processes, has them come and go, and lets those that are
// left finish.
func (f *fleet) ordeal(ctx context.Context, rng *rand.Rand, t *tally) error {
	for seat := range f.size {
		if err := f.join(ctx, seat); err != nil {
			return err
		}
	}
	for _, mark := range marks(f.moves, f.calls, rng) {
		if err := f.seg.await(ctx, mark); err != nil {
			return f.explain(err)
		}
		if err := f.move(ctx, rng, t); err != nil {
			return f.explain(err)
		}
		if _, err := allAccepted(ctx, f.feed, f.seg); err != nil {
			return f.explain(err)
		}
	}
	if err := everythingArrives(ctx, f.feed, f.seg.await, f.calls); err != nil {
		return f.explain(err)
	}
	if err := everythingAcknowledged(ctx, f.feed); err != nil {
		return f.explain(err)
	}
	for seat := range f.members {
		if err := f.leave(ctx, seat, t); err != nil {
			return err
		}
	}
	return nil
}

// move lets one process join, leave or die.
func (f *fleet) move(ctx context.Context, rng *rand.Rand, t *tally) error {
	seat := f.anyone(rng)
	if f.pinned {
		if err := f.leave(ctx, seat, t); err != nil {
			return err
		}
		return f.join(ctx, seat)
	}
	kind := rng.IntN(3)
	if len(f.members) < f.size {
		kind = 0
	}
	switch kind {
	case 0:
		return f.join(ctx, f.started)
	case 1:
		return f.leave(ctx, seat, t)
	default:
		return f.die(ctx, seat, t)
	}
}

// anyone draws a seat that is taken.
func (f *fleet) anyone(rng *rand.Rand) int {
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

func (f *fleet) join(ctx context.Context, seat int) (err error) {
	f.started++
	if f.pinned {
		if f.fresh[f.started], err = f.feed.given(ctx, seat); err != nil {
			return err
		}
	}
	env := f.feed.seat(seat)
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = f.seg.endpoint(f.started)
	sign := connected
	if f.ready != nil {
		sign = f.ready
	}
	f.members[seat], err = f.product.runUntil(sign, f.pipeline, env)
	return err
}

func (f *fleet) leave(ctx context.Context, seat int, t *tally) error {
	p := f.members[seat]
	defer p.kill()
	if err := p.await(ctx); err != nil {
		return err
	}
	if err := p.terminate(ctx); err != nil {
		return err
	}
	t.leaked += p.said.leaks()
	delete(f.members, seat)
	return nil
}

// die kills a process, as soon as it may be.
func (f *fleet) die(ctx context.Context, seat int, t *tally) error {
	p := f.members[seat]
	if err := p.await(ctx); err != nil {
		return err
	}
	p.kill()
	if err := p.killed(); err != nil {
		return err
	}
	t.kills++
	t.leaked += p.said.leaks()
	delete(f.members, seat)
	return nil
}

func (f *fleet) explain(err error) error {
	for seat, p := range f.members {
		err = fmt.Errorf("%w\nprocess in seat %d: %s", err, seat, p.said)
	}
	return err
}

// sharesOf counts what each process was the first to deliver.
func sharesOf(accepted []acceptance) map[int]int {
	shares, seen := map[int]int{}, map[string]bool{}
	for _, a := range accepted {
		if !seen[a.ID] {
			seen[a.ID] = true
			shares[a.Process]++
		}
	}
	return shares
}
