package segment

import (
	"math"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/timestamp"
)

// maxUploadTime is how far apart sentAt and the receipt of the record may be
// while they still mean one moment on two clocks. A record that is published
// again later, from an archive or from the dead letters, has the later time.
const maxUploadTime = 24 * time.Hour

// eventTime finds when the event happened, and writes it to scratch where the
// payload writes it differently. It returns nothing where the payload does not
// say.
//
// Segment and RudderStack correct clocks in the same way: sentAt and receivedAt
// are the same moment on the sender's clock and on a correct one.
// https://www.twilio.com/docs/segment/connections/spec/common#timestamps
func (c *Converter) eventTime() (jsontext.Value, *Violation) {
	if given := c.givenTime(); timestamp.IsCanonical(given) {
		return given, nil
	}
	at, ok, v := c.readEventTime()
	if v != nil || !ok {
		return nil, v
	}
	start := len(c.scratch)
	c.scratch = timestamp.Append(c.scratch, at)
	return jsontext.Value(c.scratch[start:]), nil
}

// givenTime returns the value from which readEventTime reads the time, if it
// needs only one.
func (c *Converter) givenTime() jsontext.Value {
	switch d := &c.doc; {
	case d.has(fieldTimestamp):
		return d.value[fieldTimestamp]
	case !d.has(fieldReceivedAt) && !(d.has(fieldSentAt) && c.receipt.isKnown()):
		return d.value[fieldOriginalTimestamp] // Nothing says how to correct it.
	default:
		return nil
	}
}

// readEventTime returns the time of the event, if there is one. Somebody set
// timestamp on purpose, so that one that cannot be read is refused; the other
// times stand in for each other.
func (c *Converter) readEventTime() (at timestamp.Time, ok bool, v *Violation) {
	at, result := timestamp.Read(c.doc.value[fieldTimestamp])
	switch result {
	case timestamp.Readable:
		return at, true, nil
	case timestamp.Unreadable:
		return at, false, timestampUnparseable(c.doc.value[fieldTimestamp])
	}
	if original, ok := c.time(fieldOriginalTimestamp); ok {
		return c.corrected(original), true, nil
	}
	if at, ok = c.time(fieldReceivedAt); ok {
		return at, true, nil
	}
	if at, ok = c.time(fieldSentAt); !ok {
		return at, false, nil
	}
	if received, ok := c.received(at); ok {
		at = received
	}
	return at, true, nil
}

// corrected moves a time of the sender's clock to the correct time, if it is
// known how far the clock is off.
func (c *Converter) corrected(original timestamp.Time) timestamp.Time {
	received, result := timestamp.Read(c.doc.value[fieldReceivedAt])
	if result == timestamp.Absent && !c.receipt.isKnown() {
		return original // There is nothing to compare a sentAt to.
	}
	sent, ok := c.time(fieldSentAt)
	if !ok {
		return original
	}
	if result == timestamp.Unreadable {
		c.notes.add(NoteTimeUnreadable, quotedNames[fieldReceivedAt])
	}
	if result != timestamp.Readable {
		if received, ok = c.received(sent); !ok {
			return original
		}
	}
	behind := received.Sub(sent.Time)
	at := timestamp.Time{Time: original.Add(behind), Digits: max(original.Digits, sent.Digits, received.Digits)}
	if behind.Abs() == math.MaxInt64 || !at.IsWritable() {
		// sentAt is centuries away, and cannot come from a clock.
		c.notes.add(NoteClockUncorrected, quotedNames[fieldSentAt])
		return original
	}
	return at
}

// received returns when the record came in, which stands in for a missing
// receivedAt.
func (c *Converter) received(sent timestamp.Time) (timestamp.Time, bool) {
	if !c.receipt.isKnown() {
		return timestamp.Time{}, false
	}
	at := c.receipt.time()
	if at.Sub(sent.Time).Abs() > maxUploadTime {
		c.notes.add(NoteClockUncorrected, quotedNames[fieldSentAt])
		return timestamp.Time{}, false
	}
	return timestamp.Of(at), true
}

// time reads a time that another one can stand in for. One that cannot be read
// counts as absent, and is noted: mobile SDKs leave a placeholder in sentAt
// until they upload, and Swift wrote milliseconds after a colon.
func (c *Converter) time(f field) (timestamp.Time, bool) {
	at, result := timestamp.Read(c.doc.value[f])
	if result == timestamp.Unreadable {
		c.notes.add(NoteTimeUnreadable, quotedNames[f])
	}
	return at, result == timestamp.Readable
}

// hasOwnTime reports whether the payload says when the event happened, so that
// the same event at another time is a different payload. A text in place of a
// time, such as Invalid Date, does not count: every event may have it.
func (d *document) hasOwnTime() bool {
	for _, f := range [...]field{fieldTimestamp, fieldOriginalTimestamp} {
		if _, result := timestamp.Read(d.value[f]); result == timestamp.Readable {
			return true
		}
	}
	return false
}

// receipt knows when the record of a payload came in. It asks only if a call
// needs it, and only once.
type receipt struct {
	ask     func() time.Time
	isAsked bool
	at      time.Time
}

// time returns when the record came in, or the zero time where that is not
// known.
func (r *receipt) time() time.Time {
	if r.ask != nil && !r.isAsked {
		r.isAsked, r.at = true, r.ask().UTC()
	}
	return r.at
}

// isKnown reports whether the time is known.
func (r *receipt) isKnown() bool { return !r.time().IsZero() }

// timestampUnparseable says what a timestamp that cannot be read looks like.
func timestampUnparseable(value jsontext.Value) *Violation {
	return &Violation{
		Reason:   ReasonTimestampUnparseable,
		Field:    fields[fieldTimestamp].name,
		Sentence: timestamp.Advice(value),
	}
}

// ReceivedAt returns the receivedAt of the last event that became a call,
// or the zero time if it has none. It is valid as long as the Notes are.
func (c *Converter) ReceivedAt() time.Time {
	received, result := timestamp.Read(c.doc.value[fieldReceivedAt])
	if result != timestamp.Readable {
		return time.Time{}
	}
	return received.Time
}
