// Package recorder keeps what became of the last calls of an output, and shows it
// by the API and the page of a sandbox: what was sent, what came back, and why
// something was refused. It keeps no write keys.
package recorder

import (
	"encoding/json"
	"strconv"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

const (
	// callBytes is what a call may take on average before older ones are evicted
	// for it, and mostBytes what all may take.
	callBytes, mostBytes = 16 << 10, 64 << 20
	// clipped is how much is kept of what is no call that Segment takes.
	clipped = 8 << 10
)

// Outcomes of calls that were not delivered.
const (
	notSent     = "not_sent"
	refused     = "refused"
	undelivered = "undelivered"
)

// Attempt is a request that was sent, and what came back.
type Attempt struct {
	At time.Time
	// Calls are those in it. Their bytes are copied.
	Calls []segment.Call
	// Bytes and WireBytes are its size before and after compression, Earlier
	// counts the attempts before it.
	Bytes, WireBytes, Earlier int
	// Status is that of the answer, 0 if there was none, and Text describes it.
	Status int
	Text   string
}

// path is the one that all requests go to.
const path = "/v1/batch"

// Attempt keeps a request. The calls of one that was not accepted are named by
// their ids only: they come again, or Failed is told of them.
func (r *Recorder) Attempt(a Attempt) {
	req := &inbox.Request{
		ReceivedAt: a.At, Method: "POST", Path: path, Calls: len(a.Calls),
		Bytes: int64(a.Bytes), BytesOnWire: int64(a.WireBytes), Status: a.Status,
		MessageIDs: make([]string, len(a.Calls)),
	}
	hidden := ""
	if len(a.Calls) > 0 {
		// A request is for one source.
		hidden = ingest.HideKey(a.Calls[0].WriteKey)
	}
	req.WriteKey = hidden
	if a.Earlier > 0 {
		req.RetryCount = strconv.Itoa(a.Earlier)
	}
	isAccepted := a.Status/100 == 2
	var calls []inbox.Call
	for i := range a.Calls {
		one := callOf(a.Calls[i].JSON, hidden, a.At)
		req.MessageIDs[i] = one.MessageID
		if isAccepted {
			// It is a call that we made. A key in it is one in its properties.
			one.Accepted, one.Raw = true, ingest.HideKeys(a.Calls[i].JSON)
			calls = append(calls, one)
		}
	}
	if !isAccepted {
		req.Refusal = a.Text
	}
	r.inbox.Add(req, calls)
}

// Failed keeps an event that did not become a call, or a call that was not
// delivered, and why.
func (r *Recorder) Failed(content []byte, writeKey string, why *segment.Violation) {
	one := callOf(content, ingest.HideKey(writeKey), time.Now())
	one.Raw, one.Outcome = kept(content), notSent
	switch why.Reason {
	case segment.ReasonRefused:
		one.Outcome = refused
	case segment.ReasonUndelivered:
		one.Outcome = undelivered
	}
	one.Violations = []inbox.Violation{{Code: string(why.Reason), Field: why.Field, Message: why.Sentence}}
	r.inbox.AddOf(0, []inbox.Call{one})
}

// callOf describes a call, without its bytes.
func callOf(content []byte, hiddenKey string, at time.Time) inbox.Call {
	seen := segment.Inspect(content, segment.UnknownType)
	return inbox.Call{
		ReceivedAt: at, Path: path, Type: seen.Type.String(), Name: seen.Name,
		MessageID: seen.MessageID, UserID: seen.UserID, AnonymousID: seen.AnonymousID,
		PreviousID: seen.PreviousID, GroupID: seen.GroupID, Timestamp: seen.Timestamp,
		WriteKey: hiddenKey, Size: len(content),
	}
}

// kept copies an event without its write keys. What is larger than a call may be,
// or no JSON, is kept as a text of its beginning.
func kept(content []byte) []byte {
	if len(content) > segment.MaxCallBytes || !json.Valid(content) {
		text, _ := json.Marshal(inbox.Clip(string(ingest.HideKeys(content[:min(len(content), clipped)])), clipped))
		return text
	}
	return ingest.HideKeys(content)
}
