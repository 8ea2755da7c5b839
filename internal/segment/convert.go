package segment

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/segment/consent"
	"benthos-segment/internal/segment/internal/memory"
	"benthos-segment/internal/segment/jsonscan"
)

// Config configures a Converter.
type Config struct {
	// Integrations says what happens to the integrations object.
	Integrations IntegrationsMode
	// Dialect is the dialect of every payload whose Provenance does not know it.
	// With DialectUnknown, the payload itself tells.
	Dialect Dialect
	// Consent says which events are skipped, because their persons have refused.
	// It is nil if all are sent.
	Consent *consent.Rule
	// KeepConsentManagement leaves RudderStack's context.consentManagement as it
	// is. Otherwise it becomes Segment's context.consent.
	KeepConsentManagement bool
	// Plan is the tracking plan that calls are judged by, or nil, and PlanMode what
	// happens to those that break it.
	Plan     Plan
	PlanMode PlanMode
	// LibraryName and LibraryVersion are the context.library of calls that have
	// none.
	LibraryName, LibraryVersion string
	// MaxCallBytes is the size of the largest call, as it is sent; 0 means no
	// limit.
	MaxCallBytes int
	// NewID makes a message id for a call from which none can be derived. It must
	// not be nil.
	NewID func() string
}

// Provenance says where a payload comes from, and to which source at Segment it
// goes.
type Provenance struct {
	// WriteKey names the source at Segment.
	WriteKey string
	// MessageID is the configured message id. It is empty or "null" if there is
	// none.
	MessageID string
	// Origin returns where the record was read, such as a topic, a partition and
	// an offset, or nothing if that is not known. It is called only to derive a
	// message id, and may be nil.
	Origin func() string
	// Place returns the place of the payload in what it was read from, for a
	// reader that counts, such as a run, a file and a line, or nothing. It is
	// called only for a call that would have a fresh message id otherwise, and may
	// be nil.
	Place func() string
	// Received returns when the record came in, by the clock of the system from
	// which it was read, or the zero time if that is not known. It is called only
	// in place of a missing receivedAt, and may be nil.
	Received func() time.Time
	// Dialect returns the dialect as the input knows it, or DialectUnknown. It is
	// called only if the dialect matters, and may be nil.
	Dialect func() Dialect
}

// Skips counts payloads and events that are not meant to be sent.
type Skips struct {
	// Empty counts payloads without an event.
	Empty int
	// Integrations counts events whose integrations object excludes Segment.
	Integrations int
	// Consent counts events whose persons have refused that they are sent.
	Consent int
}

// Converter converts payloads into calls. It is not safe for concurrent use.
type Converter struct {
	conf    Config
	library []byte
	scanner jsonscan.Scanner
	doc     document
	ids     messageIDs
	notes   notes
	// findings are those of the tracking plan.
	findings []Finding
	receipt  receipt
	calls    memory.Arena
	// scratch holds the changed values of the current call.
	scratch []byte
}

// NewConverter returns a converter.
func NewConverter(conf Config) *Converter {
	library := append([]byte(`{"name":`), appendQuoted(nil, conf.LibraryName)...)
	library = append(append(library, `,"version":`...), appendQuoted(nil, conf.LibraryVersion)...)
	return &Converter{
		conf:    conf,
		library: append(library, '}'),
		ids:     messageIDs{fresh: conf.NewID},
	}
}

// Reset takes back the memory of all calls made since the last reset.
func (c *Converter) Reset() {
	c.calls.Reset()
	c.scanner.Release()
	c.doc.release()
	c.notes.release()
	c.findings = memory.Forget(c.findings)
	c.scratch = memory.Keep(c.scratch)
	c.ids.preimage = memory.Keep(c.ids.preimage)
}

// Convert appends to dst the calls that a payload holds: one for an object,
// several for an array of objects. If one of them cannot be sent, none is sent:
// the violation says why, and dst is returned unchanged. The calls are valid
// until the next Reset and share no memory with the payload.
//
// A payload is JSON as in RFC 8259, in UTF-8 with or without a byte order mark,
// nested at most 10,000 deep.
func (c *Converter) Convert(dst []Call, payload []byte, from Provenance) ([]Call, Skips, *Violation) {
	c.notes.start()
	c.findings = c.findings[:0]
	c.receipt = receipt{ask: from.Received}
	if jsonscan.IsBlank(payload) {
		return dst, Skips{Empty: 1}, nil
	}
	if err := c.scanner.Start(payload); err != nil {
		return dst, Skips{}, invalidJSON(err, c.scanner.Text())
	}
	var (
		calls = dst
		skips Skips
		v     *Violation
	)
	switch c.scanner.Peek() {
	case '{':
		calls, skips, v = c.one(calls, from)
	case '[':
		calls, skips, v = c.several(calls, from)
	default:
		v = readOther(&c.scanner, 0)
	}
	if v != nil {
		c.notes.start() // Nothing is sent, so that there is nothing to note.
		return dst, Skips{}, v
	}
	return calls, skips, nil
}

