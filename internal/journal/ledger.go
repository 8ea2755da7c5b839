package journal

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"time"
)

// span is a range of events, and where their records begin and end in the sum
// of all sizes.
type span struct {
	from, to             uint64
	fromOffset, toOffset uint64
}

func (s span) events() int64 { return int64(s.to - s.from) }
func (s span) bytes() int64  { return int64(s.toOffset - s.fromOffset) }

// ledger knows which events are settled, that is delivered or lost. It holds
// what came out of order as ranges, so that its size depends on the events that
// are late, and not on those that went by.
type ledger struct {
	// Everything below settled is.
	settled       uint64
	settledOffset uint64
	// runs are settled, too: sorted, apart from each other and from settled.
	runs []span
	// end is the number of the next event.
	end       uint64
	endOffset uint64
}

// append notes events at the end.
func (l *ledger) append(to, toOffset uint64) { l.end, l.endOffset = to, toOffset }

// settle notes that a range is settled. What is known already may be in it.
func (l *ledger) settle(s span) {
	if s.from < l.settled {
		s.from, s.fromOffset = l.settled, l.settledOffset
	}
	if s.from >= s.to {
		return
	}
	// The runs that touch the range become one with it.
	first := sort.Search(len(l.runs), func(i int) bool { return l.runs[i].to >= s.from })
	last := first
	for last < len(l.runs) && l.runs[last].from <= s.to {
		if r := l.runs[last]; r.from < s.from {
			s.from, s.fromOffset = r.from, r.fromOffset
		}
		if r := l.runs[last]; r.to > s.to {
			s.to, s.toOffset = r.to, r.toOffset
		}
		last++
	}
	if s.from > l.settled {
		l.runs = slices.Replace(l.runs, first, last, s)
		return
	}
	l.settled, l.settledOffset = s.to, s.toOffset
	l.runs = slices.Delete(l.runs, first, last)
}

// skip returns the first number from seq on that is not settled.
func (l *ledger) skip(seq uint64) uint64 {
	seq = max(seq, l.settled)
	i := sort.Search(len(l.runs), func(i int) bool { return l.runs[i].to > seq })
	if i < len(l.runs) && l.runs[i].from <= seq {
		return l.runs[i].to
	}
	return seq
}

// isSettled says whether an event is.
func (l *ledger) isSettled(seq uint64) bool { return l.skip(seq) != seq }

// events and bytes are what is not settled.
func (l *ledger) events() int64 {
	count := int64(l.end - l.settled)
	for _, r := range l.runs {
		count -= r.events()
	}
	return count
}

func (l *ledger) bytes() int64 {
	size := int64(l.endOffset - l.settledOffset)
	for _, r := range l.runs {
		size -= r.bytes()
	}
	return size
}

// appendState appends the ledger as a record.
func (l *ledger) appendState(to []byte, s stamp) []byte {
	start := len(to)
	s.kind, s.seq, s.settled, s.offset = kindState, l.end, l.settled, l.endOffset
	to = beginRecord(to, s)
	to = binary.AppendUvarint(to, l.settledOffset)
	to = binary.AppendUvarint(to, uint64(len(l.runs)))
	for _, r := range l.runs {
		for _, v := range []uint64{r.from, r.to, r.fromOffset, r.toOffset} {
			to = binary.AppendUvarint(to, v)
		}
	}
	// Far below what a record may hold.
	_ = endRecord(to, start)
	return to
}

// readState is the inverse of appendState.
func readState(s stamp, payload []byte) (*ledger, error) {
	r := &reader{data: payload}
	l := &ledger{settled: s.settled, settledOffset: r.uvarint(), end: s.seq, endOffset: s.offset}
	for range r.uvarint() {
		run := span{from: r.uvarint(), to: r.uvarint(), fromOffset: r.uvarint(), toOffset: r.uvarint()}
		if r.err != nil {
			return nil, r.err
		}
		l.runs = append(l.runs, run)
	}
	return l, r.err
}

// Loss is a range of events that the disk does not give back.
type Loss struct {
	// From and To are the numbers of the first event and of the one after the
	// last.
	From, To uint64
	// After and Before are the times of arrival of the neighbours, or zero where
	// there is none.
	After, Before time.Time

	// gap is all that is missing there, with what was settled before.
	gap span
}

// String names the range for a log.
func (l Loss) String() string {
	text := fmt.Sprintf("events %d to %d (%d in all", l.From, l.To-1, l.To-l.From)
	if !l.After.IsZero() {
		text += ", after " + l.After.UTC().Format(time.RFC3339)
	}
	if !l.Before.IsZero() {
		text += ", before " + l.Before.UTC().Format(time.RFC3339)
	}
	return text + ")"
}

// lose settles a range that is not there and returns what of it was not
// settled before.
func (l *ledger) lose(s span, after, before time.Time) (lost []Loss) {
	for from := l.skip(s.from); from < s.to; {
		to := l.runAfter(from, s.to)
		lost = append(lost, Loss{From: from, To: to, After: after, Before: before, gap: s})
		from = l.skip(to)
	}
	l.settle(s)
	return lost
}

// runAfter returns where the next run begins, or limit.
func (l *ledger) runAfter(seq, limit uint64) uint64 {
	for _, r := range l.runs {
		if r.from > seq {
			return min(r.from, limit)
		}
	}
	return limit
}

// offsetOf returns the offset of a number where a run begins, or of the end.
func (l *ledger) offsetOf(seq uint64) uint64 {
	for _, r := range l.runs {
		if r.from == seq {
			return r.fromOffset
		}
	}
	return l.endOffset
}
