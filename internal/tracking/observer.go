package tracking

import (
	"context"
	"iter"
	"time"
)

// Request is one attempt to deliver some calls.
type Request struct {
	calls []*entry
	// IsSample says that it holds one call that was accepted before, perhaps of
	// another batch, to find out whether it is single calls that are refused.
	IsSample bool
	// Bytes is its size before compression, WireBytes after it.
	Bytes, WireBytes int
	// Earlier counts the attempts before this one.
	Earlier int
}

// Count returns how many calls it holds.
func (r Request) Count() int {
	if r.IsSample {
		return 1
	}
	return len(r.calls)
}

// Calls lists the calls that it holds, which may be of several batches: the
// observer of the batch, and the place in its list. It is empty for a sample.
func (r Request) Calls() iter.Seq2[Observer, int] {
	return func(yield func(Observer, int) bool) {
		for _, e := range r.calls {
			if !yield(e.delivery.observer, e.place) {
				return
			}
		}
	}
}

// Answer is what became of an attempt.
type Answer struct {
	// Status is the HTTP status, or 0 where there was no answer.
	Status int
	// Err says why there was no answer.
	Err error
	// Latency is the time from sending to the end of the answer.
	Latency time.Duration
}

// String describes it without what the server wrote into it, and without keys.
func (a Answer) String() string { return answer{status: a.Status, err: a.Err}.String() }

// Observer is told what happens to a batch. Its methods are called from many
// goroutines. What concerns several batches, such as a request with calls of
// each, is told to the observer of one of them.
type Observer interface {
	// Sending is called before each attempt. The context that it returns is
	// used for the attempt, and the function is called with its outcome.
	Sending(ctx context.Context, req Request) (context.Context, func(Answer))
	// Retrying is called when a request is going to be sent again, with the
	// class of the answer: Throttled, Transient or Setup.
	Retrying(Class)
	// Splitting is called when a refused request is sent again in parts.
	Splitting()
	// Throttled is called when the server has asked for a wait.
	Throttled(wait time.Duration)
	// Stuck is called while requests do not get through, once a minute at most
	// for each write key and class: with Setup at once, with Throttled when a
	// wait has lasted for a minute, and with Transient from the third attempt
	// on.
	Stuck(Trouble)
	// Recovered is called when a request gets through after that.
	Recovered(source string)
}

// Trouble is what keeps requests from getting through.
type Trouble struct {
	// Source is a fingerprint of the write key.
	Source string
	// Class is Setup, Throttled or Transient.
	Class Class
	// Answer describes what was met last, without key and data.
	Answer string
	// Status is that of the answer, or 0 where there was none.
	Status int
	// Unanswered is what the timeout ended, where it did so after there was a
	// connection.
	Unanswered Unanswered
}

// Unanswered is a request that the timeout ended while it was sent, or before it
// was answered.
type Unanswered struct {
	// Timeout is how long was waited; 0 where there is no such request.
	Timeout time.Duration
	// Calls counts what it held: of more than one, the next ones hold fewer.
	Calls int
	// WireBytes is its size after compression.
	WireBytes int
}
