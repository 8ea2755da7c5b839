package gateway

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// errStopped says that no more requests are taken.
var errStopped = errors.New("the gateway has stopped")

const (
	// maxBatchEvents and maxBatchBytes end a batch. A request is never divided, so
	// that a batch may have more.
	maxBatchEvents = 1_000
	maxBatchBytes  = 4 << 20
)

// queue holds requests in the order of their arrival until they are handed out.
type queue struct {
	gather time.Duration
	// pending and bytes are the room for requests that are queued or handed out.
	pending, bytes *semaphore.Weighted
	maxBytes       int64

	// wake tells a reader that something has changed.
	wake chan struct{}

	mu        sync.Mutex
	waiting   list.List // of *request
	isStopped bool
	count     int
	// arriving counts the requests of this generation that are being read. A batch
	// waits for them, but only once: then they become a generation that nobody
	// waits for.
	arriving, generation int
}

func newQueue(maxPending int, maxBytes int64, gather time.Duration) *queue {
	return &queue{
		gather:   gather,
		pending:  semaphore.NewWeighted(int64(maxPending)),
		bytes:    semaphore.NewWeighted(maxBytes),
		maxBytes: maxBytes,
		wake:     make(chan struct{}, 1),
	}
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

// reserve waits for room for one request, until the context ends. Requests get it
// in the order in which they ask.
func (q *queue) reserve(ctx context.Context, size int64) (*room, error) {
	size = min(size, q.maxBytes)
	if err := q.pending.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if err := q.bytes.Acquire(ctx, size); err != nil {
		q.pending.Release(1)
		return nil, err
	}
	return &room{q, size}, nil
}

// room is what a request takes, until it is given back.
type room struct {
	queue *queue
	size  int64
}

func (r *room) release() {
	r.queue.bytes.Release(r.size)
	r.queue.pending.Release(1)
}

// push puts a request at the end.
func (q *queue) push(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.isStopped {
		return errStopped
	}
	r.element = q.waiting.PushBack(r)
	q.count++
	q.notify()
	return nil
}

// withdraw takes a request back unless it was handed out already.
func (q *queue) withdraw(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.element == nil {
		return false
	}
	q.remove(r)
	return true
}

// remove ends the first state of a request; the lock is held.
func (q *queue) remove(r *request) {
	q.waiting.Remove(r.element)
	r.element = nil
	q.end(r)
}

// end gives the room of a request back; the lock is held.
func (q *queue) end(r *request) {
	q.count--
	r.room.release()
}

// settle ends the second state of requests that were handed out.
func (q *queue) settle(requests []*request, outcomeOf func(*request) outcome) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range requests {
		q.end(r)
		r.answered <- outcomeOf(r)
	}
}

// size returns how many requests are queued or handed out.
func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
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
	if q.isStopped {
		return nil, false, errStopped
	}
	if q.waiting.Len() == 0 {
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
	for e := q.waiting.Front(); e != nil && events < maxBatchEvents && size < maxBatchBytes; e = q.waiting.Front() {
		r := e.Value.(*request)
		q.waiting.Remove(e)
		r.element = nil
		taken = append(taken, r)
		events += len(r.events)
		size += r.room.size
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
	q.isStopped = true
	for e := q.waiting.Front(); e != nil; e = q.waiting.Front() {
		r := e.Value.(*request)
		q.remove(r)
		r.answered <- stopping
	}
	q.notify()
}

func (q *queue) stopped() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.isStopped
}
