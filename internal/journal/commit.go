package journal

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

const (
	// tick is how often deletions are written, and the disk is looked at.
	tick = time.Second
	// trimBytes are so many delivered bytes that deletions are written before.
	trimBytes = 1 << 20
	// The waits before another try to open the engine.
	reopenInitial = 250 * time.Millisecond
	reopenMax     = 15 * time.Second
)

// commitLoop is the only one that writes.
func (j *Journal) commitLoop() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	interval := j.conf.SyncInterval
	if interval == 0 {
		interval = time.Hour // Every group is synced.
	}
	syncs := time.NewTicker(interval)
	defer syncs.Stop()
	for {
		select {
		case <-j.wake:
			j.commit(false)
		case <-ticker.C:
			j.checkDisk()
			j.commit(true)
		case <-syncs.C:
			j.syncNow()
		case <-j.broken():
			if !j.repair() {
				return
			}
		case <-j.stop:
			j.commit(true)
			j.syncNow()
			j.giveUp(ErrClosed)
			return
		}
	}
}

// broken is closed when the engine is.
func (j *Journal) broken() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.engine.failed
}

// commit writes what is pending, with the deletions that are due.
func (j *Journal) commit(isTrimDue bool) {
	j.mu.Lock()
	g := j.pending
	j.pending = nil
	isTrimDue = j.unsaved >= trimBytes || isTrimDue && j.unsaved > 0
	if g == nil && !isTrimDue {
		j.mu.Unlock()
		return
	}
	if g == nil {
		g = &group{engine: j.engine, batch: j.engine.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxKeptBatch)), end: j.ledger.end, endOffset: j.ledger.endOffset}
	}
	if isTrimDue {
		g.err = j.trim(g)
	}
	j.isCommitting = true
	j.mu.Unlock()
	j.apply(g)
}

// trim adds what deletes the settled events. The caller holds mu.
func (j *Journal) trim(g *group) error {
	l := j.ledger
	l.append(g.end, g.endOffset)
	record := l.appendState(nil, stamp{epoch: j.epoch, at: time.Now()})
	err := errors.Join(
		g.batch.Set(stateKey, record, nil),
		deleteSettled(g.batch, &j.ledger, j.trimmed, j.trimmedRuns),
	)
	j.unsaved, j.trimmed, j.trimmedRuns = 0, j.ledger.settled, slices.Clone(j.ledger.runs)
	return err
}

// deleteSettled adds deletions of what is settled and was not deleted before.
func deleteSettled(batch *pebble.Batch, l *ledger, trimmed uint64, trimmedRuns []span) error {
	var err error
	if l.settled > trimmed {
		err = batch.DeleteRange(keyOf(trimmed), keyOf(l.settled), nil)
	}
	for _, r := range l.runs {
		if _, isDone := slices.BinarySearchFunc(trimmedRuns, r, compareSpans); !isDone {
			err = errors.Join(err, batch.DeleteRange(keyOf(r.from), keyOf(r.to), nil))
		}
	}
	return err
}

func compareSpans(a, b span) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
}

func (j *Journal) apply(g *group) {
	options := pebble.Sync
	if j.conf.SyncInterval > 0 || g.events == 0 {
		options = pebble.NoSync
	}
	start := time.Now()
	if g.err == nil {
		g.err = g.engine.guard(func() error { return g.engine.db.Apply(g.batch, options) })
	}
	if g.err != nil {
		g.engine.fail(g.err)
	} else {
		_ = g.batch.Close()
	}
	g.batch = nil
	if g.err == nil && options == pebble.Sync {
		j.conf.Observer.Synced(time.Since(start), g.events)
	}
	j.mu.Lock()
	j.isCommitting = false
	if g.err == nil {
		j.ledger.append(g.end, g.endOffset)
		j.tail.add(g.kept)
	}
	g.kept = nil
	j.broadcast()
	j.mu.Unlock()
	if g.err != nil {
		j.conf.Observer.Refused(g.events, RefusedDisk)
	}
	if len(g.done) > 0 {
		j.acks.put(g)
	}
	if g.events > 0 {
		j.checkDisk()
	}
}

// syncNow makes durable what was written without a sync. Up to 32 KiB of that are
// still in the memory of the process, where a kill loses them.
func (j *Journal) syncNow() {
	j.mu.Lock()
	e := j.engine
	j.mu.Unlock()
	start := time.Now()
	if err := e.guard(func() error { return e.db.LogData(nil, pebble.Sync) }); err != nil {
		e.fail(err)
		return
	}
	j.conf.Observer.Synced(time.Since(start), 0)
}

