package segment

import (
	"benthos-segment/internal/segment/internal/timestamp"
	"benthos-segment/internal/segment/jsonscan"
)

// Inspection is what can be read from a finished call.
type Inspection struct {
	Type Type
	// Name is the event of a track call and the name of a page or screen.
	Name string
	// The ids are unescaped. Numbers are given as they were written.
	MessageID, UserID, AnonymousID, PreviousID, GroupID string
	// Timestamp is the timestamp as it was written, without quotes.
	Timestamp string
	// Violations names every rule of Segment that the call breaks.
	Violations []*Violation
}

// Inspect reads one call as it arrives at the Tracking API, changes nothing, and
// names every rule that it breaks. If the call has no type, as on the paths for
// single calls, fallback is its type.
//
// These are the rules that a sender can know. Checks of Segment that depend on the
// settings of a source or on earlier message ids are not among them.
func Inspect(call []byte, fallback Type) Inspection {
	var (
		s jsonscan.Scanner
		d document
	)
	if v := d.readOne(&s, call); v != nil {
		return Inspection{Type: fallback, Violations: []*Violation{v}}
	}
	t, v := d.callType()
	if t == UnknownType && !d.has(fieldType) && fallback != UnknownType {
		t, v = fallback, nil
	}
	inspection := Inspection{
		Type:        t,
		Name:        d.callName(t),
		MessageID:   d.text(fieldMessageID),
		UserID:      d.text(fieldUserID),
		AnonymousID: d.text(fieldAnonymousID),
		PreviousID:  d.text(fieldPreviousID),
		GroupID:     d.text(fieldGroupID),
		Timestamp:   d.text(fieldTimestamp),
	}
	if v == nil && d.has(fieldType) && d.text(fieldType) != t.String() {
		v = violationUnknownType // Only the converter fixes "Track ".
	}
	if v != nil {
		inspection.Violations = append(inspection.Violations, v)
	}
	for _, r := range rulesOf[t] {
		if v := r.broken(&d); v != nil {
			inspection.Violations = append(inspection.Violations, v)
		}
	}
	if given := d.value[fieldTimestamp]; timestamp.IsUnreadable(given) {
		inspection.Violations = append(inspection.Violations, timestampUnparseable(given))
	}
	return inspection
}

// readOne reads a payload that is one object.
func (d *document) readOne(s *jsonscan.Scanner, payload []byte) *Violation {
	if err := s.Start(payload); err != nil {
		return invalidJSON(err, s.Text())
	}
	if s.Peek() != '{' {
		return readOther(s, 0)
	}
	if v := d.read(s, 0); v != nil {
		return v
	}
	if err := s.End(); err != nil {
		return invalidJSON(err, s.Text())
	}
	return nil
}

func (d *document) callName(t Type) string {
	if t == Track {
		return d.text(fieldEvent)
	}
	if fields[fieldName].on.has(t) {
		return d.text(fieldName)
	}
	return ""
}
