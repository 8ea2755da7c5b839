// Package notice tells an operator of trouble, and not too often.
package notice

import (
	"sync"
	"time"
)

// Interval is how often trouble that stays is told of.
const Interval = time.Minute

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

// OrSilent returns a log that may be used, also where there is none.
func OrSilent(log Log) Log {
	if log == nil {
		return silentLog{}
	}
	return log
}

// Repetition says when trouble is worth a line: when it has come several times
// with no more than a minute between, and then once a minute.
type Repetition struct {
	mu         sync.Mutex
	count      int
	last, said time.Time
}

// IsDue counts one more, and says whether to say so now. What has not come the
// given number of times passes by itself.
func (r *Repetition) IsDue(times int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Sub(r.last) > Interval {
		r.count = 0
	}
	r.last = now
	if r.count++; r.count < times || now.Sub(r.said) < Interval {
		return false
	}
	r.said = now
	return true
}
