package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// said is a Logger that keeps what was said.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) note(level, format string, args []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, level+" "+fmt.Sprintf(format, args...))
}

func (s *said) Debugf(format string, args ...any) { s.note("DEBUG", format, args) }
func (s *said) Infof(format string, args ...any)  { s.note("INFO", format, args) }
func (s *said) Warnf(format string, args ...any)  { s.note("WARN", format, args) }
func (s *said) Errorf(format string, args ...any) { s.note("ERROR", format, args) }

func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

func (s *said) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 {
		return ""
	}
	return s.lines[len(s.lines)-1]
}

// tally is an Observer that counts.
type tally struct {
	mu                           sync.Mutex
	syncs, synced, retried, lost int
	refused                      map[Refusal]int
}

func (c *tally) Synced(_ time.Duration, events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.syncs++
	c.synced += events
}

func (c *tally) Refused(events int, reason Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = map[Refusal]int{}
	}
	c.refused[reason] += events
}

func (c *tally) Retried(events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retried += events
}

func (c *tally) Lost(events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost += events
}

// opening opens a journal in memory, which the test closes or leaves to this.
func opening(t testing.TB, conf Config) *Journal {
	t.Helper()
	if conf.Path == "" {
		conf.Path = "queue"
	}
	if conf.FS == nil {
		conf.FS = vfs.NewCrashableMem()
	}
	// A Pebble that cannot be opened leaves goroutines behind; they are those of
	// earlier tests.
	before := goleak.IgnoreCurrent()
	j, err := Open(conf)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = j.Close()
		goleak.VerifyNone(t, before)
	})
	return j
}

func texts(events ...string) (list []Event) {
	for _, text := range events {
		list = append(list, Event{Content: []byte(text)})
	}
	return list
}

// write writes and waits for the acknowledgement.
func write(ctx context.Context, j *Journal, events ...string) error {
	result := make(chan error, 1)
	if err := j.Write(ctx, texts(events...), func(err error) { result <- err }); err != nil {
		return err
	}
	return <-result
}

func mustWrite(t testing.TB, j *Journal, events ...string) {
	t.Helper()
	require.NoError(t, write(t.Context(), j, events...))
}

func contents(h *Handout) (list []string) {
	for _, e := range h.Events {
		list = append(list, string(e.Content))
	}
	return list
}

func mustRead(t testing.TB, j *Journal) *Handout {
	t.Helper()
	h, err := j.Read(t.Context())
	require.NoError(t, err)
	return h
}

// drain reads and accepts all there is until the end.
func drain(t testing.TB, j *Journal) (list []string) {
	t.Helper()
	j.EndOfInput()
	for {
		h, err := j.Read(t.Context())
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		list = append(list, contents(h)...)
		h.Settle(nil)
	}
}

func numbered(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("event-%06d", i))
	}
	return list
}
