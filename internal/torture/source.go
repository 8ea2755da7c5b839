package main

import "context"

// A source is a place in a broker that a pipeline reads events from.
type source interface {
	put(ctx context.Context, events []event) error
	pipeline() string
	env() map[string]string
	// acknowledged returns the events that are never given out again.
	acknowledged(ctx context.Context) ([]event, error)
	// keepsOrder says whether what a dead process was given comes again before
	// anything newer.
	keepsOrder() bool
	// given is how many events were given out so far, the oldest first. It
	// matters only where order is not kept.
	given(ctx context.Context) (int, error)
	close(ctx context.Context)
}
