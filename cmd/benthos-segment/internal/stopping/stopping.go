// Package stopping says what a pipeline waits for when it is told to stop and
// still holds events: what keeps them, and how long it waits at the most.
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

// Start is for the moment when a pipeline is at work.
func (w *Watch) Start() {
	signal.Notify(w.came, os.Interrupt, syscall.SIGTERM)
	w.done.Go(w.wait)
}

// Close ends the watch.
func (w *Watch) Close() {
	signal.Stop(w.came)
	close(w.ended)
	w.done.Wait()
}

func (w *Watch) wait() {
	select {
	case <-w.came:
	case <-w.ended:
		return
	}
	w.mu.Lock()
	log, graceful := w.log, w.timeout-w.timeout/4 // as the engine divides it
	w.mu.Unlock()
	end := time.Now().Add(graceful)
	timer := time.NewTimer(min(patience, graceful/4))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-w.ended:
			return
		}
		held, left := plugin.HeldNow(), time.Until(end)
		if left <= 0 || log == nil {
			return
		}
		if held.Calls > 0 {
			log.Warn(Says(held, left))
		}
		timer.Reset(repeat)
	}
}

// Says returns what a pipeline waits for, and for how long at the most.
func Says(held plugin.Held, left time.Duration) string {
	why := "Segment has not accepted them yet"
	if len(held.Met) > 0 {
		why = "the last attempt met " + strings.Join(held.Met, ", and ")
	}
	return fmt.Sprintf("Stopping: waiting for %s, because %s. This takes %s at the most, by shutdown_timeout; "+
		"what is not accepted by then is given back to the input, and is lost unless that keeps it",
		command.Count(held.Calls, "call"), why, max(left.Round(time.Second), time.Second))
}
