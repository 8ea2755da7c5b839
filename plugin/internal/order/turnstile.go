// Package order lets batches in one by one, in the order in which the engine
// has gathered them.
package order

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Turnstile lets batches in one by one, in the order in which the engine has
// gathered them. A nil one is for one batch at a time.
//
// The engine gathers batches in one goroutine and hands them over in their
// order, but then max_in_flight writers run side by side, and any of them may be
// the first to call WriteBatch. So the last processor of the batch policy, which
// runs in that one goroutine, gives each batch a number. These hold:
//
//   - A number that is given arrives, unless the output is being stopped, if it
//     is on a message that has not failed: nothing drops such a message between
//     the policy and WriteBatch.
//   - Strict error handling drops messages that have failed. So the number of a
//     batch in which all have failed is doubtful. The first message that has
//     failed and arrives shows that error handling is not strict, and that all
//     numbers arrive. Until then it is waited for, but not for longer than it
//     can take a writer to come here: once that has passed, nobody waits for
//     doubtful numbers.
//   - What a batch waits for was handed over before it, and so has a writer. No
//     batch waits for one that waits for a writer.
//   - A stop drops the highest numbers only, and ends the context of all writers.
//     A batch whose context has ended waits for nothing.
//
// So nothing waits for ever for a number that never comes. Where several batches of the
// policy come as one, as after split, it has all their numbers. A batch without
// a number does not come from the policy: it enters after the highest number
// that has arrived, and nobody waits for it.
type Turnstile struct {
	await Await

	mu sync.Mutex
	// given is the last number given, and certain the last that was not
	// doubtful. arrived is the highest that has come to WriteBatch.
	given, certain, arrived uint64
	// passed is the highest number that has entered. Those below have, too, or
	// were doubtful.
	passed uint64
	// isLenient says that messages that have failed arrive, and isStrict that
	// they seem not to.
	isLenient, isStrict bool
	// isOccupied says that a batch is entering.
	isOccupied bool
	waiting    []*Entrant
}

// Await waits until there is room for a batch, or until the context ends.
type Await func(context.Context, service.MessageBatch)

// handOver is longer than it can take from the policy to WriteBatch.
const handOver = time.Second

// batchNumberKey is the metadata in which a number travels from the policy to
// WriteBatch. It is taken off there, so that nobody else sees it.
const batchNumberKey = "segment_batch_number"

// batchNumber is a number with the turnstile that has given it.
type batchNumber struct {
	by    *Turnstile
	value uint64
	// certain is the last number before it that was not doubtful.
	certain uint64
}

// number gives a batch of the policy its number.
func (t *Turnstile) number(batch service.MessageBatch) {
	if len(batch) == 0 {
		return
	}
	var carrier *service.Message
	for _, msg := range batch {
		// A message that strict error handling has dropped with its number may
		// come again.
		if _, isNumbered := msg.MetaGetMut(batchNumberKey); isNumbered {
			msg.MetaDelete(batchNumberKey)
		}
		if carrier == nil && msg.GetError() == nil {
			carrier = msg
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.given++
	number := batchNumber{by: t, value: t.given, certain: t.certain}
	if carrier == nil {
		carrier = batch[0]
	} else {
		t.certain = t.given
	}
	carrier.MetaSetMut(batchNumberKey, number)
}

// Entrant is a batch that is about to enter.
type Entrant struct {
	// first and last are its numbers, and certain the last one before them that
	// was not doubtful.
	first, last, certain uint64
	turnstile            *Turnstile
	// admitted is closed when it may enter.
	admitted chan struct{}
}

// Take takes the numbers off a batch.
func (t *Turnstile) Take(batch service.MessageBatch) *Entrant {
	if t == nil {
		return nil
	}
	e := &Entrant{turnstile: t, admitted: make(chan struct{})}
	hasFailed := false
	for _, msg := range batch {
		hasFailed = hasFailed || msg.GetError() != nil
		value, isNumbered := msg.MetaGetMut(batchNumberKey)
		if !isNumbered {
			continue
		}
		msg.MetaDelete(batchNumberKey)
		if number, ok := value.(batchNumber); ok && number.by == t {
			e.add(number)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if hasFailed {
		t.isLenient, t.isStrict = true, false
	}
	if e.last == 0 {
		e.first, e.certain = t.arrived+1, t.arrived
	}
	t.arrived = max(t.arrived, e.last)
	return e
}

func (e *Entrant) add(number batchNumber) {
	if e.last == 0 || number.value < e.first {
		e.first, e.certain = number.value, number.certain
	}
	e.last = max(e.last, number.value)
}

// Enter waits until it is the turn of the batch, or until the context ends. The
// next one has its turn when the function that it returns is called.
func (e *Entrant) Enter(ctx context.Context) (leave func()) {
	if e == nil {
		return func() {}
	}
	t := e.turnstile
	t.mu.Lock()
	t.waiting = append(t.waiting, e)
	t.admit()
	t.mu.Unlock()
	if e.hasDoubtful() {
		doubt := time.AfterFunc(handOver, t.assumeStrict)
		defer doubt.Stop()
	}
	select {
	case <-e.admitted:
	case <-ctx.Done():
		if t.withdraw(e) {
			return func() {}
		}
	}
	return func() { t.leave(e) }
}

// hasDoubtful says whether the number before is doubtful.
func (e *Entrant) hasDoubtful() bool { return e.certain < e.first-1 }

// assumeStrict ends the wait for numbers that are doubtful.
func (t *Turnstile) assumeStrict() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isStrict = !t.isLenient
	t.admit()
}

// admit lets the next batch in, if there is one whose turn it is.
func (t *Turnstile) admit() {
	if t.isOccupied {
		return
	}
	var next *Entrant
	for _, e := range t.waiting {
		if t.isTurnOf(e) && (next == nil || e.first < next.first) {
			next = e
		}
	}
	if next == nil {
		return
	}
	t.isOccupied = true
	t.remove(next)
	close(next.admitted)
}

func (t *Turnstile) isTurnOf(e *Entrant) bool {
	if t.isStrict {
		return t.passed >= e.certain
	}
	return t.passed >= e.first-1
}

// leave lets the next batch in.
func (t *Turnstile) leave(e *Entrant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isOccupied = false
	t.passed = max(t.passed, e.last)
	t.admit()
}

// withdraw says whether a batch that does not want to wait any longer was still
// waiting.
func (t *Turnstile) withdraw(e *Entrant) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.remove(e)
}

func (t *Turnstile) remove(e *Entrant) bool {
	place := slices.Index(t.waiting, e)
	if place < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, place, place+1)
	return true
}
