package verification

import (
	"context"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Copy verifies for one copy of an output. A nil one does nothing.
type Copy struct {
	watch *watch

	mu       sync.Mutex
	isJoined bool
}

// New returns what verifies for an output, and nil if nothing is to be verified.
// It asks nothing yet.
func New(conf Config, res *service.Resources) (*Copy, error) {
	if !conf.IsOn() {
		return nil, nil
	}
	if conf.WriteKey == "" {
		res.Logger().Warn("segment: write_key is another one for each message, so verify cannot tell where calls go: it checks no key, and reports " +
			"no segment_source_enabled, segment_received and segment_discarded. Check single keys with benthos-segment verify")
		return nil, nil
	}
	shared, err := watchOf(conf, res)
	if err != nil {
		return nil, err
	}
	return &Copy{watch: shared}, nil
}

// Start begins to ask, until Stop is called.
func (c *Copy) Start() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isJoined {
		c.isJoined = true
		c.watch.join()
	}
}

// Stop ends what Start began.
func (c *Copy) Stop() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isJoined {
		c.isJoined = false
		c.watch.leave()
	}
}

// Await waits while Segment would throw calls away, if that is required, or until
// the context ends. It is for who has started.
func (c *Copy) Await(ctx context.Context) {
	if c != nil {
		c.watch.await(ctx)
	}
}

// Test says why Segment would throw calls away, or why nobody can tell.
func (c *Copy) Test(ctx context.Context) error {
	if c == nil {
		return nil
	}
	return c.watch.test(ctx)
}
