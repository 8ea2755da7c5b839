package passage

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// port counts the bytes that come in, over all connections.
type port struct {
	mu      sync.Mutex
	bytes   int64
	changed chan struct{}
}

func (p *port) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += int64(n)
	close(p.changed)
	p.changed = make(chan struct{})
}

// after returns what waits for so many bytes more than have come in by now.
func (p *port) after(more int64) (await func(context.Context) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	enough := p.bytes + more
	return func(ctx context.Context) error { return p.await(ctx, enough) }
}

func (p *port) await(ctx context.Context, enough int64) error {
	for {
		p.mu.Lock()
		bytes, changed := p.bytes, p.changed
		p.mu.Unlock()
		if bytes >= enough {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the middle of a request: %w", ctx.Err())
		}
	}
}

// meter is a listener whose connections count what they receive.
type meter struct {
	net.Listener
	port *port
}

func (m *meter) Accept() (net.Conn, error) {
	conn, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &metered{conn, m.port}, nil
}

type metered struct {
	net.Conn
	port *port
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.port.add(n)
	return n, err
}

// acceptances are the moments when requests were accepted.
type acceptances struct {
	mu sync.Mutex
	at []time.Time
}

func (a *acceptances) note() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
}

// longestPause is the longest time between two requests that followed one
// another, or since what went wrong between them was over. Without anything that
// went wrong it is the longest of all.
func (a *acceptances) longestPause(over []time.Time) (longest time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.SortFunc(a.at, time.Time.Compare)
	for i := 1; i < len(a.at); i++ {
		since := a.at[i-1]
		for _, end := range over {
			if end.After(since) && end.Before(a.at[i]) {
				since = end
			}
		}
		isAfter := len(over) == 0 || a.at[i].After(over[0])
		if pause := a.at[i].Sub(since); isAfter && pause > longest {
			longest = pause
		}
	}
	return longest
}

// hold keeps answers back while it is on, for one who wants it or for several.
type hold struct {
	mu     sync.Mutex
	wanted int
	// over is closed when all have released it, nil while it is not on.
	over  chan struct{}
	ended <-chan struct{}
}

func (h *hold) on() (release func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wanted == 0 {
		h.over = make(chan struct{})
	}
	h.wanted++
	return func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.wanted--
		if h.wanted == 0 {
			close(h.over)
			h.over = nil
		}
		return nil
	}
}

func (h *hold) wait() {
	h.mu.Lock()
	over := h.over
	h.mu.Unlock()
	if over == nil {
		return
	}
	select {
	case <-over:
	case <-h.ended:
	}
}
