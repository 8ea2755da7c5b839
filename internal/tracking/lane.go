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
	// todo lists the requests to come, the next one first.
	todo []*request
	// suspects lists those that were refused alone and have no verdict yet.
	suspects []*request
}

// run sends the requests of the lane one after the other, and waits in the end
// for the verdicts on its suspects.
func (l *lane) run() {
	defer l.end()
	for r := l.next(); r != nil; r = l.next() {
		switch end := r.deliver(); {
		case end.gaveUp != nil:
			l.giveUp(r, end.gaveUp)
		case end.comesLater:
			l.putBack(r, end.isTooMuch)
		case end.suspect != nil:
			l.suspects = append(l.suspects, r)
		case end.means == Refused:
			l.split(r, end.answer)
		}
	}
}

// end says that the lane is through.
func (l *lane) end() {
	l.client.sources.release(l.source)
	l.lanes.Done()
}

// next returns the request to deliver next: of what was sent before, only a
// suspect without a verdict is left to do.
func (l *lane) next() *request {
	l.takeVerdicts()
	switch {
	case len(l.todo) > 0:
		r := l.todo[0]
		l.todo[0], l.todo = nil, l.todo[1:]
		return r
	case len(l.suspects) > 0:
		return l.suspects[0]
	}
	return nil
}

func (l *lane) hasVerdict() bool {
	return len(l.suspects) > 0 && l.source.gate.verdictOn(l.suspects[0].suspect) != pending
}

// takeVerdicts settles the guilty, and puts the others back to the front.
func (l *lane) takeVerdicts() {
	var innocents []*request
	for l.hasVerdict() {
		r := l.suspects[0]
		l.suspects = l.suspects[1:]
		switch l.source.gate.verdictOn(r.suspect) {
		case guilty:
			l.settle(r.own.indexes, refusedCall(r.suspect.answer))
		case innocent:
			r.patience.last, r.suspect = r.suspect.met, nil
			innocents = append(innocents, r)
			l.observer.Retrying(Setup)
		case rejected:
			l.settle(r.own.indexes, setupError(r.suspect.met))
			l.giveUpRest(setupError(r.suspect.met))
		}
	}
	if len(innocents) > 0 {
		l.todo = append(innocents, l.todo...)
	}
}

// giveUp settles a request that is given up, and everything after it.
func (l *lane) giveUp(r *request, why *segment.Violation) {
	l.settle(r.own.indexes, why)
	l.giveUpRest(why)
	if r.suspect == nil {
		return
	}
	for _, s := range l.suspects {
		l.source.gate.withdraw(s.suspect)
		l.settle(s.own.indexes, why)
	}
	l.suspects = nil
}

// giveUpRest settles what is still to come.
func (l *lane) giveUpRest(why *segment.Violation) {
	for _, r := range l.todo {
		l.settle(r.own.indexes, why)
	}
	l.todo = nil
}

// putBack puts a request that was not sent back to the front; of one that is too
// much, its first call comes alone.
func (l *lane) putBack(r *request, isTooMuch bool) {
	switch {
	case r.suspect != nil:
	case isTooMuch:
		l.todo = append([]*request{l.request(r.own.indexes[:1]), l.request(r.own.indexes[1:])}, l.todo...)
	default:
		l.todo = append([]*request{r}, l.todo...)
	}
}

// split puts the parts of a refused request in its place. They are sent in
// order and split again, until the guilty call stands alone.
func (l *lane) split(r *request, last answer) {
	l.observer.Splitting()
	var parts []*request
	for part := range slices.Chunk(r.own.indexes, ceil(len(r.own.indexes), partsOf(last))) {
		parts = append(parts, l.request(part))
	}
	l.todo = append(parts, l.todo...)
}

func (l *lane) request(indexes []int) *request {
	return &request{lane: l, own: parcel{calls: l.calls, indexes: indexes}}
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
