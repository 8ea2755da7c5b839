package tracking

import (
	"context"
	"runtime"
)

// demand says whether there is use for more calls: what is ready and not sent
// is memory, and what is sent with more calls in each request costs less.
type demand struct {
	// ready is the size of the calls that are ready, of the sources that get
	// through: what waits for a server says nothing about the others.
	ready int
	// enough is how much is worth having ready: a request for each processor that
	// can make one, and one to come.
	enough int
	// rising is closed when there is use for more, if somebody waits for it.
	rising chan struct{}
}

func newDemand(requestBytes int) demand {
	return demand{enough: (1 + runtime.GOMAXPROCS(0)) * requestBytes}
}

// AwaitDemand waits until there is use for more calls, or until the context ends.
// Whoever has the choice then gathers more before it calls Enter.
func (c *Client) AwaitDemand(ctx context.Context) {
	for {
		rising := c.scheduler.lacksDemand()
		if rising == nil {
			return
		}
		select {
		case <-rising:
		case <-ctx.Done():
			return
		}
	}
}

// lacksDemand returns what to wait for where there is no use for more.
func (s *scheduler) lacksDemand() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.demand.ready < s.demand.enough {
		return nil
	}
	if s.demand.rising == nil {
		s.demand.rising = make(chan struct{})
	}
	return s.demand.rising
}

func (d *demand) add(bytes int) {
	d.ready += bytes
	if d.rising != nil && d.ready < d.enough {
		close(d.rising)
		d.rising = nil
	}
}

// enqueue puts a call into a queue of its source.
func (s *scheduler) enqueue(e *entry, q *queue) {
	q.push(e)
	s.count(e, len(e.JSON))
}

// enqueueFirst puts it in front of the others.
func (s *scheduler) enqueueFirst(e *entry, q *queue) {
	q.pushFront(e)
	s.count(e, len(e.JSON))
}

// dequeue takes a call out of the queue that it stands in, if any.
func (s *scheduler) dequeue(e *entry) {
	if e.queue == nil {
		return
	}
	e.queue.remove(e)
	s.count(e, -len(e.JSON))
}

func (s *scheduler) count(e *entry, bytes int) {
	e.source.ready += bytes
	if !e.source.isStuck {
		s.demand.add(bytes)
	}
}

// note learns from an answer whether requests of a source get through.
func (s *scheduler) note(src *source, means Class) {
	isStuck := means != Delivered && means != Refused
	s.mu.Lock()
	defer s.mu.Unlock()
	if src.isStuck == isStuck {
		return
	}
	src.isStuck = isStuck
	if isStuck {
		s.demand.add(-src.ready)
	} else {
		s.demand.add(src.ready)
	}
}
