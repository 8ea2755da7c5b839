package journal

import (
	"io"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// patientFS deletes no file with events before release is called. Pebble
// deletes what its manifest does not name, and where a flipped bit cut the
// manifest short, these are files full of events. So the queue first makes sure
// that every event in them is known.
type patientFS struct {
	vfs.FS

	mu        sync.Mutex
	isHolding bool
	held      []string
}

// Remove deletes a file, later perhaps.
func (p *patientFS) Remove(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isHolding && (strings.HasSuffix(name, logSuffix) || strings.HasSuffix(name, tableSuffix)) {
		p.held = append(p.held, name)
		return nil
	}
	return p.FS.Remove(name)
}

// Lock locks nothing, because the directory of the queue is locked. The lock of
// an engine that was given up would keep the next one out.
func (*patientFS) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// release deletes what was held back, and holds nothing back from now on.
func (p *patientFS) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isHolding = false
	for _, name := range p.held {
		// What stays is found and deleted at the next start.
		_ = p.FS.Remove(name)
	}
	p.held = nil
}
