package streamtest

import (
	"bytes"
	"strings"
	"sync"
)

// Log is what a stream has logged so far. The zero value is ready to use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes a line.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String returns everything.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Has says whether the log has a text.
func (l *Log) Has(text string) bool { return strings.Contains(l.String(), text) }

// Times counts a text.
func (l *Log) Times(text string) int { return strings.Count(l.String(), text) }
