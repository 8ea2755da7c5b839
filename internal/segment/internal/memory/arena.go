// Package memory keeps memory for the next use, within bounds.
package memory

const (
	chunkBytes = 64 << 10
	// keptChunks bounds what an arena keeps between batches: 1.3 MB, which is what
	// 800 usual events need.
	keptChunks = 20
)

// Arena is where the calls of one batch are written, one after the other into
// large chunks, which the next batch uses again.
type Arena struct {
	used, free [][]byte
}

// Reserve returns a chunk to append to, with at least n bytes to spare. It must
// be given back with Commit.
func (a *Arena) Reserve(n int) []byte {
	if last := len(a.used) - 1; last >= 0 && cap(a.used[last])-len(a.used[last]) >= n {
		return a.used[last]
	}
	chunk := a.take(n)
	a.used = append(a.used, chunk)
	return chunk
}

func (a *Arena) take(n int) []byte {
	if last := len(a.free) - 1; last >= 0 && n <= chunkBytes {
		chunk := a.free[last]
		a.free = a.free[:last]
		return chunk
	}
	return make([]byte, 0, max(n, chunkBytes))
}

// Commit keeps what was appended to the chunk that Reserve returned last.
func (a *Arena) Commit(chunk []byte) { a.used[len(a.used)-1] = chunk }

// Reset takes all chunks back.
func (a *Arena) Reset() {
	for i, chunk := range a.used {
		a.used[i] = nil
		if cap(chunk) == chunkBytes && len(a.free) < keptChunks {
			a.free = append(a.free, chunk[:0])
		}
	}
	a.used = a.used[:0]
}
