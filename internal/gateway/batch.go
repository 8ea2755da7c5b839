package gateway

import (
	"container/list"
	"context"
	"errors"
	"sync/atomic"
)

// ErrFull marks an error of those who took a batch: they have no room for it, and
// may have soon.
var ErrFull = errors.New("the queue is full")

// Event is one event, as the server that its SDK was made for would have it.
type Event struct {
	// Content is JSON. An element of a batch that is no object is handed out as it
	// is, for the dead letters.
	Content []byte
	Origin
}

// Origin is what is known of an event beside its content. Most events of a request
// have the same.
type Origin struct {
	// WriteKey is that of the request.
	WriteKey string
	// Dialect is rudderstack or segment, empty where the request does not tell.
	Dialect string
	// Type is what the event says, or the URL.
	Type string
	// Library and Version name the SDK, as far as it does.
	Library, Version string
	// Address is that of the client.
	Address string
}

// Batch is the events of one or more requests.
type Batch struct {
	Events []Event

	gateway  *Gateway
	requests []*request
	// isSettled makes a second answer of the engine harmless.
	isSettled atomic.Bool
}

// fate is what became of a request.
type fate uint8

const (
	accepted fate = iota
	rejected
	overloaded
	stopping
	late
)

// request is one request whose events are on their way.
type request struct {
	events []Event
	// size is about what it takes in memory.
	size int64
	// element is the place in the queue, nil after.
	element *list.Element
	// granted is closed when there is room for its events, and nil where there was
	// some at once.
	granted          chan struct{}
	hasRoom, isReady bool
	// answered gets one fate.
	answered chan fate
	// first is the index of its first event in the batch.
	first int
}

// Read waits for requests and hands out their events, in the order of arrival. It
// returns an error when the context ends, or after Stop.
func (g *Gateway) Read(ctx context.Context) (*Batch, error) {
	g.isRead.Store(true)
	requests, err := g.queue.read(ctx)
	if err != nil {
		return nil, err
	}
	batch := &Batch{gateway: g, requests: requests}
	for _, r := range requests {
		r.first = len(batch.Events)
		batch.Events = append(batch.Events, r.events...)
	}
	return batch, nil
}

// Settle says what became of the events. failed returns why the event at an index
// was not accepted, or nil; failed itself is nil where all were. Only the first call
// counts.
func (b *Batch) Settle(failed func(i int) error) {
	if !b.isSettled.CompareAndSwap(false, true) {
		return
	}
	b.gateway.queue.settle(b.requests, func(r *request) fate {
		if failed == nil {
			return accepted
		}
		result := accepted
		for i := range r.events {
			err := failed(r.first + i)
			if errors.Is(err, ErrFull) {
				return overloaded
			}
			if err != nil {
				result = rejected
			}
		}
		return result
	})
	b.gateway.showPending()
}
