package segment

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/segment/internal/jsonscan"
	"benthos-segment/internal/segment/internal/memory"
)

// Config is what a Converter needs to know.
type Config struct {
	// Integrations says what becomes of the integrations object.
	Integrations IntegrationsMode
	// Dialect is that of every payload whose source says nothing else;
	// DialectUnknown looks at the payload.
	Dialect Dialect
	// LibraryName and LibraryVersion name the sender of calls that do not say
	// who sent them, in context.library.
	LibraryName, LibraryVersion string
	// MaxCallBytes is the largest call, as it is sent; 0 means no limit.
	MaxCallBytes int
	// NewID makes a message id for a call that has nothing to derive one from;
	// it must not be nil.
	NewID func() string
}

// Source is where a payload comes from and goes to.
type Source struct {
	// WriteKey names the source at Segment.
	WriteKey string
	// MessageID is the configured message id; empty or "null" where there is
	// none.
	MessageID string
	// Origin names the record at the place where it was read, such as a topic,
	// a partition and an offset, or returns nothing where that is not known. It
	// is asked only where an id is made of it; nil knows nothing.
	Origin func() string
	// Received returns when the record came in, by the clock of the place where
	// it was read, or the zero time where that is not known. It stands in for a
	// receivedAt that is missing, and is asked only there; nil knows nothing.
	Received func() time.Time
	// Dialect returns the dialect that whoever took the payload in has seen, or
	// DialectUnknown. It is asked only where it matters; nil knows nothing.
	Dialect func() Dialect
}

// Skips counts what was passed over, because it is not meant to be sent.
type Skips struct {
	// Empty counts payloads that hold no call.
	Empty int
	// Integrations counts events whose integrations object excludes Segment.
	Integrations int
}

// Converter makes calls of payloads. It is not safe for concurrent use.
type Converter struct {
	conf    Config
	library []byte
	scanner jsonscan.Scanner
	doc     document
	ids     messageIDs
	notes   notes
	receipt receipt
	calls   memory.Arena
	// scratch holds the values that are written anew for one call.
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
	c.scratch = memory.Keep(c.scratch)
	c.ids.preimage = memory.Keep(c.ids.preimage)
}

// Convert appends to dst the calls that a payload holds: one for an object,
// several for an array of objects. Where one of them cannot be sent, none is,
// and the violation says why; dst is then returned as it was. The calls are
// valid until the next Reset and share no memory with the payload.
//
// A payload is UTF-8, with or without a byte order mark, RFC 8259, and at
// most 10,000 values deep.
func (c *Converter) Convert(dst []Call, payload []byte, from Source) ([]Call, Skips, *Violation) {
	c.notes.start()
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
		c.notes.start() // Nothing is sent that they could be about.
		return dst, Skips{}, v
	}
	return calls, skips, nil
}

// Notes returns what the last Convert did besides. There are none where it
// found a violation. They are valid until the next Convert or Reset, and as
// long as the payload is not written to.
func (c *Converter) Notes() []Note { return c.notes.list }

func (c *Converter) one(dst []Call, from Source) ([]Call, Skips, *Violation) {
	if v := c.doc.read(&c.scanner, 0); v != nil {
		return dst, Skips{}, v
	}
	if err := c.scanner.End(); err != nil {
		return dst, Skips{}, invalidJSON(err, c.scanner.Text())
	}
	var skips Skips
	dst, v := c.object(dst, origin{Source: from}, &skips)
	return dst, skips, v
}

func (c *Converter) several(dst []Call, from Source) ([]Call, Skips, *Violation) {
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
		if dst, v = c.object(dst, origin{Source: from, position: position}, &skips); v != nil {
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

// inArray names the element of an array that a violation is about.
func inArray(position int, v *Violation) *Violation {
	if v.Reason == ReasonInvalidJSON {
		return v
	}
	placed := *v
	placed.Field = strings.TrimSuffix(strconv.Itoa(position)+"."+v.Field, ".")
	return &placed
}

// object converts the document that has just been read.
func (c *Converter) object(dst []Call, from origin, skips *Skips) ([]Call, *Violation) {
	t, v := c.doc.callType()
	if v != nil {
		return dst, v
	}
	mode := c.integrationsMode(from.Source)
	if mode == IntegrationsFilter && excludesSegment(c.doc.value[fieldIntegrations]) {
		skips.Integrations++
		return dst, nil
	}
	c.mend(t, from, mode)
	if v := c.doc.firstViolation(t); v != nil {
		return dst, v
	}
	if v := c.mendTime(); v != nil {
		return dst, v
	}
	call := c.write(t, from.WriteKey)
	if size := len(call.JSON); c.conf.MaxCallBytes > 0 && size > c.conf.MaxCallBytes {
		return dst, oversized(size, c.conf.MaxCallBytes)
	}
	return append(dst, call), nil
}

func oversized(size, limit int) *Violation {
	return &Violation{
		Reason: ReasonOversizedCall,
		Sentence: fmt.Sprintf("the call has %d bytes and Segment takes %d; "+
			"send less in properties, traits or context", size, limit),
	}
}

// write encodes the call: every member that may leave, in the order in which
// the payload had them, and what was added behind.
func (c *Converter) write(t Type, writeKey string) Call {
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

// noteDropped notes that a member does not leave. What others were made of has
// left in them.
func (c *Converter) noteDropped(f field) {
	switch by := fields[f].by; {
	case by == forOthers || jsonscan.IsEmpty(c.doc.value[f]):
	case by == byGateway:
		c.notes.add(NoteInternalDropped, quotedNames[f])
	default:
		c.notes.add(NoteMemberDropped, quotedNames[f])
	}
}

// id returns what stands for the id in a field.
func (d *document) id(f field) ID {
	if !d.has(f) {
		return 0
	}
	return IDOf(jsonscan.Unquote(d.value[f]))
}
