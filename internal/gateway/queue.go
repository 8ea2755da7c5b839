package gateway

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

var (
	// errStopped says that no more requests are taken, errNoRoom that there was no
	// room for one in time.
	errStopped = errors.New("the gateway has stopped")
	errNoRoom  = errors.New("there is no room")
)

const (
	// maxBatchEvents and maxBatchBytes end a batch. A request is never divided, so
	// that a batch may have more.
	maxBatchEvents = 1_000
	maxBatchBytes  = 4 << 20
)

// queue holds requests in the order of their arrival until they are handed out.
//
// A request enters at the end, gets room when there is some and all before it have
// theirs, is ready when its events are made, and is handed out after all before it.
type queue struct {
	gather     time.Duration
	maxPending int
	maxBytes   int64

	// wake tells a reader that something has changed.
	wake chan struct{}
	// life ends when the queue is stopped.
	life context.Context
	end  context.CancelFunc

	mu      sync.Mutex
	waiting list.List // of *request
	// roomless is the first of those that wait for room, nil if none does.
	roomless *list.Element
	// pending and bytes are what has room: queued, or handed out and not settled.
	pending int
	bytes   int64
	// arriving counts the requests of this generation that are being read. A batch
	// waits for them, but only once: then they become a generation that nobody
	// waits for.
	arriving, generation int
}

func newQueue(maxPending int, maxBytes int64, gather time.Duration) *queue {
	q := &queue{gather: gather, maxPending: maxPending, maxBytes: maxBytes, wake: make(chan struct{}, 1)}
	q.life, q.end = context.WithCancel(context.Background())
	return q
}

// arrive notes that a request is being read. It returns its generation, for
// leave.
func (q *queue) arrive() (generation int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.arriving++
	return q.generation
}

// leave notes that the request is read, or will not be.
func (q *queue) leave(generation int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if generation != q.generation {
		return
	}
	q.arriving--
	if q.arriving == 0 {
		q.notify()
	}
}

// notify wakes a reader; the lock is held.
func (q *queue) notify() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// enter puts a request of about that size at the end.
func (q *queue) enter(size int64) (*request, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.life.Err() != nil {
		return nil, errStopped
	}
	r := &request{size: min(size, q.maxBytes), answered: make(chan fate, 1)}
	r.element = q.waiting.PushBack(r)
	if q.roomless == nil {
		q.roomless = r.element
	}
	q.grant()
	if !r.hasRoom {
		r.granted = make(chan struct{})
	}
	return r, nil
}

// grant gives room to those that are next, as long as there is some; the lock is
// held.
func (q *queue) grant() {
	for q.roomless != nil {
		r := q.roomless.Value.(*request)
		if q.pending >= q.maxPending || q.bytes+r.size > q.maxBytes {
			return
		}
		q.pending++
		q.bytes += r.size
		r.hasRoom = true
		if r.granted != nil {
			close(r.granted)
		}
		q.roomless = q.roomless.Next()
	}
}

// awaitRoom waits until a request has room, it is late or the queue is stopped.
func (q *queue) awaitRoom(r *request, isLate <-chan time.Time) error {
	select {
	case <-r.granted:
		return nil
	case <-q.life.Done():
		return errStopped
	case <-isLate:
		return errNoRoom
	}
}

// ready gives a request its events.
func (q *queue) ready(r *request, events []Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.element == nil {
		return errStopped
	}
	r.events, r.isReady = events, true
	q.notify()
	return nil
}

// withdraw takes a request back unless it was handed out already.
func (q *queue) withdraw(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.element != nil {
		q.remove(r)
		q.notify() // Those behind it may have waited for it.
	}
}

// abandon takes back a request that never got its events.
func (q *queue) abandon(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.element != nil && !r.isReady {
		q.remove(r)
		q.notify()
	}
}

// leaveList takes a request off the list; the lock is held.
func (q *queue) leaveList(r *request) {
	if q.roomless == r.element {
		q.roomless = r.element.Next()
	}
	q.waiting.Remove(r.element)
	r.element = nil
}

// remove ends the first state of a request; the lock is held.
func (q *queue) remove(r *request) {
	q.leaveList(r)
	if r.hasRoom {
		q.free(r)
	}
}

// free gives the room of a request back; the lock is held.
func (q *queue) free(r *request) {
	q.pending--
	q.bytes -= r.size
	q.grant()
}

// settle ends the second state of requests that were handed out.
func (q *queue) settle(requests []*request, fateOf func(*request) fate) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range requests {
		q.free(r)
		r.answered <- fateOf(r)
	}
}

// size returns how many requests are on their way.
func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending
}

// read waits for requests and hands them out: all that wait, and those that are
// just being read beside them, for which it waits a few milliseconds. Nobody waits
// where nothing else is being read.
func (q *queue) read(ctx context.Context) ([]*request, error) {
	var timer <-chan time.Time
	for isLate := false; ; {
		taken, isGathering, err := q.take(isLate)
		if err != nil || len(taken) > 0 {
			return taken, err
		}
		if isGathering && timer == nil {
			t := time.NewTimer(q.gather)
			defer t.Stop()
			timer = t.C
		}
		select {
		case <-q.wake:
		case <-timer:
			isLate = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take takes a batch off the queue. There is none as long as it is empty or, before
// it is late, still gathering.
func (q *queue) take(isLate bool) (taken []*request, isGathering bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.life.Err() != nil {
		return nil, false, errStopped
	}
	first := q.waiting.Front()
	if first == nil || !first.Value.(*request).isReady {
		return nil, false, nil
	}
	if q.arriving > 0 && !isLate && q.waiting.Len() < maxBatchEvents {
		return nil, true, nil
	}
	if isLate {
		q.generation++
		q.arriving = 0
	}
	events, size := 0, int64(0)
	for e := first; e != nil && events < maxBatchEvents && size < maxBatchBytes; e = q.waiting.Front() {
		r := e.Value.(*request)
		if !r.isReady {
			break
		}
		q.leaveList(r)
		taken = append(taken, r)
		events += len(r.events)
		size += r.size
	}
	if q.waiting.Len() > 0 {
		q.notify()
	}
	return taken, false, nil
}

// stop answers what was not handed out, and takes nothing more.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end()
	for e := q.waiting.Front(); e != nil; e = q.waiting.Front() {
		r := e.Value.(*request)
		q.remove(r)
		r.answered <- stopping
	}
	q.notify()
}

func (q *queue) stopped() bool { return q.life.Err() != nil }
