package segment

import (
	"math"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// instant is a point in time, in UTC, with the number of fraction digits that it was
// given with, so that microseconds of a sender stay microseconds. The time has
// no finer fraction than that.
type instant struct {
	time.Time
	digits int
}

// maxUploadTime is how far apart sentAt and the receipt of the record may be to
// be two readings of one moment. A record that is published again later, out of
// an archive or from the dead letters, has the time of that.
const maxUploadTime = 24 * time.Hour

// eventTime finds when the event happened, and writes it to scratch where it
// is not written as it is sent. It returns nothing where the payload does not
// say.
//
// The arithmetic is the one of Segment and RudderStack alike: sentAt and
// receivedAt are the same moment on the sender's clock and on a right one.
// https://www.twilio.com/docs/segment/connections/spec/common#timestamps
func (c *Converter) eventTime() (jsontext.Value, *Violation) {
	if given := c.givenTime(); isSent(given) {
		return given, nil
	}
	at, ok, v := c.eventInstant()
	if v != nil || !ok {
		return nil, v
	}
	start := len(c.scratch)
	c.scratch = appendTime(c.scratch, at)
	return jsontext.Value(c.scratch[start:]), nil
}

// givenTime returns what eventInstant reads the time of the event from, where
// that is one member alone.
func (c *Converter) givenTime() jsontext.Value {
	switch d := &c.doc; {
	case d.has(fieldTimestamp):
		return d.value[fieldTimestamp]
	case !d.has(fieldReceivedAt) && !(d.has(fieldSentAt) && c.receipt.isKnown()):
		return d.value[fieldOriginalTimestamp] // There is nothing to correct it by.
	default:
		return nil
	}
}

// eventInstant returns the time of the event, where there is one. A timestamp
// was set by somebody who meant it, so that one that cannot be read is refused;
// the others stand in for each other.
func (c *Converter) eventInstant() (at instant, ok bool, v *Violation) {
	at, read := readTime(c.doc.value[fieldTimestamp])
	switch read {
	case timeRead:
		return at, true, nil
	case timeUnreadable:
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

// corrected moves a time of the sender's clock to a right one, where it is
// known by how much.
func (c *Converter) corrected(original instant) instant {
	received, read := readTime(c.doc.value[fieldReceivedAt])
	if read == timeAbsent && !c.receipt.isKnown() {
		return original // There is nothing to compare a sentAt to.
	}
	sent, ok := c.time(fieldSentAt)
	if !ok {
		return original
	}
	if read == timeUnreadable {
		c.notes.add(NoteTimeUnreadable, quotedNames[fieldReceivedAt])
	}
	if read != timeRead {
		if received, ok = c.received(sent); !ok {
			return original
		}
	}
	ahead := received.Sub(sent.Time)
	at := instant{original.Add(ahead), max(original.digits, sent.digits, received.digits)}
	if ahead.Abs() == math.MaxInt64 || !at.isIn(writableYears) {
		// sentAt is centuries away, and no reading of a clock.
		c.notes.add(NoteClockUncorrected, quotedNames[fieldSentAt])
		return original
	}
	return at
}

// received returns when the record came in, which stands in for a receivedAt
// that is missing.
func (c *Converter) received(sent instant) (instant, bool) {
	if !c.receipt.isKnown() {
		return instant{}, false
	}
	at := c.receipt.time()
	if at.Sub(sent.Time).Abs() > maxUploadTime {
		c.notes.add(NoteClockUncorrected, quotedNames[fieldSentAt])
		return instant{}, false
	}
	return instant{at, digitsOf(at)}, true
}

// time reads a time that another one can stand in for. Where it cannot be read
// it counts as absent, which is noted: mobile SDKs leave a placeholder in
// sentAt until they upload, and Swift wrote milliseconds after a colon.
func (c *Converter) time(f field) (instant, bool) {
	at, read := readTime(c.doc.value[f])
	if read == timeUnreadable {
		c.notes.add(NoteTimeUnreadable, quotedNames[f])
	}
	return at, read == timeRead
}

// hasOwnTime says whether the payload says when the event happened, so that
// the same event at another time is another payload. A text that every event
// has in place of a time, such as Invalid Date, does not make it so.
func (d *document) hasOwnTime() bool {
	for _, f := range [...]field{fieldTimestamp, fieldOriginalTimestamp} {
		if _, read := readTime(d.value[f]); read == timeRead {
			return true
		}
	}
	return false
}
