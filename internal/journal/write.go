package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// group is what becomes durable in one sync.
type group struct {
	engine *engine
	batch  *pebble.Batch
	done   []func(error)
	events int
	// kept are the events, for a reader who keeps up.
	kept []kept
	// end and endOffset are those of the queue after it.
	end, endOffset uint64
	err            error
}

// Write takes events. It returns before they are durable, and calls done, from
// another goroutine, when they are or when they cannot be: so one sync serves
// all who come in meanwhile. After an error it does not call done. It never
// takes a part of the events. The list of their metadata belongs to the queue
// from then on.
func (j *Journal) Write(ctx context.Context, events []Event, done func(error)) error {
	if len(events) == 0 {
		done(nil)
		return nil
	}
	size := 0
	for {
		isIn, changed, deadline, err := j.tryWrite(events, &size, done)
		if err != nil || isIn {
			return err
		}
		if err := wait(ctx, changed, deadline); err != nil {
			return err
		}
	}
}

// tryWrite takes the events where there is room. Where there is none it says
// what to wait for, and until when. It keeps the size of their records, so that
// those who wait are encoded when there is room, and not whenever they look.
func (j *Journal) tryWrite(events []Event, size *int, done func(error)) (isIn bool, changed chan struct{}, deadline time.Time, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.isClosed {
		return false, nil, deadline, j.refuse(events, RefusedClosed, ErrClosed)
	}
	isFirst := *size == 0
	if isFirst {
		if err := j.encode(events); err != nil {
			return false, nil, deadline, j.refuse(events, RefusedEvent, err)
		}
		*size = len(j.scratch)
	}
	reason, obstacle := j.obstacle(*size)
	if obstacle == nil && !isFirst {
		if err := j.encode(events); err != nil {
			return false, nil, deadline, j.refuse(events, RefusedEvent, err)
		}
	}
	if obstacle == nil {
		j.fullSince = time.Time{}
		return true, nil, deadline, j.add(done)
	}
	if j.fullSince.IsZero() {
		j.fullSince = time.Now()
	}
	if j.conf.FullTimeout > 0 {
		deadline = j.fullSince.Add(j.conf.FullTimeout)
		if !time.Now().Before(deadline) {
			return false, nil, deadline, j.refuse(events, reason, obstacle)
		}
	}
	return false, j.changed, deadline, nil
}

func (j *Journal) refuse(events []Event, reason Refusal, err error) error {
	j.conf.Observer.Refused(len(events), reason)
	return fmt.Errorf("journal %s: %w", j.conf.Path, err)
}

// usualOverhead is what a record has beside its content, mostly.
const usualOverhead = headerBytes + stampBytes + 256

// encode makes records of the events, with the numbers that come next.
func (j *Journal) encode(events []Event) (err error) {
	j.scratch, j.fresh = j.scratch[:0], j.fresh[:0]
	size := 0
	for i := range events {
		size += usualOverhead + len(events[i].Content)
	}
	j.scratch = slices.Grow(j.scratch, size)
	s := stamp{epoch: j.epoch, seq: j.appended, settled: j.ledger.settled, at: time.Now()}
	for i := range events {
		start := len(j.scratch)
		s.offset = j.appendedOffset + uint64(start)
		if j.scratch, err = appendEvent(j.scratch, s, &events[i]); err != nil {
			return err
		}
		j.fresh = append(j.fresh, kept{event: events[i], item: item{seq: s.seq, offset: s.offset, size: len(j.scratch) - start, at: s.at}})
		s.seq++
	}
	return nil
}

// obstacle says why there is no room for that many bytes, or nil.
func (j *Journal) obstacle(size int) (Refusal, error) {
	if j.engine == nil {
		return RefusedDisk, fmt.Errorf("nothing can be written: %w. The queue retries by itself; these events were not accepted", j.fault)
	}
	if j.isDiskLow {
		return RefusedDisk, noRoom{fmt.Errorf("%w, and what is left is needed to deliver what is here; these events were not accepted. Make room on the disk", errDiskLow)}
	}
	held := j.ledger.bytes() + int64(j.appendedOffset-j.ledger.endOffset)
	// A batch that is larger than all goes in alone.
	if held > 0 && held+int64(size) > j.conf.MaxBytes {
		return RefusedFull, noRoom{fmt.Errorf("the queue is full: %d of max_bytes %d are taken; these events were not accepted. "+
			"They will be as soon as others are delivered; raise max_bytes if outages last longer", held, j.conf.MaxBytes)}
	}
	if j.pending != nil && j.pending.batch.Len()+size > maxGroupBytes {
		return RefusedDisk, noRoom{errors.New("the disk is slower than the input; these events were not accepted")}
	}
	return "", nil
}

// noRoom is an error that is ErrFull.
type noRoom struct{ error }

func (noRoom) Is(target error) bool { return target == ErrFull }
func (n noRoom) Unwrap() error      { return n.error }

// add puts the encoded records into the next group.
func (j *Journal) add(done func(error)) error {
	if j.pending == nil {
		j.pending = &group{engine: j.engine, batch: j.engine.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxKeptBatch))}
	}
	g, rest := j.pending, j.scratch
	for i := range j.fresh {
		e := &j.fresh[i]
		record := rest[:e.size:e.size]
		op := g.batch.SetDeferred(keyBytes, e.size)
		appendKey(op.Key[:0], e.seq)
		copy(op.Value, record)
		if err := op.Finish(); err != nil {
			return err
		}
		e.event = inRecord(e.event, record)
		rest = rest[e.size:]
	}
	last := j.fresh[len(j.fresh)-1]
	j.appended, j.appendedOffset = last.seq+1, last.offset+uint64(last.size)
	g.done = append(g.done, done)
	g.events += len(j.fresh)
	g.end, g.endOffset = j.appended, j.appendedOffset
	g.kept = append(g.kept, j.fresh...)
	// The events are in this memory now.
	j.scratch = nil
	clear(j.fresh)
	j.poke()
	return nil
}

// poke has the commit loop look.
func (j *Journal) poke() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// wait returns nil when something changed or the deadline is over.
func wait(ctx context.Context, changed chan struct{}, deadline time.Time) error {
	var over <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-changed:
	case <-over:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
