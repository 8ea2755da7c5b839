package plugin

import (
	"context"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment/structured"
)

const (
	// roomBytesPerSecond times the time of an answer is how many bytes of payload
	// may be under way, where a message counts for minMessageBytes at least. So
	// quick answers take little memory, and slow ones do not slow the pipeline.
	// It is more than a machine sends, since people have events that wait for
	// their earlier ones.
	roomBytesPerSecond = 320 << 20
	// minRoom and maxRoom bound that: about 12,000 and 28,000 messages. Half of
	// them or more wait for a person's earlier ones where there is a backlog, so
	// that 100,000 events a second go out where an answer takes 50 ms, and 40,000
	// where it takes 300 ms.
	minRoom         = 24 << 20
	maxRoom         = 56 << 20
	minMessageBytes = 2 << 10
	// minCallBytes is what a call takes up even if it is small.
	minCallBytes = 512
	// answersAveraged is how many answers count for the time of one, about.
	answersAveraged = 16
)

// room bounds the memory of the batches under way. A batch that is larger than
// all of it goes alone.
type room struct {
	mu    sync.Mutex
	size  int64
	taken int64
	// answer is how long answers take, as a moving average.
	answer time.Duration
	// growth is how many times its weight the last batch turned out to take.
	growth float64
	// freed is closed when there is more room, if somebody waits for it.
	freed chan struct{}
}

func newRoom() *room { return &room{size: minRoom, growth: 1} }

// await waits until there is room for a batch, or until the context ends. It
// does not take it.
func (r *room) await(ctx context.Context, batch service.MessageBatch) {
	weight := weigh(batch)
	for {
		freed := r.lack(weight)
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

// lack returns what to wait for where there is no room for so much.
func (r *room) lack(weight int64) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken == 0 || r.taken+r.grown(weight) <= r.size {
		return nil
	}
	if r.freed == nil {
		r.freed = make(chan struct{})
	}
	return r.freed
}

// answered makes the room as large as the time of answers asks for.
func (r *room) answered(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer == 0 {
		r.answer = took
	}
	r.answer += (took - r.answer) / answersAveraged
	before := r.size
	r.size = min(max(int64(r.answer.Seconds()*roomBytesPerSecond), minRoom), maxRoom)
	if r.size > before {
		r.tell()
	}
}

// grown is what something is going to take by its weight.
func (r *room) grown(weight int64) int64 { return int64(float64(weight) * r.growth) }

// stay is the room that a batch has taken.
type stay struct {
	room          *room
	weight, bytes int64
}

// take takes the room for a batch.
func (r *room) take(batch service.MessageBatch) *stay {
	weight := weigh(batch)
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &stay{room: r, weight: weight, bytes: r.grown(weight)}
	r.taken += s.bytes
	return s
}

// grow takes what a batch has turned out to take.
func (s *stay) grow(bytes int64) {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	bytes = max(bytes, s.weight)
	r.taken += bytes - s.bytes
	s.bytes = bytes
	if s.weight > 0 {
		r.growth = float64(bytes) / float64(s.weight)
	}
	r.tell()
}

// leave gives the room back.
func (s *stay) leave() {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= s.bytes
	r.tell()
}

func (r *room) tell() {
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}

// weigh returns how much room the messages of a batch take by themselves.
func weigh(batch service.MessageBatch) (sum int64) {
	for _, msg := range batch {
		sum += int64(max(sizeOf(msg), minMessageBytes))
	}
	return sum
}

// sizeOf returns the size of a message that has its bytes, since its call takes
// up about as much again. The structured form that a processor has left takes up
// several times its size as JSON, so that half of that counts for it.
func sizeOf(msg *service.Message) (size int) {
	// The engine promises what is there already.
	if msg.HasBytes() {
		payload, _ := msg.AsBytes()
		size = len(payload)
	}
	if msg.HasStructured() {
		value, _ := msg.AsStructured()
		size += structured.SizeOf(value) / 2
	}
	return size
}

// size is the room that a batch takes once its calls are made: a mapping makes
// many of one message, and queries leave its structured form behind.
func (w *write) size() int64 {
	calls := int64(0)
	for i := range w.calls {
		calls += int64(max(len(w.calls[i].JSON), minCallBytes))
	}
	if w.output.conf.hasQueries() {
		return max(calls, weigh(w.batch))
	}
	return calls
}