// Notes returns the notes of the last Convert. There are none if it found a
// violation. They are valid until the next Convert or Reset, and as long as the
// payload is not written to.
func (c *Converter) Notes() []Note { return c.notes.list }

// Findings returns where the events of the last Convert do not keep to the
// tracking plan, also of those that were refused for it. They are valid until
// the next Convert or Reset.
func (c *Converter) Findings() []Finding { return c.findings }

func (c *Converter) one(dst []Call, from Provenance) ([]Call, Skips, *Violation) {
	if v := c.doc.read(&c.scanner, 0); v != nil {
		return dst, Skips{}, v
	}
	if err := c.scanner.End(); err != nil {
		return dst, Skips{}, invalidJSON(err, c.scanner.Text())
	}
	var skips Skips
	dst, v := c.object(dst, idBasis{Provenance: from}, &skips)
	return dst, skips, v
}

func (c *Converter) several(dst []Call, from Provenance) ([]Call, Skips, *Violation) {
	var skips Skips
	c.ids.startArray()
	defer c.ids.endArray()
	position := 0
	for isOver := c.scanner.Open(']'); !isOver; isOver = c.scanner.More(']') {
		if c.scanner.Peek() != '{' {
			return dst, skips, inArray(position, readOther(&c.scanner, 1))
		}
		if v := c.doc.read(&c.scanner, 1); v != nil {
			return dst, skips, v
		}
		c.notes.element = position
		var v *Violation
		if dst, v = c.object(dst, idBasis{Provenance: from, position: position}, &skips); v != nil {
			return dst, skips, inArray(position, v)
		}
		position++
	}
	if position == 0 {
		skips.Empty++
	}
	if err := c.scanner.End(); err != nil {
		return dst, skips, invalidJSON(err, c.scanner.Text())
	}
	return dst, skips, nil
}

// inArray adds to a violation the element of an array that it is about.
func inArray(position int, v *Violation) *Violation {
	if v.Reason == ReasonInvalidJSON {
		return v
	}
	placed := *v
	placed.Field = strings.TrimSuffix(strconv.Itoa(position)+"."+v.Field, ".")
	return &placed
}

// object converts the document that was just read.
func (c *Converter) object(dst []Call, from idBasis, skips *Skips) ([]Call, *Violation) {
	t, v := c.doc.callType()
	if v != nil {
		return dst, v
	}
	mode := c.integrationsMode(from.Provenance)
	if mode == IntegrationsFilter && excludesSegment(c.doc.value[fieldIntegrations]) {
		skips.Integrations++
		return dst, nil
	}
	if c.conf.Consent != nil && c.conf.Consent.Refuses(c.doc.contextMember(contextConsentManagement)) {
		skips.Consent++
		return dst, nil
	}
	c.normalise(t, from, mode)
	if v := c.doc.firstViolation(t); v != nil {
		return dst, v
	}
	if v := c.normaliseTime(); v != nil {
		return dst, v
	}
	call := c.encode(t, from.WriteKey)
	if size := len(call.JSON); c.conf.MaxCallBytes > 0 && size > c.conf.MaxCallBytes {
		return dst, oversized(size, c.conf.MaxCallBytes)
	}
	if c.conf.Plan != nil {
		if v := c.judge(&call); v != nil {
			return dst, v
		}
	}
	return append(dst, call), nil
}

func oversized(size, limit int) *Violation {
	return &Violation{
		Reason: ReasonOversizedCall,
		Sentence: fmt.Sprintf("the call has %d bytes and Segment accepts %d; "+
			"send less in properties, traits or context", size, limit),
	}
}

// encode writes the call: every member that Segment knows on it, in the order of
// the payload, and then the added ones.
func (c *Converter) encode(t Type, writeKey string) Call {
	buf := c.calls.Reserve(len(c.doc.raw) + len(c.scratch) + 512)
	start := len(buf)
	buf = append(buf, '{')
	for _, f := range c.doc.order {
		if !c.doc.has(f) {
			continue
		}
		if !fields[f].on.has(t) {
			c.noteDropped(f)
			continue
		}
		if len(buf) > start+1 {
			buf = append(buf, ',')
		}
		buf = append(buf, keys[f]...)
		buf = append(buf, c.doc.value[f]...)
	}
	for _, name := range c.doc.unknown {
		c.notes.add(NoteMemberDropped, name)
	}
	buf = append(buf, '}')
	c.calls.Commit(buf)
	call := Call{
		Type:        t,
		WriteKey:    writeKey,
		JSON:        buf[start:len(buf):len(buf)],
		UserID:      c.doc.id(fieldUserID),
		AnonymousID: c.doc.id(fieldAnonymousID),
	}
	if t == Alias {
		call.PreviousID = c.doc.id(fieldPreviousID)
	}
	return call
}

// noteDropped notes that a member is not sent, if anything is lost with it.
func (c *Converter) noteDropped(f field) {
	switch loss := fields[f].loss; {
	case loss == losesNothing || jsonscan.IsEmpty(c.doc.value[f]):
	case loss == losesInternal:
		c.notes.add(NoteInternalDropped, quotedNames[f])
	default:
		c.notes.add(NoteMemberDropped, quotedNames[f])
	}
}
