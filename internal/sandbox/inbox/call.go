package inbox

import "time"

// Call is one call that the inbox holds. Its request was answered with
// success. The calls of a refused request are not held; Request lists their
// message ids.
type Call struct {
	// Seq counts the calls since the inbox was made, from 1, in order of
	// arrival and without gaps.
	Seq uint64 `json:"seq"`
	// Request is the sequence number of the request that brought the call.
	Request    uint64    `json:"request"`
	ReceivedAt time.Time `json:"received_at"`
	// Path is the path the call was sent to, such as /v1/batch.
	Path string `json:"path"`
	// Type is identify, track, page, screen, group, alias or "unknown".
	Type string `json:"type"`
	// Name is the event of a track call and the name of a page or screen.
	Name        string `json:"name,omitempty"`
	MessageID   string `json:"message_id,omitempty"`
	UserID      string `json:"user_id,omitempty"`
	AnonymousID string `json:"anonymous_id,omitempty"`
	PreviousID  string `json:"previous_id,omitempty"`
	GroupID     string `json:"group_id,omitempty"`
	// Timestamp is the call's own, SentAt that of its batch, both as written.
	Timestamp string `json:"timestamp,omitempty"`
	SentAt    string `json:"sent_at,omitempty"`
	// WriteKey is the key itself. The control API shows it masked.
	WriteKey string `json:"-"`
	// Attempt is the number of the attempt that delivered the call, by the
	// request's X-Retry-Count: 1 is the first.
	Attempt int `json:"attempt"`
	// Status is the status of the request's answer, 0 if the connection was cut.
	Status int `json:"status"`
	// Outcome says what became of a call that an output has not delivered:
	// not_sent, refused or undelivered. It is empty in a sandbox.
	Outcome string `json:"outcome,omitempty"`
	// Accepted is false if Segment would have discarded the call.
	Accepted bool `json:"accepted"`
	// Duplicate says that a call with this message id was accepted before.
	Duplicate bool `json:"duplicate"`
	// Violations are the reasons why Segment would have discarded the call.
	Violations []Violation `json:"violations,omitempty"`
	// Warnings name what Segment accepts but does not use as it was meant, such
	// as a timestamp that cannot be read. The call stays accepted.
	Warnings []Violation `json:"warnings,omitempty"`
	// PlanFindings name where the call does not keep to the tracking plan. It
	// stays accepted.
	PlanFindings []Violation `json:"plan_findings,omitempty"`
	// Size is the length of Raw.
	Size int `json:"size"`
	// Raw holds the exact bytes of the call. They must not be changed.
	Raw []byte `json:"-"`
	// Masked is Raw with its write key masked, nil if it has none.
	Masked []byte `json:"-"`
}

// Shown returns the bytes of the call that anyone may see: the value of a
// writeKey member, which a single call may have, is masked. Filters look at
// these bytes as well; otherwise they would reveal a key letter by letter.
func (c *Call) Shown() []byte {
	if c.Masked == nil {
		return c.Raw
	}
	return c.Masked
}

// footprint is roughly what holding the call costs.
func (c *Call) footprint() int64 {
	n := len(c.Raw) + len(c.Masked) + len(c.Name) + len(c.MessageID) + len(c.UserID) +
		len(c.AnonymousID) + len(c.PreviousID) + len(c.GroupID) + len(c.Timestamp) +
		len(c.Path) + len(c.SentAt) + len(c.WriteKey)
	for _, f := range c.PlanFindings {
		n += violationFootprint + len(f.Field) + len(f.Message) // Their texts are their own.
	}
	return int64(n + (len(c.Violations)+len(c.Warnings))*violationFootprint)
}

// Violation is a rule of Segment that a call breaks.
type Violation struct {
	// Code is Segment's own discard code if it has one.
	Code  string `json:"code"`
	Field string `json:"field,omitempty"`
	// Message says what is wrong and how to fix it.
	Message string `json:"message"`
}

// violationFootprint is about what a violation takes; its texts are shared.
const violationFootprint = 80
