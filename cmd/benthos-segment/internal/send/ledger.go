package send

import "sync"

// position is how far the files are read, or settled: everything before it is.
type position struct {
	// file is the place of the file among those of the command line.
	file int
	// documents counts those of the file before the position, sum is a hash of
	// them, and bytes what they take in the file.
	documents int64
	sum       digest
	bytes     int64
	// isEnd says that nothing follows in this file.
	isEnd bool
	// info describes the file as it was before it was read.
	info fileInfo
}

// ledger notes what was read, in its order, until all before it is settled too:
// sent, skipped or a dead letter. Batches are settled in any order, and a
// checkpoint must not be ahead of one that is still under way.
type ledger struct {
	mu      sync.Mutex
	open    []*entry
	settled []position
	// less is closed when fewer batches are open; nil while nobody waits for that.
	less chan struct{}
}

// entry is a batch that was read.
type entry struct {
	end       position
	isSettled bool
}

// newLedger returns one for so many files, of which none has been read.
func newLedger(files int) *ledger { return &ledger{settled: make([]position, files)} }

// add notes a batch that ends at a position.
func (l *ledger) add(end position) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{end: end}
	l.open = append(l.open, e)
	return e
}

// settle notes that a batch needs no more work.
func (l *ledger) settle(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.isSettled = true
	for len(l.open) > 0 && l.open[0].isSettled {
		end := l.open[0].end
		l.settled[end.file] = end
		l.open[0], l.open = nil, l.open[1:]
	}
	if l.less != nil {
		close(l.less)
		l.less = nil
	}
}

// full returns nil while fewer than so many batches are open, and else what is
// closed when one of them is settled.
func (l *ledger) full(most int) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) < most {
		return nil
	}
	if l.less == nil {
		l.less = make(chan struct{})
	}
	return l.less
}

// begin notes what an earlier run has settled.
func (l *ledger) begin(at position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled[at.file] = at
}

// positions returns how far each file is settled.
func (l *ledger) positions() []position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]position(nil), l.settled...)
}
