package journal

import (
	"fmt"
	"time"
)

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
