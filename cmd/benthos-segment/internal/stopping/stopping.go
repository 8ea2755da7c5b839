// Package stopping says what a pipeline waits for when it is told to stop and
// still holds events: what keeps them, how long it waits at the most, and in the
// end what it gave up.
package stopping

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/plugin"
)

const (
	// usualTimeout is the engine's shutdown_timeout unless a config has another.
	usualTimeout = 20 * time.Second
	// patience is how long a stop takes until it is worth a word: most are over by
	// then.
	patience = time.Second
	// repeat is how often the word is said again.
	repeat = 10 * time.Second
)

// Watch waits for the signal that stops a pipeline.
type Watch struct {
	came  chan os.Signal
	ended chan struct{}
	done  sync.WaitGroup

	mu      sync.Mutex
	log     *service.Logger
	timeout time.Duration
	// isTold says that the signal came. before is what outputs had given up by
	// then, and met what has kept calls waiting since.
	isTold bool
	before int
	met    []string
}

// New begins to watch. The signals have to be those that stop the engine.
func New() *Watch {
	return &Watch{came: make(chan os.Signal, 1), ended: make(chan struct{}), timeout: usualTimeout}
}

// UseLogger says where the words go.
func (w *Watch) UseLogger(log *service.Logger) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = log
}

// UseConfig reads how long a stop may take.
func (w *Watch) UseConfig(conf *service.ParsedConfig) error {
	timeout, err := conf.FieldDuration("shutdown_timeout")
	if err != nil {
		return nil // The engine says what is wrong with it, where it has one.
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timeout = timeout
	return nil
}

// Start is for the moment before a pipeline is at work.
func (w *Watch) Start() {
	signal.Notify(w.came, os.Interrupt, syscall.SIGTERM)
	w.done.Go(w.wait)
}

// Close ends the watch when the engine has ended, and says what was given up. The
// engine has written a line for each batch by then, and this is the last one.
func (w *Watch) Close() {
	signal.Stop(w.came)
	close(w.ended)
	w.done.Wait()
	if given := plugin.GivenUp() - w.before; w.isTold && given > 0 && w.log != nil {
		w.log.Error(Concludes(given, w.met))
	}
}

func (w *Watch) wait() {
	select {
	case <-w.came:
	case <-w.ended:
		return
	}
	graceful := w.told()
	first := max(min(patience, graceful/4), time.Millisecond)
	end, due := time.Now().Add(graceful), time.Now().Add(first)
	ticker := time.NewTicker(first)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-w.ended:
			return
		}
		held, left := w.look(), time.Until(end)
		if left <= 0 {
			return
		}
		if held.Calls > 0 && !time.Now().Before(due) {
			w.say(Says(held, left))
			due = time.Now().Add(repeat)
		}
	}
}

// told notes that the signal came, and returns how long the engine waits for what
// is under way.
func (w *Watch) told() (graceful time.Duration) {
	w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isTold, w.before = true, plugin.GivenUp()
	return w.timeout - w.timeout/4 // as the engine divides it
}

// look returns what is held, and notes what keeps it.
func (w *Watch) look() plugin.Held {
	held := plugin.HeldNow()
	if held.Calls > 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.met = held.Met
	}
	return held
}

func (w *Watch) say(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.log != nil {
		w.log.Warn(text)
	}
}

// Says returns what a pipeline waits for, and for how long at the most.
func Says(held plugin.Held, left time.Duration) string {
	return fmt.Sprintf("Stopping: waiting for %s, because %s. This takes %s at the most, by shutdown_timeout; "+
		"what is not accepted by then is given back to the input, and is lost unless that keeps it",
		command.Count(held.Calls, "call"), why(held.Met), max(left.Round(time.Second), time.Second))
}

// Concludes returns what was given up when the time of a stop was over.
func Concludes(messages int, met []string) string {
	them, have := "them", "were"
	if messages == 1 {
		them, have = "it", "was"
	}
	return fmt.Sprintf("Stopped: %s %s not delivered within shutdown_timeout, because %s. "+
		"The input has %s back, or the next output of a fallback has %s; an input that keeps nothing has lost %s",
		command.Count(messages, "message"), have, why(met), them, them, them)
}

func why(met []string) string {
	if len(met) == 0 {
		return "Segment has not accepted them yet"
	}
	return "the last attempt met " + strings.Join(met, ", and ")
}
