package main

import "context"

// A source is a place in a broker that a pipeline reads events from.
type source interface {
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
	drained(ctx context.Context) (bool, error)
	// keepsOrder says whether what a dead process was given comes again before
	// anything newer.
	keepsOrder() bool
	// given is how many events earlier processes in that seat were given, the
	// oldest first. It matters only where order is not kept.
	given(ctx context.Context, seat int) (int, error)
	close(ctx context.Context)
}
