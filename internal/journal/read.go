package journal

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// item is an event that was read.
type item struct {
	seq, offset uint64
	size        int
	at          time.Time
}

func (i item) span() span {
	return span{from: i.seq, to: i.seq + 1, fromOffset: i.offset, toOffset: i.offset + uint64(i.size)}
}

// Handout is a batch of events that was handed out and has to be settled.
type Handout struct {
	Events []Event

	journal *Journal
	items   []item
	// again is set where the batch is one event that was rejected before.
	again *retry
}

// Read hands out the next events in the order of arrival, or one that was
// rejected, alone. It returns io.EOF after EndOfInput, when nothing is left and
// nothing is out.
func (j *Journal) Read(ctx context.Context) (*Handout, error) {
	select {
	case j.reading <- struct{}{}:
		defer func() { <-j.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		job, err := j.nextJob()
		if err != nil {
			return nil, err
		}
		if job.ready != nil {
			return job.ready, nil
		}
		if job.engine == nil {
			if err := wait(ctx, job.changed, job.due); err != nil {
				return nil, err
			}
			continue
		}
		h, err := j.do(job)
		if err != nil {
			// The commit loop opens another engine.
			job.engine.fail(readError{err})
		}
		if h != nil {
			return h, nil
		}
	}
}

// readError is an error of a read, which the log must not call one of a write.
type readError struct{ error }

func (r readError) Unwrap() error { return r.error }

// whatFailed says in a word what an engine failed at.
func whatFailed(err error) string {
	if errors.As(err, &readError{}) {
		return "reading"
	}
	return "writing"
}

// readJob is what was in memory, what to read from the disk, or without either
// what to wait for.
type readJob struct {
	ready *Handout

	engine   *engine
	again    *retry
	from, to uint64

	changed chan struct{}
	due     time.Time
}

func (j *Journal) nextJob() (readJob, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.isClosed {
		return readJob{}, ErrClosed
	}
	isKeeping := j.isEnded && j.conf.KeepAtEnd
	if j.isAtEnd(isKeeping) {
		return readJob{}, io.EOF
	}
	idle := readJob{changed: j.changed}
	if j.engine == nil || isKeeping {
		return idle, nil
	}
	select {
	case <-j.engine.failed:
		return idle, nil
	default:
	}
	again, due := j.retries.take(time.Now())
	if again != nil {
		j.out++
		return readJob{engine: j.engine, again: again}, nil
	}
	idle.due = due
	j.next = j.ledger.skip(j.next)
	if j.retries.holdsBack() || j.next >= j.ledger.end {
		return idle, nil
	}
	to := j.ledger.runAfter(j.next, j.ledger.end)
	if events := j.tail.from(j.next, to, j.conf.MaxBatchEvents, j.conf.MaxBatchBytes); len(events) > 0 {
		return readJob{ready: j.handOut(events)}, nil
	}
	return readJob{engine: j.engine, from: j.next, to: to}, nil
}

// handOut hands out events that are in memory. The caller holds mu.
func (j *Journal) handOut(events []kept) *Handout {
	h := &Handout{journal: j, Events: make([]Event, len(events)), items: make([]item, len(events))}
	for i, e := range events {
		h.Events[i], h.items[i] = e.event, e.item
	}
	j.handedOut(h)
	return h
}

// handedOut notes that events were, which nobody did before. The caller holds mu.
func (j *Journal) handedOut(h *Handout) {
	j.next = h.items[len(h.items)-1].seq + 1
	j.out += len(h.items)
	j.tail.forget(j.next)
}

// isAtEnd says whether nothing is left. The caller holds mu.
func (j *Journal) isAtEnd(isKeeping bool) bool {
	if !j.isEnded || j.out > 0 || j.pending != nil || j.isCommitting {
		return false
	}
	return isKeeping || j.retries.len() == 0 && j.ledger.skip(j.next) >= j.ledger.end
}

func (j *Journal) do(job readJob) (*Handout, error) {
	if job.again == nil {
		return j.readFresh(job)
	}
	event, _, err := job.engine.get(job.again.seq)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.out--
		if j.ledger.isSettled(job.again.seq) {
			return nil, nil // It was lost meanwhile, and said so.
		}
		if errors.Is(err, pebble.ErrNotFound) {
			// To salvage again would not find it, and would never end.
			j.lose(job.again.span(), stamp{})
			return nil, nil
		}
		job.again.due = time.Now()
		j.retries.add(job.again, j.accepted)
		return nil, err
	}
	j.conf.Observer.Retried(1)
	return &Handout{Events: []Event{event}, journal: j, items: []item{job.again.item}, again: job.again}, nil
}