// ackLoop tells the writers. It is apart from the commit loop, so that a slow
// input does not hold up the next sync.
func (j *Journal) ackLoop() {
	for {
		g := j.acks.take()
		if g == nil {
			return
		}
		err := g.err
		if err != nil && !errors.Is(err, ErrClosed) {
			err = &WriteError{Path: j.conf.Path, Err: g.err}
		}
		for _, done := range g.done {
			done(err)
		}
	}
}

// WriteError says that events did not become durable.
type WriteError struct {
	Path string
	Err  error
}

// Error says what is to be done.
func (e *WriteError) Error() string {
	return "journal " + e.Path + ": the events could not be written and are given back to the input: " + e.Err.Error()
}

// Unwrap returns what the disk said.
func (e *WriteError) Unwrap() error { return e.Err }

// checkDisk notes whether there is room on the disk.
func (j *Journal) checkDisk() {
	isLow := j.place.isLow()
	j.mu.Lock()
	defer j.mu.Unlock()
	if isLow == j.isDiskLow {
		return
	}
	j.isDiskLow = isLow
	j.broadcast()
	if isLow {
		j.conf.Log.Errorf("journal %s: %v. New events are refused until there is room; those in the queue are delivered", j.conf.Path, errDiskLow)
		return
	}
	j.conf.Log.Infof("journal %s: the disk has room again; events are accepted", j.conf.Path)
}

// giveUp refuses what was not written.
func (j *Journal) giveUp(err error) {
	j.mu.Lock()
	g := j.pending
	j.pending = nil
	j.appended, j.appendedOffset = j.ledger.end, j.ledger.endOffset
	j.mu.Unlock()
	if g == nil {
		return
	}
	g.err = err
	j.conf.Observer.Refused(g.events, RefusedDisk)
	j.acks.put(g)
}

// repair opens another engine after one failed, and tries until it works. It
// returns false where the queue is closed before.
func (j *Journal) repair() bool {
	j.mu.Lock()
	broken := j.engine
	j.engine, j.fault = nil, broken.err
	knownEnd := j.ledger.end
	j.broadcast()
	j.mu.Unlock()
	j.giveUp(broken.err)
	broken.abandon()
	isDamaged := isDamage(broken.err)
	if !isDamaged {
		j.conf.Log.Errorf("journal %s: %s failed: %v. What was not acknowledged is given back to the input; opening the queue again", j.conf.Path, whatFailed(broken.err), broken.err)
	}
	pause := reopenInitial
	if isDamaged {
		pause = 0
	}
	// A full disk is no reason to wait: where only the queue is on it, nothing but
	// delivering what it holds makes room.
	for ; ; pause = min(max(2*pause, reopenInitial), reopenMax) {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-j.stop:
			timer.Stop()
			return false
		}
		o, err := j.place.open(knownEnd, isDamaged, j.conf.Log)
		if err == nil {
			j.use(o)
			j.conf.Log.Warnf("journal %s: the disk works again; events are accepted", j.conf.Path)
			return true
		}
		j.mu.Lock()
		j.fault = err
		j.mu.Unlock()
		j.conf.Log.Errorf("journal %s: it still cannot be opened: %v. Retrying", j.conf.Path, err)
		if j.place.isLow() {
			pause = reopenMax // Trying in vain costs memory.
		}
	}
}

// ackQueue holds the groups whose writers have to be told. It has no bound of its
// own: an input that does not return from an acknowledgement must not stop the
// commits of others, and what it holds is what inputs have in flight, without the
// events.
type ackQueue struct {
	mu       sync.Mutex
	isThere  sync.Cond
	groups   []*group
	isClosed bool
}

func newAckQueue() *ackQueue {
	q := &ackQueue{}
	q.isThere.L = &q.mu
	return q
}

func (q *ackQueue) put(g *group) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.groups = append(q.groups, g)
	q.isThere.Signal()
}

// close says that nothing follows.
func (q *ackQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.isClosed = true
	q.isThere.Signal()
}

// take waits for the next group, and returns nil after the last one.
func (q *ackQueue) take() *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.groups) == 0 && !q.isClosed {
		q.isThere.Wait()
	}
	if len(q.groups) == 0 {
		return nil
	}
	g := q.groups[0]
	q.groups[0] = nil
	if len(q.groups) == 1 {
		q.groups = q.groups[:0] // The room is used again, mostly.
		return g
	}
	q.groups = q.groups[1:]
	return g
}
