package plugin

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/tracking"
)

// backlogInterval is how often it is reported how old the oldest batch is, and
// how many calls wait.
const backlogInterval = time.Second

// backlog reports what is under way: for how long the oldest batch has been
// here, which is the one figure that grows whatever the reason, how many
// batches there are, how many calls wait for their turn, and how many requests
// may be under way. The copies of an output report in the same place, and so they share a backlog.
type backlog struct {
	oldest, batches, waiting, parallel *service.MetricGauge

	mu      sync.Mutex
	next    int
	arrived map[int]time.Time
	timer   *time.Timer
	// messages counts those of the batches that wait for their turn.
	messages int
	// clients are those of the copies.
	clients map[*tracking.Client]bool
	// met is what keeps the calls waiting, as far as it is known.
	met atomic.Pointer[string]
	// saidGivenUp is why a batch was given up at a stop, once the log has it.
	saidGivenUp atomic.Pointer[string]
}

// outputs are the backlogs of all outputs at work in this process.
var outputs = struct {
	mu  sync.Mutex
	all map[*backlog]bool
	// givenUp counts the messages that were given up at stops.
	givenUp int
}{all: make(map[*backlog]bool)}

// Held is what the outputs of this process have in hand.
type Held struct {
	// Calls is how many calls were not accepted yet.
	Calls int
	// Met describes the answers that keep them waiting, one each. It is empty
	// while all is well.
	Met []string
}

// HeldNow returns what all outputs segment of this process have in hand. A
// program that is told to stop may say what it waits for.
func HeldNow() (held Held) {
	outputs.mu.Lock()
	all := slices.Collect(maps.Keys(outputs.all))
	outputs.mu.Unlock()
	for _, b := range all {
		b.mu.Lock()
		calls, _ := b.sums()
		b.mu.Unlock()
		held.Calls += calls
		if met := b.met.Load(); calls > 0 && met != nil && !slices.Contains(held.Met, *met) {
			held.Met = append(held.Met, *met)
		}
	}
	slices.Sort(held.Met)
	return held
}

// GivenUp returns how many messages the outputs segment of this process have
// given up so far because they were stopped. The engine answers the input for
// them, or the next output of a fallback has them.
func GivenUp() int {
	outputs.mu.Lock()
	defer outputs.mu.Unlock()
	return outputs.givenUp
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
		oldest:   metrics.NewGauge("segment_oldest_unsent_seconds"),
		batches:  metrics.NewGauge("segment_batches_in_flight"),
		waiting:  metrics.NewGauge("segment_calls_waiting"),
		parallel: metrics.NewGauge("segment_parallel_requests"),
		arrived:  make(map[int]time.Time),
		clients:  make(map[*tracking.Client]bool),
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
	b.look()
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
	b.look()
	b.timer.Reset(backlogInterval)
}

// wait notes that so many messages more wait for their turn, or so many fewer.
func (b *backlog) wait(messages int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages += messages
}

// join adds the client of a copy, until it leaves.
func (b *backlog) join(client *tracking.Client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clients[client] = true
	b.look()
	outputs.mu.Lock()
	defer outputs.mu.Unlock()
	outputs.all[b] = true
}

func (b *backlog) leave(client *tracking.Client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.clients, client)
	b.look()
	if len(b.clients) > 0 {
		return
	}
	outputs.mu.Lock()
	defer outputs.mu.Unlock()
	delete(outputs.all, b)
}

// stuck notes what keeps calls waiting, until some are accepted.
func (b *backlog) stuck(met string) { b.met.Store(&met) }

// moves notes that calls are accepted.
func (b *backlog) moves() {
	if b.met.Load() != nil {
		b.met.Store(nil)
	}
}

// gaveUp notes messages that were given up at a stop, and says whether the log
// has the reason already: a stop gives up many batches for the same one.
func (b *backlog) gaveUp(messages int, why string) (isSaid bool) {
	outputs.mu.Lock()
	outputs.givenUp += messages
	outputs.mu.Unlock()
	before := b.saidGivenUp.Swap(&why)
	return before != nil && *before == why
}

// look reports what the clients show.
func (b *backlog) look() {
	calls, requests := b.sums()
	b.waiting.Set(int64(calls))
	b.parallel.Set(int64(requests))
}

// sums returns how many calls wait, and how many requests may be under way.
func (b *backlog) sums() (calls, requests int) {
	calls = b.messages
	for client := range b.clients {
		calls += client.Held()
		requests += client.Parallel()
	}
	return calls, requests
}
