package journal

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrFull says that events were refused because there is no room for them, in the
// queue or on its disk, or because they come faster than the disk takes them. There
// may be soon.
var ErrFull = errors.New("there is no room")

// ErrClosed says that the queue was closed.
var ErrClosed = errors.New("the journal is closed")

// Journal is a durable queue. Its methods may be called from anywhere at the
// same time.
type Journal struct {
	conf  Config
	place *place

	mu sync.Mutex
	// changed is closed and made anew whenever somebody who waits should look
	// again.
	changed chan struct{}

	// engine is nil while there is none that works, and fault says why.
	engine *engine
	fault  error
	epoch  uint32

	// ledger knows what is durable. Up to appended, events have a number.
	ledger         ledger
	appended       uint64
	appendedOffset uint64
	pending        *group
	isCommitting   bool
	// scratch and fresh are the records that are being made, and their events.
	scratch []byte
	fresh   []kept
	// tail is the end of what is durable, as far as it is in memory.
	tail tail
	// fullSince is when there was no room for the first time since there was.
	fullSince time.Time
	isDiskLow bool

	// next is the first event that was never handed out.
	next    uint64
	out     int // events handed out and not settled
	retries retries
	// accepted counts the events that were settled well.
	accepted    uint64
	unsaved     int64
	trimmed     uint64 // the deletions that were written
	trimmedRuns []span
	isEnded     bool
	isClosed    bool

	reading chan struct{}
	wake    chan struct{}
	stop    chan struct{}
	acks    *ackQueue
	running sync.WaitGroup
	acking  sync.WaitGroup
}

// Open opens the queue in a directory, and makes one where there is none. It
// fails where another process has it open.
func Open(conf Config) (*Journal, error) {
	if err := conf.fill(); err != nil {
		return nil, err
	}
	p, err := takePlace(conf)
	if err != nil {
		return nil, fmt.Errorf("opening the journal %s: %w", conf.Path, err)
	}
	o, err := p.open(0, false, conf.Log)
	if err != nil {
		// The next start takes the lost events for settled.
		conf.sayLost(p.takeFound())
		return nil, errors.Join(fmt.Errorf("opening the journal %s: %w", conf.Path, err), p.release())
	}
	j := &Journal{
		conf:    conf,
		place:   p,
		changed: make(chan struct{}),
		reading: make(chan struct{}, 1),
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		acks:    newAckQueue(),
		retries: newRetries(),
		tail:    tail{most: conf.tailBytes},
	}
	conf.sayLost(o.salvaged)
	j.ledger = *o.ledger
	j.use(o)
	j.next = j.ledger.settled
	j.checkDisk()
	if count := j.ledger.events(); count > 0 {
		conf.Log.Infof("journal %s: %s left from the last run; what is left is sent first", conf.Path, j.counted(count, "is", "are"))
	}
	j.running.Go(j.commitLoop)
	j.acking.Go(j.ackLoop)
	return j, nil
}

// use takes an opened engine into use, and says what it has lost.
func (j *Journal) use(o *opened) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.engine, j.fault, j.epoch = o.engine, nil, o.epoch
	j.lost(o.salvaged)
	if o.saved != "" && len(o.lost) == 0 {
		j.conf.Log.Warnf("journal %s: nothing was lost to the damage; the damaged files are in %s and can be deleted", j.conf.Path, o.saved)
	}
	if o.ledger.end > j.ledger.end {
		j.ledger.append(o.ledger.end, o.ledger.endOffset)
	}
	j.appended, j.appendedOffset = j.ledger.end, j.ledger.endOffset
	// Deletions that were not written yet are written with the next ones.
	j.unsaved, j.trimmed, j.trimmedRuns = 1, 0, nil
	j.broadcast()
}

// lost settles what a salvage has lost, and says so. The caller holds mu.
func (j *Journal) lost(found salvaged) {
	for _, loss := range found.lost {
		// Some of it may have been delivered since the state was written.
		lost := j.ledger.lose(loss.gap, loss.After, loss.Before)
		j.conf.sayLost(salvaged{lost, found.saved})
	}
}

// sayLost reports what was lost.
func (c *Config) sayLost(found salvaged) {
	where := ""
	if found.saved != "" {
		where = "; the damaged files are in " + found.saved
	}
	for _, loss := range found.lost {
		c.Log.Errorf("journal %s: %s are lost, because the disk returned damaged data; all others are sent%s", c.Path, loss, where)
		c.Observer.Lost(int(loss.To - loss.From))
	}
}

// broadcast wakes everybody who waits. The caller holds mu.
func (j *Journal) broadcast() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// EndOfInput says that nothing more is written. It may be called again.
func (j *Journal) EndOfInput() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.isEnded = true
	j.broadcast()
}

// Close makes durable what was written, and lets another process have the
// queue. What was handed out and is not settled is handed out again at the next
// start.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.isClosed {
		j.mu.Unlock()
		return nil
	}
	j.isClosed = true
	j.broadcast()
	j.mu.Unlock()

	close(j.stop)
	j.running.Wait()
	j.acks.close()
	j.acking.Wait()
	// The next start takes the lost events for settled.
	j.mu.Lock()
	j.lost(j.place.takeFound())
	j.mu.Unlock()
	err := j.closeEngine()
	err = errors.Join(err, j.place.release())
	j.sayLeft()
	return err
}

func (j *Journal) closeEngine() error {
	if j.engine == nil {
		return nil
	}
	if err := j.engine.close(); err != nil {
		return fmt.Errorf("closing the journal %s: %w", j.conf.Path, err)
	}
	return j.place.writeEnd(&j.ledger, stamp{epoch: j.epoch, at: time.Now()})
}

// counted writes how much is held, with the verb that follows.
func (j *Journal) counted(events int64, one, many string) string {
	noun, verb := "events", many
	if events == 1 {
		noun, verb = "event", one
	}
	return fmt.Sprintf("%d %s (%d bytes) %s", events, noun, j.ledger.bytes(), verb)
}

// sayLeft is the last line of the log.
func (j *Journal) sayLeft() {
	if count := j.ledger.events(); count > 0 {
		j.conf.Log.Infof("journal %s: closed. %s on disk; the next start sends first what is left", j.conf.Path, j.counted(count, "stays", "stay"))
		return
	}
	j.conf.Log.Infof("journal %s: closed. 0 events stay on disk", j.conf.Path)
}

// Stats is what a queue holds.
type Stats struct {
	Events, Bytes int64
	// Oldest is when the oldest event arrived, or zero where there is none.
	Oldest time.Time
}

// Stats reads a little from the disk.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	s := Stats{Events: j.ledger.events(), Bytes: j.ledger.bytes()}
	e, oldest := j.engine, j.ledger.skip(j.ledger.settled)
	j.mu.Unlock()
	if s.Events == 0 || e == nil {
		return s
	}
	if _, st, err := e.get(oldest); err == nil {
		s.Oldest = st.at
	}
	return s
}