// readFresh reads events that were never handed out.
func (j *Journal) readFresh(job readJob) (*Handout, error) {
	h := &Handout{journal: j}
	size, gap := 0, stamp{}
	err := job.engine.read(func(db *pebble.DB) error {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: keyOf(job.from), UpperBound: keyOf(job.to)})
		if err != nil {
			return err
		}
		defer it.Close()
		expected := job.from
		for valid := it.First(); valid && len(h.items) < j.conf.MaxBatchEvents && size < j.conf.MaxBatchBytes; valid = it.Next() {
			s, payload, bytes, err := readStored(it)
			if err != nil {
				return err
			}
			if s.seq != expected {
				gap = s
				return nil
			}
			event, err := decodeEvent(payload)
			if err != nil {
				return err
			}
			h.Events = append(h.Events, event)
			h.items = append(h.items, item{seq: s.seq, offset: s.offset, size: bytes, at: s.at})
			size += bytes
			expected++
		}
		return it.Error()
	})
	if len(h.items) == 0 && err == nil {
		// Nothing but damage that has no checksum can do this.
		j.loseUntil(job, gap)
		return nil, nil
	}
	if len(h.items) == 0 {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.handedOut(h)
	return h, err
}

// loseUntil notes that events are missing before the next one that is there.
func (j *Journal) loseUntil(job readJob, there stamp) {
	j.mu.Lock()
	defer j.mu.Unlock()
	missing := span{from: job.from, to: job.to, fromOffset: j.ledger.offsetOf(job.to)}
	if there.seq > job.from {
		missing.to, missing.fromOffset = there.seq, there.offset
	}
	missing.toOffset = missing.fromOffset
	j.lose(missing, there)
}

// lose notes that events are missing, before the one that is there. The caller
// holds mu.
func (j *Journal) lose(missing span, there stamp) {
	j.conf.sayLost(salvaged{lost: j.ledger.lose(missing, time.Time{}, there.at)})
	j.unsaved++ // The disk is told of it, too.
	j.broadcast()
}

// get reads one event.
func (e *engine) get(seq uint64) (event Event, s stamp, err error) {
	err = e.read(func(db *pebble.DB) error {
		value, closer, err := db.Get(keyOf(seq))
		if err != nil {
			return err
		}
		defer closer.Close()
		var payload []byte
		if s, payload, _, err = readRecord(value); err != nil {
			return errors.Join(errDamaged, err)
		}
		event, err = decodeEvent(payload)
		return err
	})
	return event, s, err
}

// Settle says what became of the events: isRejected is asked for each of them,
// and nil means that all were accepted. After Close it does nothing; neither
// does a second call.
func (h *Handout) Settle(isRejected func(i int) bool) {
	j := h.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.isClosed || h.items == nil {
		return
	}
	acceptedBefore := j.accepted
	var rejected []int
	for i := 0; i < len(h.items); {
		if isRejected != nil && isRejected(i) {
			rejected = append(rejected, i)
			i++
			continue
		}
		s := h.items[i].span()
		for i++; i < len(h.items) && (isRejected == nil || !isRejected(i)); i++ {
			s.to, s.toOffset = h.items[i].span().to, h.items[i].span().toOffset
		}
		j.accepted += s.to - s.from
		j.unsaved += s.bytes()
		j.ledger.settle(s)
	}
	for _, i := range rejected {
		j.reject(h.items[i], h.again, acceptedBefore)
	}
	j.out -= len(h.items)
	h.items = nil
	if j.unsaved >= trimBytes {
		j.poke()
	}
	j.broadcast()
}

// reject has an event handed out again. The caller holds mu.
func (j *Journal) reject(i item, again *retry, acceptedBefore uint64) {
	if again == nil {
		again = &retry{item: i, acceptedBefore: acceptedBefore}
	}
	again.tries++
	wait := j.conf.RetryInitial
	for n := 1; n < again.tries && wait < j.conf.RetryMax; n++ {
		wait *= 2
	}
	again.due = time.Now().Add(min(wait, j.conf.RetryMax))
	j.retries.add(again, j.accepted)
}
