package journal

import (
	"container/heap"
	"time"
)

// patience is how often an event is rejected before it may be set aside.
const patience = 3

// retry is an event that was rejected.
type retry struct {
	item
	tries int
	due   time.Time
	// acceptedBefore is how many events had been accepted when it was rejected
	// for the first time.
	acceptedBefore uint64
}

// retries are the rejected events that wait.
//
// While one of them waits in order nothing newer is handed out, so that an output
// that rejects everything gets everything again in order. When it is out again,
// newer ones may follow it, which is how something is accepted beside an event
// that was alone. An event that was rejected a few times while others were
// accepted is itself to blame: it is set aside, and holds up nobody.
type retries struct {
	inOrder retryHeap
	aside   retryHeap
}

func newRetries() retries {
	return retries{
		inOrder: retryHeap{isBefore: func(a, b *retry) bool { return a.seq < b.seq }},
		aside:   retryHeap{isBefore: func(a, b *retry) bool { return a.due.Before(b.due) }},
	}
}

func (r *retries) len() int { return len(r.inOrder.list) + len(r.aside.list) }

// holdsBack says whether newer events have to wait: not behind one that is out.
func (r *retries) holdsBack() bool { return len(r.inOrder.list) > 0 }

// add puts a rejected event back. accepted is how many events were by now.
func (r *retries) add(event *retry, accepted uint64) {
	if event.tries >= patience && accepted > event.acceptedBefore {
		heap.Push(&r.aside, event)
		return
	}
	heap.Push(&r.inOrder, event)
}

// take returns an event that is due, or nil and when the next one is.
func (r *retries) take(now time.Time) (event *retry, next time.Time) {
	for _, h := range []*retryHeap{&r.aside, &r.inOrder} {
		if len(h.list) == 0 {
			continue
		}
		due := h.list[0].due
		if !due.After(now) {
			return heap.Pop(h).(*retry), time.Time{}
		}
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return nil, next
}

// retryHeap is a heap by the order that it is given.
type retryHeap struct {
	list     []*retry
	isBefore func(a, b *retry) bool
}

func (h *retryHeap) Len() int           { return len(h.list) }
func (h *retryHeap) Less(i, k int) bool { return h.isBefore(h.list[i], h.list[k]) }
func (h *retryHeap) Swap(i, k int)      { h.list[i], h.list[k] = h.list[k], h.list[i] }
func (h *retryHeap) Push(event any)     { h.list = append(h.list, event.(*retry)) }

func (h *retryHeap) Pop() any {
	last := len(h.list) - 1
	event := h.list[last]
	h.list[last] = nil
	h.list = h.list[:last]
	return event
}
