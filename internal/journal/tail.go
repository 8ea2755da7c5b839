package journal

import (
	"encoding/json"
	"time"
)

const (
	// tailBytes bounds the events that are kept in memory after they were written.
	tailBytes = 8 << 20
	// keptRoom is what an event takes in memory beside its record, about.
	keptRoom = 512
)

// kept is an event that was written and is still in memory.
type kept struct {
	item
	event Event
}

func (k kept) room() int { return k.size + keptRoom }

// tail is the end of the queue in memory, or nothing, so that a reader who keeps up
// reads nothing from the disk. Its numbers have no gaps.
type tail struct {
	events []kept
	// room is what they take, and most is what they may.
	room, most int
}

// add appends what became durable. It leaves what is too much to the disk: the oldest
// events, and all of them where those of one sync are too much.
func (t *tail) add(events []kept) {
	added := 0
	for _, e := range events {
		added += e.room()
	}
	// An engine that failed may have written more than it said, which is then found
	// on the disk alone.
	isNext := len(events) == 0 || len(t.events) == 0 || events[0].seq == t.events[len(t.events)-1].seq+1
	if added > t.most || !isNext {
		t.drop(len(t.events))
	}
	if added > t.most {
		return
	}
	t.events = append(t.events, events...)
	t.room += added
	count := 0
	for left := t.room; left > t.most; count++ {
		left -= t.events[count].room()
	}
	t.drop(count)
}

// from returns the events from one number up to another, as many as a batch may
// have, and none where the disk has to be asked for the first. They are valid until
// the tail changes.
func (t *tail) from(seq, to uint64, maxEvents, maxBytes int) []kept {
	t.forget(seq)
	if len(t.events) == 0 || t.events[0].seq > seq {
		return nil
	}
	count, size := 0, 0
	for count < len(t.events) && count < maxEvents && size < maxBytes && t.events[count].seq < to {
		size += t.events[count].size
		count++
	}
	return t.events[:count]
}

// forget lets go of the events below a number.
func (t *tail) forget(seq uint64) {
	count := 0
	for count < len(t.events) && t.events[count].seq < seq {
		count++
	}
	t.drop(count)
}

// drop lets go of the oldest events.
func (t *tail) drop(count int) {
	for _, e := range t.events[:count] {
		t.room -= e.room()
	}
	clear(t.events[:count])
	t.events = t.events[count:]
}

// inRecord returns an event that shares no memory that somebody else may write to:
// its content is that of its record.
func inRecord(e Event, record []byte) Event {
	for _, field := range e.Metadata {
		if !isFixed(field.Value) {
			// It was encoded a moment ago.
			e, _ = decodeEvent(record[headerBytes+stampBytes:])
			return e
		}
	}
	e.Content = record[len(record)-len(e.Content):]
	return e
}

// isFixed reports whether nobody can change a value from elsewhere.
func isFixed(value any) bool {
	switch value.(type) {
	case nil, bool, string, json.Number, time.Time,
		int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return true
	default:
		return false
	}
}
