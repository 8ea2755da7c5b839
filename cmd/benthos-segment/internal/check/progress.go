package check

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/cmd/internal/command"
)

const (
	// patience is how long a check takes until it shows how far it is.
	patience = 500 * time.Millisecond
	// redraw is how often it says so.
	redraw = 200 * time.Millisecond
)

// progress is a line on a terminal that says how far a check is. Elsewhere it is
// nothing.
type progress struct {
	screen terminal.Screen
	begun  time.Time
	drawn  time.Time
	// isShown says that the line is there.
	isShown bool

	file string
	size int64
	// read returns how much of the file was read, and before is how much was read
	// of those before it.
	read   func() int64
	before int64
}

func newProgress(screen terminal.Screen) *progress {
	return &progress{screen: screen, begun: time.Now()}
}

// begin says which file is at hand, and its size, if it has one.
func (p *progress) begin(file string, size int64, read func() int64) {
	if p.read != nil {
		p.before += p.read()
	}
	p.file, p.size, p.read = file, size, read
}

// keep draws the line again and again until the function that it returns is
// called: a pipe may give nothing for long. The summary must not change meanwhile.
func (p *progress) keep(s *summary) (stop func()) {
	if !p.isWatched() {
		return func() {}
	}
	ended := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		ticker := time.NewTicker(redraw)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.draw(s)
			case <-ended:
				return
			}
		}
	})
	return func() {
		close(ended)
		drawing.Wait()
	}
}

func (p *progress) isWatched() bool { return p.screen.IsTerminal && !p.screen.IsDumb }

// draw shows the line, if it is time.
func (p *progress) draw(s *summary) {
	now := time.Now()
	if !p.isWatched() || now.Sub(p.begun) < patience || now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn, p.isShown = now, true
	done := p.read()
	parts := []string{terminal.Clean(p.file)}
	if p.size > 0 {
		parts = append(parts, fmt.Sprintf("%d%%", done*100/p.size))
	}
	rate := float64(p.before+done) / now.Sub(p.begun).Seconds()
	parts = append(parts, command.Count(s.events, "event"), fmt.Sprintf("%s refused", command.Thousands(s.refused)), fmt.Sprintf("%.0f MB/s", rate/1e6))
	line := strings.Join(parts, "  ")
	if width := p.screen.Width(); width > 1 {
		line = terminal.Cut(line, width-1)
	}
	fmt.Fprintf(p.screen, "\r\x1b[K%s", line)
}

// clear takes the line away, before something else is written.
func (p *progress) clear() {
	if !p.isShown {
		return
	}
	fmt.Fprint(p.screen, "\r\x1b[K")
	p.isShown = false
}
