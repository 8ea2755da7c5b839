package tracking

import (
	"sync"
	"time"
)

// Log is told what an operator should know and what is about no single Send.
// Its methods are called from many goroutines, and with nothing that a server
// has written.
type Log interface {
	// Warn is for trouble. The same is said once a minute at most.
	Warn(text string)
	// Info is for its end.
	Info(text string)
}

type silentLog struct{}

func (silentLog) Warn(string) {}
func (silentLog) Info(string) {}

func orSilent(log Log) Log {
	if log == nil {
		return silentLog{}
	}
	return log
}

// repetition says when trouble is worth a line: when it has come several times
// with no more than a minute between, and then once a minute.
type repetition struct {
	mu         sync.Mutex
	count      int
	last, said time.Time
}

// isDue counts one more, and says whether to say so now. What has not come the
// given number of times passes by itself.
func (r *repetition) isDue(times int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Sub(r.last) > reminder {
		r.count = 0
	}
	r.last = now
	if r.count++; r.count < times || now.Sub(r.said) < reminder {
		return false
	}
	r.said = now
	return true
}
