package soak

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"benthos-segment/internal/torture/ordeal"
)

// ledger counts, for each person, how many events were sent and how many have
// arrived, each in its place. A list of all events would not fit an hour.
type ledger struct {
	// guilty events are refused, and never arrive.
	guilty atomic.Int64
	// guiltyAgain are those of requests that were sent again.
	guiltyAgain atomic.Int64

	mu            sync.Mutex
	sent, arrived []uint32
	// all are those of everyone.
	allSent, allArrived int64
	// resent came before, under the same id, and renamed under another.
	resent, renamed int64
	// skipped were not there when a later one of the same person arrived, because
	// they were lost or overtaken.
	skipped int64
	strange int64
}

func newLedger(people int) *ledger {
	return &ledger{sent: make([]uint32, people), arrived: make([]uint32, people)}
}

// next is the place of the next event of a person.
func (l *ledger) next(person int) (seq int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq = int(l.sent[person])
	l.sent[person]++
	l.allSent++
	return seq
}

// idOf is the message id of an event.
func idOf(s ordeal.Step) string { return fmt.Sprintf("soak-%d-%d", s.Person, s.Seq) }

// accept notes that an event has arrived.
func (l *ledger) accept(s ordeal.Step, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.Person < 0 || s.Person >= len(l.sent) || uint32(s.Seq) >= l.sent[s.Person] {
		l.strange++
		return
	}
	if id != idOf(s) {
		l.renamed++
	}
	expected := l.arrived[s.Person]
	if uint32(s.Seq) < expected {
		l.resent++
		return
	}
	l.skipped += int64(uint32(s.Seq) - expected)
	l.allArrived += int64(uint32(s.Seq)+1) - int64(expected)
	l.arrived[s.Person] = uint32(s.Seq) + 1
}

// backlog is how much has been sent and has not arrived.
func (l *ledger) backlog() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.allSent - l.allArrived
}

// await waits until everything has arrived.
func (l *ledger) await(ctx context.Context) error {
	for l.backlog() > 0 {
		if !ordeal.Wait(ctx, 100*time.Millisecond) {
			return fmt.Errorf("waiting for the rest, %d events are missing: %w", l.backlog(), ctx.Err())
		}
	}
	return nil
}

// fault returns an error unless everything arrived, once, in order.
func (l *ledger) fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.skipped+l.renamed+l.strange == 0 && l.allSent == l.allArrived {
		return nil
	}
	return fmt.Errorf("of %d events, %d did not arrive, %d were lost or overtaken, %d have another id and %d were never sent",
		l.allSent, l.allSent-l.allArrived, l.skipped, l.renamed, l.strange)
}
