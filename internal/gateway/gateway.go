package gateway

import (
	"sync"
	"sync/atomic"

	"benthos-segment/internal/ingest"
)

const (
	// bodySlack is how much of a body that is too large is read all the same, so that
	// its sender sees the answer and not a broken connection.
	bodySlack = 256 << 10
	// maxNotObjects is how many elements of a batch may be no events. No SDK sends
	// one, and each costs many times its size.
	maxNotObjects = 100
)

// Gateway is the front door. It is an http.Handler, and its other side is Read.
type Gateway struct {
	conf   Config
	keys   keys
	bodies *ingest.BodyReader
	queue  *queue

	overload overload
	// showing is held while what is pending is shown, so that what is shown last is
	// the newest.
	showing sync.Mutex
	// isRead says that somebody takes what comes in.
	isRead atomic.Bool
	// closed is closed when nobody waits any more.
	closed   chan struct{}
	isClosed atomic.Bool
}

// New returns a gateway that nobody reads from yet.
func New(conf Config) (*Gateway, error) {
	if err := conf.check(); err != nil {
		return nil, err
	}
	return &Gateway{
		conf:   conf,
		keys:   newKeys(conf.WriteKeys),
		bodies: ingest.NewBodyReader(conf.MaxRequestBytes, conf.MaxRequestBytes+bodySlack, conf.MaxPendingBytes),
		queue:  newQueue(conf.MaxPending, conf.MaxPendingBytes, conf.Gather),
		closed: make(chan struct{}),
	}, nil
}

// Stop takes no more requests: new ones and those that were not handed out yet are
// told to come again. Those that were handed out may still be settled.
func (g *Gateway) Stop() {
	g.queue.stop()
	g.showPending()
}

func (g *Gateway) showPending() {
	g.showing.Lock()
	defer g.showing.Unlock()
	g.conf.Observer.Pending(g.queue.size())
}

// Close stops, and tells every request that still waits to come again: whoever has
// its events may never settle them.
func (g *Gateway) Close() {
	g.Stop()
	if g.isClosed.CompareAndSwap(false, true) {
		close(g.closed)
	}
}
