package send

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"benthos-segment/cmd/internal/command"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
)

// display shows how far a run is, and what there is to say about it.
type display interface {
	// say writes a line that stays.
	say(text string)
	// interrupted is for the moment after Ctrl-C, which a terminal writes into what
	// is drawn.
	interrupted()
	// end writes the last state, and nothing after it.
	end()
}

// status is how far a run is.
type status struct {
	sent, retries int64
	refused       int
	// done and total are bytes of the files; total is 0 where that is not known.
	done, total int64
	// perSecond is how many calls were sent in a second lately.
	perSecond float64
	left      time.Duration
}

// percent is 0 to 100, and less than 100 before the end.
func (s status) percent() int64 {
	if s.total == 0 {
		return 0
	}
	return min(100*s.done/s.total, 100)
}

// text says what a bar does not show.
func (s status) text() string {
	parts := []string{
		command.Count(s.sent, "call"), command.Thousands(int64(s.perSecond)) + "/s",
		retries(s.retries), command.Thousands(int64(s.refused)) + " refused",
	}
	if s.left > 0 {
		parts = append(parts, span(s.left)+" left")
	}
	return strings.Join(parts, "  ")
}

// newDisplay shows a bar where somebody looks, and else lines.
func newDisplay(screen terminal.Screen, now func() status) display {
	if screen.IsTerminal && !screen.IsDumb {
		return newBar(screen, now)
	}
	return newLines(screen, now)
}

// bar draws one line again and again.
type bar struct {
	screen   io.Writer
	progress *mpb.Progress
	bar      *mpb.Bar
	now      func() status
	stop     chan struct{}
	stopped  sync.WaitGroup
}

// redrawn is how often the bar is drawn.
const redrawn = 200 * time.Millisecond

func newBar(screen terminal.Screen, now func() status) *bar {
	b := &bar{screen: screen.Writer, now: now, stop: make(chan struct{}), progress: mpb.New(mpb.WithOutput(screen.Writer), mpb.WithRefreshRate(redrawn), mpb.WithAutoRefresh())}
	state := now()
	text := mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + b.now().text() }))
	if state.total == 0 {
		b.bar = b.progress.New(0, mpb.SpinnerStyle().PositionLeft(), mpb.BarWidth(2), text)
		return b
	}
	b.bar = b.progress.New(
		state.total,
		narrowed{mpb.BarStyle().Filler("=").Tip(">").Padding("-")},
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return fmt.Sprintf("%3d %%", b.now().percent()) })),
		text,
	)
	b.fill()
	b.stopped.Go(b.run)
	return b
}

// roomForInterrupts is what a terminal writes of Ctrl-C, twice. A line that is too
// long for that as well would go on below, where it is not taken away.
const roomForInterrupts = 2 * len("^C")

// narrowed is a bar that leaves that room.
type narrowed struct{ mpb.BarFillerBuilder }

// Build makes the bar.
func (n narrowed) Build() mpb.BarFiller {
	whole := n.BarFillerBuilder.Build()
	return mpb.BarFillerFunc(func(to io.Writer, stat decor.Statistics) error {
		stat.AvailableWidth = max(stat.AvailableWidth-roomForInterrupts, 0)
		return whole.Fill(to, stat)
	})
}

// run fills the bar as the run goes on.
func (b *bar) run() {
	ticker := time.NewTicker(redrawn)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			b.fill()
		case <-b.stop:
			return
		}
	}
}

// fill fills the bar, which ends only by itself when it is full.
func (b *bar) fill() {
	state := b.now()
	b.bar.SetCurrent(min(state.done, state.total-1))
}

// interrupted goes back to the beginning of the line: the bar is drawn from where
// the cursor is, which is behind the terminal's ^C.
func (b *bar) interrupted() { _, _ = io.WriteString(b.screen, "\r") }

func (b *bar) say(text string) { _, _ = fmt.Fprintln(b.progress, text) }

func (b *bar) end() {
	close(b.stop)
	b.stopped.Wait()
	b.fill()
	b.bar.Abort(false)
	b.progress.Wait()
}

// lines writes a line now and then, for a log.
type lines struct {
	mu      sync.Mutex
	out     io.Writer
	now     func() status
	stop    chan struct{}
	stopped sync.WaitGroup
}

// told is how often a line is written where nobody looks.
const told = 10 * time.Second

func newLines(out io.Writer, now func() status) *lines {
	l := &lines{out: out, now: now, stop: make(chan struct{})}
	l.stopped.Go(l.run)
	return l
}

func (l *lines) run() {
	ticker := time.NewTicker(told)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.tell()
		case <-l.stop:
			return
		}
	}
}

func (l *lines) tell() {
	state := l.now()
	text := state.text()
	if state.total > 0 {
		text = fmt.Sprintf("%d %%  %s", state.percent(), text)
	}
	l.say(text)
}

func (*lines) interrupted() {}

func (l *lines) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintln(l.out, text)
}

func (l *lines) end() {
	close(l.stop)
	l.stopped.Wait()
}
