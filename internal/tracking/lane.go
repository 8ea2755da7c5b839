package tracking

import (
	"net/http"
	"slices"
	"sync"

	"benthos-segment/internal/segment"
)

// lane is calls that must not overtake each other: those of people who are
// linked with each other. It is either in the queue or with one worker, so that
// one of its requests is under way at a time and nothing in it needs a lock.
type lane struct {
	*delivery
	source *source
	// todo lists the calls of each request to come, the next one first.
	todo [][]int
}

// run sends the requests of the lane one after the other. When one is given
// up, so is everything after it.
func (l *lane) run() {
	defer l.end()
	for len(l.todo) > 0 {
		r := request{lane: l, indexes: l.todo[0], patience: newPatience(l.client.conf.Retry)}
		l.todo = l.todo[1:]
		switch end := r.deliver(); {
		case end.gaveUp != nil:
			l.settle(r.indexes, end.gaveUp)
			l.giveUp(end.gaveUp)
		case end.means == Refused && len(r.indexes) > 1:
			l.split(r.indexes, end.answer)
		case end.means == Refused:
			l.settle(r.indexes, refusedCall(end.answer))
		}
	}
}

// end says that the lane is through.
func (l *lane) end() {
	l.client.sources.release(l.source)
	l.lanes.Done()
}

// giveUp settles everything that is still to come.
func (l *lane) giveUp(why *segment.Violation) {
	for _, indexes := range l.todo {
		l.settle(indexes, why)
	}
	l.todo = nil
}

// split puts the parts of a refused request in its place. They are sent in
// order and split again, until the guilty call stands alone.
func (l *lane) split(indexes []int, last answer) {
	l.observer.Splitting()
	parts := slices.Collect(slices.Chunk(indexes, ceil(len(indexes), partsOf(last))))
	l.todo = append(parts, l.todo...)
}

// partsOf says into how many parts a refused request is split. For one guilty
// call, quarters take as many requests as halves do and send a third fewer
// calls again. A request that was too large needs no search: halves fit soonest.
func partsOf(last answer) int {
	if last.status == http.StatusRequestEntityTooLarge {
		return 2
	}
	return 4
}

// workers run the lanes of all batches, in the order in which they came.
type workers struct {
	most int

	mu      sync.Mutex
	running int
	// queue holds those that wait, from next on.
	queue []*lane
	next  int
}

// add puts a lane into the queue, and starts a worker where there may be one
// more.
func (w *workers) add(l *lane) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, l)
	if w.running < w.most {
		w.running++
		go w.work()
	}
}

// work runs lanes until there are none.
func (w *workers) work() {
	for l := w.take(); l != nil; l = w.take() {
		l.run()
	}
}

func (w *workers) take() *lane {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == len(w.queue) {
		w.queue, w.next = w.queue[:0], 0
		w.running--
		return nil
	}
	l := w.queue[w.next]
	w.queue[w.next] = nil
	w.next++
	return l
}
