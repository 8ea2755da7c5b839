package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Call is one call that the sandbox holds. It belongs to a request that was
// answered with success; the calls of a refused request are known by their
// message ids only, see Request.
type Call struct {
	// Seq counts the calls since the sandbox was made, from 1, in order of
	// arrival and without gaps.
	Seq uint64 `json:"seq"`
	// Request is the sequence number of the request that brought the call.
	Request    uint64    `json:"request"`
	ReceivedAt time.Time `json:"received_at"`
	// Path is the path the call came by, such as /v1/batch.
	Path string `json:"path"`
	// Type is one of the six, or "unknown".
	Type string `json:"type"`
	// Name is the event of a track call and the name of a page or screen.
	Name        string `json:"name,omitempty"`
	MessageID   string `json:"message_id,omitempty"`
	UserID      string `json:"user_id,omitempty"`
	AnonymousID string `json:"anonymous_id,omitempty"`
	PreviousID  string `json:"previous_id,omitempty"`
	GroupID     string `json:"group_id,omitempty"`
	// Timestamp is the call's own, SentAt the batch's, both as written.
	Timestamp string `json:"timestamp,omitempty"`
	SentAt    string `json:"sent_at,omitempty"`
	// WriteKey is the key itself; the control API only ever shows it masked.
	WriteKey string `json:"-"`
	// Attempt counts the deliveries of the request that brought the call, by
	// its X-Retry-Count: 1 is the first.
	Attempt int `json:"attempt"`
	// Status is what that request was answered, 0 where it was cut.
	Status int `json:"status"`
	// Accepted is false where Segment would have discarded the call.
	Accepted bool `json:"accepted"`
	// Duplicate tells that a call with this message id was accepted before.
	Duplicate  bool        `json:"duplicate"`
	Violations []Violation `json:"violations,omitempty"`
	// Warnings name what Segment takes and does not use as it was meant, such as
	// a timestamp that cannot be read. They leave the call accepted.
	Warnings []Violation `json:"warnings,omitempty"`
	// Size is the length of Raw.
	Size int `json:"size"`
	// Raw holds the exact bytes of the call. They must not be changed.
	Raw []byte `json:"-"`
	// shown is Raw with the write key masked, nil where it has none.
	shown []byte
}

// Shown returns the bytes of the call as anybody may see them: the value of a
// writeKey member, which a single call may have, is masked. Filters look at
// these bytes too, or they would tell a key letter by letter.
func (c *Call) Shown() []byte {
	if c.shown == nil {
		return c.Raw
	}
	return c.shown
}

// footprint is what holding the call costs, roughly.
func (c *Call) footprint() int64 {
	n := len(c.Raw) + len(c.shown) + len(c.Name) + len(c.MessageID) + len(c.UserID) +
		len(c.AnonymousID) + len(c.PreviousID) + len(c.GroupID) + len(c.Timestamp) +
		len(c.Path) + len(c.SentAt) + len(c.WriteKey)
	return int64(n + (len(c.Violations)+len(c.Warnings))*violationFootprint)
}

// violationFootprint is about what a violation takes; its texts are shared.
const violationFootprint = 80

// Request is one entry of the journal: a request to the Tracking API, whatever
// became of it.
type Request struct {
	// Seq counts the requests since the sandbox was made, from 1.
	Seq        uint64    `json:"seq"`
	ReceivedAt time.Time `json:"received_at"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	// Header is the request's, with every credential masked.
	Header http.Header `json:"headers"`
	// WriteKey is the key itself; the control API only ever shows it masked.
	WriteKey string `json:"-"`
	// RetryCount is X-Retry-Count as sent, empty where it was not.
	RetryCount      string `json:"retry_count,omitempty"`
	UserAgent       string `json:"user_agent,omitempty"`
	ContentEncoding string `json:"content_encoding,omitempty"`
	// BytesOnWire and Bytes are the size of the body before and after
	// decompression, as far as it was read.
	BytesOnWire int64 `json:"bytes_on_wire"`
	Bytes       int64 `json:"bytes"`
	// SentAt, Context and Integrations stood beside the batch.
	SentAt       string          `json:"sent_at,omitempty"`
	Context      json.RawMessage `json:"context,omitempty"`
	Integrations json.RawMessage `json:"integrations,omitempty"`
	// Calls is how many calls the body has. Of a batch with far too many of them
	// Segment discards all, and only the first ones are looked at and held;
	// Unread is how many are not. Accepted, Discarded and
	// Duplicates what became of them. A refused request accepts none.
	Calls      int `json:"calls"`
	Unread     int `json:"unread,omitempty"`
	Accepted   int `json:"accepted"`
	Discarded  int `json:"discarded"`
	Duplicates int `json:"duplicates"`
	// FirstCall is the sequence number of the first call held, 0 for none.
	FirstCall uint64 `json:"first_call,omitempty"`
	// MessageIDs are those of the calls in their order, also of a request
	// that was refused or cut. A call without one leaves an empty string.
	MessageIDs []string `json:"message_ids,omitempty"`
	// Violations name what Segment would have minded, at most a hundred.
	Violations []CallViolation `json:"violations,omitempty"`
	// Warnings name what Segment would have taken all the same, at most a
	// hundred.
	Warnings []CallViolation `json:"warnings,omitempty"`
	// Status is what was answered, 0 where the connection was cut instead.
	Status int `json:"status"`
	// Refusal says why the sandbox itself refused the request.
	Refusal string `json:"refusal,omitempty"`
	// Fault is the injected fault that struck, if any.
	Fault *FaultRef `json:"fault,omitempty"`
}

// attempt returns which attempt of its sender the request is. A count that is
// none, or an absurd one, is taken for the first.
func (r *Request) attempt() int {
	retries, err := strconv.ParseUint(r.RetryCount, 10, 16)
	if err != nil {
		return 1
	}
	return int(retries) + 1
}

func (r *Request) footprint() int64 {
	n := len(r.Method) + len(r.Path) + len(r.WriteKey) + len(r.RetryCount) + len(r.UserAgent) +
		len(r.ContentEncoding) + len(r.SentAt) + len(r.Context) + len(r.Integrations) + len(r.Refusal)
	for name, values := range r.Header {
		n += len(name)
		for _, v := range values {
			n += len(v)
		}
	}
	for _, id := range r.MessageIDs {
		n += 16 + len(id)
	}
	return int64(n + (len(r.Violations)+len(r.Warnings))*violationFootprint)
}

// FaultRef tells which fault struck a request, and how.
type FaultRef struct {
	ID     int    `json:"id"`
	Effect string `json:"effect"`
}

// Violation is a rule of Segment that a call breaks.
type Violation struct {
	// Code is Segment's own discard code where it has one.
	Code  string `json:"code"`
	Field string `json:"field,omitempty"`
	// Message says what is wrong and how to mend it.
	Message string `json:"message"`
}

// CallViolation is a violation with the place of its call in the request.
type CallViolation struct {
	// Call is the index of the call in its request, -1 for the request itself.
	Call int `json:"call"`
	Violation
}
