package plugin

import (
	"context"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

const (
	// maxInHand bounds the memory of the batches under way, in bytes of payload,
	// where a message counts for minMessageBytes at least: about 24,000 messages.
	// That is 40,000 events a second where an answer takes 300 ms, and people have
	// events that wait for their earlier ones.
	maxInHand       = 48 << 20
	minMessageBytes = 2 << 10
)

// room is what is left of maxInHand. A batch that is larger goes alone.
type room struct {
	mu    sync.Mutex
	taken int64
	// freed is closed when there is more room, if somebody waits for it.
	freed chan struct{}
}

func newRoom() *room { return new(room) }

// await waits until there is room for so many bytes, or until the context ends.
// It does not take them.
func (r *room) await(ctx context.Context, bytes int64) {
	for {
		freed := r.lack(bytes)
		if freed == nil {
			return
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return
		}
	}
}

// lack returns what to wait for where there is no room for so many bytes.
func (r *room) lack(bytes int64) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken == 0 || r.taken+bytes <= maxInHand {
		return nil
	}
	if r.freed == nil {
		r.freed = make(chan struct{})
	}
	return r.freed
}

// take takes so many bytes, until the function that it returns is called.
func (r *room) take(bytes int64) (leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken += bytes
	return func() { r.leave(bytes) }
}

func (r *room) leave(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= bytes
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}

func weigh(batch service.MessageBatch) (sum int64) {
	for _, msg := range batch {
		size := 0
		if msg.HasBytes() {
			// The engine promises bytes that are there already.
			payload, _ := msg.AsBytes()
			size = len(payload)
		}
		sum += int64(max(size, minMessageBytes))
	}
	return sum
}
