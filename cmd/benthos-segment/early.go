package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"
)

// settling is how long after the start of a pipeline the engine listens for
// signals at the latest.
const settling = time.Second

// runsNothing says of a command of the engine that no pipeline is at work in it, so
// that a signal ends it at once.
func runsNothing(name string) bool {
	return slices.Contains([]string{"lint", "test", "echo", "blobl", "template"}, name)
}

// earlySignals keeps SIGINT and SIGTERM that come while a pipeline starts. The
// engine listens for them when events flow already, and until then they end the
// process at once, in the middle of whatever it has read.
type earlySignals struct {
	came    chan os.Signal
	started chan struct{}
	ended   chan struct{}
}

func newEarlySignals() *earlySignals {
	return &earlySignals{came: make(chan os.Signal, 2), started: make(chan struct{}), ended: make(chan struct{})}
}

// prepare is called before a config is read.
func (s *earlySignals) prepare(*cli.Context) error {
	signal.Notify(s.came, os.Interrupt, syscall.SIGTERM)
	go s.keep()
	return nil
}

// start is called when the pipeline is at work, which is once.
func (s *earlySignals) start(*service.RunningStreamSummary) error {
	close(s.started)
	return nil
}

// keep waits until the engine listens, and tells it of what came before.
func (s *earlySignals) keep() {
	first := s.untilStarted()
	timer := time.NewTimer(settling)
	defer timer.Stop()
	for waiting := true; waiting; {
		select {
		case sig := <-s.came:
			first = sig // to it, one is as good as two
		case <-timer.C:
			waiting = false
		case <-s.ended:
			return
		}
	}
	signal.Stop(s.came)
	if first != nil {
		raise(first)
	}
}

// untilStarted returns a signal that came before, or nil. A second one means
// that the start takes too long.
func (s *earlySignals) untilStarted() (first os.Signal) {
	for {
		select {
		case sig := <-s.came:
			if first != nil {
				signal.Reset(os.Interrupt, syscall.SIGTERM)
				raise(sig)
			}
			first = sig
		case <-s.started:
			return first
		case <-s.ended:
			return nil
		}
	}
}

func (s *earlySignals) close() { close(s.ended) }

func raise(sig os.Signal) {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Signal(sig) // or it is too late for it
	}
}
