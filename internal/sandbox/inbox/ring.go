package inbox

type sized interface {
	comparable
	footprint() int64
}

// ring keeps the newest entries within a number and a size, and numbers them
// without gaps from 1, also across a reset. An entry that is removed from its
// middle leaves a zero entry.
type ring[T sized] struct {
	maxEntries int
	maxBytes   int64
	// left, if set, is told of each entry that is evicted or removed.
	left func(T)

	entries []T
	head    int // entries[:head] are evicted
	bytes   int64
	lastSeq uint64
	dropped int
	removed int // zero entries among entries[head:]
}

// next returns the sequence number that the next entry gets.
func (r *ring[T]) next() uint64 { return r.lastSeq + 1 }

// push adds an entry and evicts the oldest until the rest is within bounds. The
// newest always stays, however large it is.
func (r *ring[T]) push(entry T) {
	r.entries = append(r.entries, entry)
	r.lastSeq++
	r.bytes += entry.footprint()
	r.trim()
}

// trim evicts the oldest until the rest is within bounds.
func (r *ring[T]) trim() {
	for r.len() > 1 && (r.len() > r.maxEntries || r.bytes > r.maxBytes) {
		r.evictOldest()
	}
}

// restore takes up the entries of another ring from its first to its last number,
// with a zero entry for each that is missing between.
func (r *ring[T]) restore(entries []T, first, last uint64, seqOf func(T) uint64) {
	r.lastSeq = last
	if first == 0 || first > last {
		return
	}
	r.entries = make([]T, last-first+1)
	r.removed = len(r.entries) - len(entries)
	for _, entry := range entries {
		r.entries[seqOf(entry)-first] = entry
		r.bytes += entry.footprint()
	}
}

// held returns how many entries are kept.
func (r *ring[T]) held() int { return r.len() - r.removed }

// first returns the number of the oldest entry that is kept, or of the next one
// if there is none.
func (r *ring[T]) first() uint64 { return r.next() - uint64(r.len()) }

// remove removes the entries for which doomed is true, and returns how many.
func (r *ring[T]) remove(doomed func(T) bool) (n int) {
	var none T
	for i := r.head; i < len(r.entries); i++ {
		if entry := r.entries[i]; entry != none && doomed(entry) {
			r.leave(entry)
			r.entries[i] = none
			n++
		}
	}
	r.removed += n
	return n
}

func (r *ring[T]) len() int { return len(r.entries) - r.head }

func (r *ring[T]) evictOldest() {
	var none T
	if oldest := r.entries[r.head]; oldest != none {
		r.leave(oldest)
		r.dropped++
	} else {
		r.removed--
	}
	r.entries[r.head] = none
	r.head++
	// Moving only when half is empty keeps the cost per entry constant.
	if r.head*2 < len(r.entries) {
		return
	}
	n := copy(r.entries, r.entries[r.head:])
	clear(r.entries[n:])
	r.entries, r.head = r.entries[:n], 0
}

func (r *ring[T]) leave(entry T) {
	r.bytes -= entry.footprint()
	if r.left != nil {
		r.left(entry)
	}
}

// get returns the entry of that sequence number if it is still kept.
func (r *ring[T]) get(seq uint64) (entry T, ok bool) {
	first := r.first()
	if seq < first || seq > r.lastSeq {
		return entry, false
	}
	return r.entries[r.head+int(seq-first)], true
}

// after returns the entries kept that have a higher number than seq. The slice
// is the ring's own and valid until the next push.
func (r *ring[T]) after(seq uint64) []T {
	kept := r.entries[r.head:]
	first := r.next() - uint64(len(kept))
	switch {
	case seq < first:
		return kept
	case seq >= r.lastSeq:
		return nil
	default:
		return kept[seq-first+1:]
	}
}

func (r *ring[T]) reset() {
	r.entries, r.head, r.bytes, r.dropped, r.removed = nil, 0, 0, 0, 0
}
