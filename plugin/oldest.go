package plugin

import (
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// oldestInterval is how often the gauge moves while batches wait.
const oldestInterval = time.Second

// oldestUnsent reports for how long the oldest batch that is being written
// has been here. It is the one figure that grows whatever the reason.
type oldestUnsent struct {
	gauge *service.MetricGauge

	mu      sync.Mutex
	next    int
	arrived map[int]time.Time
	timer   *time.Timer
}

func newOldestUnsent(gauge *service.MetricGauge) *oldestUnsent {
	return &oldestUnsent{gauge: gauge, arrived: make(map[int]time.Time)}
}

// add notes a batch until the function that it returns is called.
func (o *oldestUnsent) add() func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := o.next
	o.next++
	o.arrived[id] = time.Now()
	if o.timer == nil {
		o.timer = time.AfterFunc(oldestInterval, o.tick)
	}
	return func() { o.remove(id) }
}

func (o *oldestUnsent) remove(id int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.arrived, id)
	if len(o.arrived) > 0 {
		return
	}
	o.timer.Stop()
	o.timer = nil
	o.gauge.Set(0)
}

func (o *oldestUnsent) tick() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer == nil {
		return
	}
	var oldest time.Duration
	for _, since := range o.arrived {
		oldest = max(oldest, time.Since(since))
	}
	o.gauge.Set(int64(oldest.Seconds()))
	o.timer.Reset(oldestInterval)
}
