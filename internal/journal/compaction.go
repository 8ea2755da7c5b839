package journal

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// compactions lets Pebble compact, one at a time, until the engine fails.
// Pebble would start a failed compaction again at once, for ever, and never
// close.
type compactions struct {
	engine *engine

	mu        sync.Mutex
	db        pebble.DBForCompaction
	isRunning bool
	isClosed  bool
	// granting is held while Pebble is asked to start one.
	granting sync.Mutex
}

var (
	_ pebble.CompactionScheduler   = (*compactions)(nil)
	_ pebble.CompactionGrantHandle = (*compactions)(nil)
)

// Register is called when Pebble is open.
func (c *compactions) Register(_ int, db pebble.DBForCompaction) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.db = db
}

// Unregister is called when Pebble closes. After it Pebble is asked nothing.
func (c *compactions) Unregister() {
	c.mu.Lock()
	c.isClosed = true
	c.mu.Unlock()
	c.granting.Lock()
	defer c.granting.Unlock()
}

// TrySchedule is called where Pebble wants to compact.
func (c *compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	if !c.take() {
		return false, nil
	}
	return true, c
}

// UpdateGetAllowedWithoutPermission has nothing to update.
func (*compactions) UpdateGetAllowedWithoutPermission() {}

// Started, MeasureCPU and CumulativeStats are for schedulers that count.
func (*compactions) Started() {}

// MeasureCPU does nothing.
func (*compactions) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats does nothing.
func (*compactions) CumulativeStats(pebble.CompactionGrantHandleStats) {}

// Done is called when a compaction has ended. It starts the next one.
func (c *compactions) Done() {
	c.free()
	c.granting.Lock()
	defer c.granting.Unlock()
	if !c.take() {
		return
	}
	if isWaiting, _ := c.db.GetWaitingCompaction(); !isWaiting || !c.db.Schedule(c) {
		c.free()
	}
}

func (c *compactions) take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed || c.isRunning || c.engine.fenced.Load() {
		return false
	}
	c.isRunning = true
	return true
}

func (c *compactions) free() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isRunning = false
}
