package inbox

import (
	"encoding/json"
	"net/textproto"
	"strconv"
	"time"
)

// Request is one request to the Tracking API, whatever became of it.
type Request struct {
	// Seq counts the requests since the inbox was made, from 1.
	Seq        uint64    `json:"seq"`
	ReceivedAt time.Time `json:"received_at"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	// Header is the header of the request, with every credential masked.
	Header textproto.MIMEHeader `json:"headers"`
	// WriteKey is the key itself. The control API shows it masked.
	WriteKey string `json:"-"`
	// RetryCount is X-Retry-Count as sent, empty if it was not.
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
	// Calls is how many calls the body has. If it has far too many, Segment
	// discards all of them; only the first ones are read and held, and Unread
	// is the number of the others.
	Calls  int `json:"calls"`
	Unread int `json:"unread,omitempty"`
	// Accepted, Discarded and Duplicates say what became of the calls. A refused
	// request accepts none.
	Accepted   int `json:"accepted"`
	Discarded  int `json:"discarded"`
	Duplicates int `json:"duplicates"`
	// FirstCall is the sequence number of the first call held, 0 for none.
	FirstCall uint64 `json:"first_call,omitempty"`
	// MessageIDs are those of the calls in their order, also if the request was
	// refused or cut. A call without one leaves an empty string.
	MessageIDs []string `json:"message_ids,omitempty"`
	// Violations and Warnings are those of the calls, at most a hundred of each.
	Violations []CallViolation `json:"violations,omitempty"`
	Warnings   []CallViolation `json:"warnings,omitempty"`
	// Status is the status of the answer, 0 if the connection was cut.
	Status int `json:"status"`
	// Refusal says why the sandbox itself refused the request.
	Refusal string `json:"refusal,omitempty"`
	// Fault is the injected fault that struck, if any.
	Fault *FaultRef `json:"fault,omitempty"`
}

// CallViolation is a violation with the place of its call in the request.
type CallViolation struct {
	// Call is the index of the call in its request, -1 for the request itself.
	Call int `json:"call"`
	Violation
}

// FaultRef says which fault struck a request, and how.
type FaultRef struct {
	ID     int    `json:"id"`
	Effect string `json:"effect"`
}

// String is how a person reads it.
func (f FaultRef) String() string { return "fault " + strconv.Itoa(f.ID) + ": " + f.Effect }

// AddViolation notes a violation, unless there are too many to be looked at.
func (r *Request) AddViolation(call int, v Violation) { note(&r.Violations, call, v) }

// AddWarning does the same for a warning.
func (r *Request) AddWarning(call int, v Violation) { note(&r.Warnings, call, v) }

func note(list *[]CallViolation, call int, v Violation) {
	const enough = 100
	if len(*list) < enough {
		*list = append(*list, CallViolation{call, v})
	}
}

// attempt returns which attempt of its sender the request is. An invalid or
// absurd count is taken for the first one.
func (r *Request) attempt() int {
	retries, err := strconv.ParseUint(r.RetryCount, 10, 16)
	if err != nil {
		return 1
	}
	return int(retries) + 1
}

// footprint is roughly what holding the request costs.
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

// Attempt is one request that carried a call, for the history of that call.
type Attempt struct {
	Request    uint64    `json:"request"`
	ReceivedAt time.Time `json:"received_at"`
	Status     int       `json:"status"`
	RetryCount string    `json:"retry_count,omitempty"`
	Fault      *FaultRef `json:"fault,omitempty"`
}
