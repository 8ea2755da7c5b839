package segment

const (
	chunkBytes = 256 << 10
	// keptChunks bounds what an arena holds on to between batches: 5 MB,
	// which is what a batch of 3,000 usual events needs.
	keptChunks = 20
)

// arena is where the calls of one batch are written: one after the other into
// large chunks, which the next batch uses again.
type arena struct {
	used, free [][]byte
}

// room returns a chunk to append to, with at least n bytes to spare.
func (a *arena) room(n int) []byte {
	if last := len(a.used) - 1; last >= 0 && cap(a.used[last])-len(a.used[last]) >= n {
		return a.used[last]
	}
	chunk := a.take(n)
	a.used = append(a.used, chunk)
	return chunk
}

func (a *arena) take(n int) []byte {
	if last := len(a.free) - 1; last >= 0 && n <= chunkBytes {
		chunk := a.free[last]
		a.free = a.free[:last]
		return chunk
	}
	return make([]byte, 0, max(n, chunkBytes))
}

// keep says what has become of the chunk that room gave last.
func (a *arena) keep(chunk []byte) { a.used[len(a.used)-1] = chunk }

// reset takes all chunks back.
func (a *arena) reset() {
	for i, chunk := range a.used {
		a.used[i] = nil
		if cap(chunk) == chunkBytes && len(a.free) < keptChunks {
			a.free = append(a.free, chunk[:0])
		}
	}
	a.used = a.used[:0]
}
