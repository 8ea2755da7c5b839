package plugin

import (
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// backlogInterval is how often it is reported how old the oldest batch is, and
// how many calls wait.
const backlogInterval = time.Second

// backlog reports what is under way: for how long the oldest batch has been
// here, which is the one figure that grows whatever the reason, how many
// batches there are, and how many calls wait for their turn. The copies of an
// output report in the same place, and so they share a backlog.
type backlog struct {
	oldest, batches, waiting *service.MetricGauge

	mu      sync.Mutex
	next    int
	arrived map[int]time.Time
	timer   *time.Timer
	// messages counts those of the batches that wait for their turn.
	messages int
	// copies count the calls of each copy that wait for earlier ones.
	copies map[*output]func() int
}

// backlogKey is where metrics are reported. Copies of an output have the same.
type backlogKey struct{ stream, label, path string }

// backlogOf returns the backlog of an output, which lives as long as the engine
// keeps the metrics.
func backlogOf(res *service.Resources) *backlog {
	key := backlogKey{res.StreamID(), res.Label(), strings.Join(res.Path(), ".")}
	if shared, exists := res.GetGeneric(key); exists {
		return shared.(*backlog)
	}
	metrics := res.Metrics()
	shared, _ := res.GetOrSetGeneric(key, &backlog{
		oldest:  metrics.NewGauge("segment_oldest_unsent_seconds"),
		batches: metrics.NewGauge("segment_batches_in_flight"),
		waiting: metrics.NewGauge("segment_calls_waiting"),
		arrived: make(map[int]time.Time),
		copies:  make(map[*output]func() int),
	})
	return shared.(*backlog)
}

// add notes a batch until the function that it returns is called.
func (b *backlog) add() func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := b.next
	b.next++
	b.arrived[id] = time.Now()
	b.batches.Set(int64(len(b.arrived)))
	if b.timer == nil {
		b.timer = time.AfterFunc(backlogInterval, b.tick)
	}
	return func() { b.remove(id) }
}

func (b *backlog) remove(id int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.arrived, id)
	b.batches.Set(int64(len(b.arrived)))
	if len(b.arrived) > 0 {
		return
	}
	b.timer.Stop()
	b.timer = nil
	b.oldest.Set(0)
	b.waiting.Set(0)
}

func (b *backlog) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		return
	}
	var oldest time.Duration
	for _, since := range b.arrived {
		oldest = max(oldest, time.Since(since))
	}
	b.oldest.Set(int64(oldest.Seconds()))
	b.waiting.Set(int64(b.count()))
	b.timer.Reset(backlogInterval)
}

// wait notes that so many messages more wait for their turn, or so many fewer.
func (b *backlog) wait(messages int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages += messages
}

// join adds a copy, with what counts its calls that wait for earlier ones, until
// it leaves.
func (b *backlog) join(o *output, held func() int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.copies[o] = held
}

func (b *backlog) leave(o *output) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.copies, o)
}

// count returns how many calls wait.
func (b *backlog) count() int {
	calls := b.messages
	for _, held := range b.copies {
		calls += held()
	}
	return calls
}
