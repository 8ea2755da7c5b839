package gateway

import (
	"bytes"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofrs/uuid/v5"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// eventsOf makes events of the parts of an envelope. refusal is what the sender of
// one event alone is told of it, where it cannot be sent as it is: it goes to the
// dead letters all the same.
func (in *intake) eventsOf(env *ingest.Envelope) (events []Event, refusal *answer) {
	m := newMaker(in.sender, env)
	defer m.release()
	events = make([]Event, len(env.Events))
	for i := range env.Events {
		events[i] = m.make(i)
	}
	if in.route.Kind == ingest.Event {
		refusal = refusalOf(&events[0])
	}
	return events, refusal
}

const (
	// addedBytes is about what a server adds to an event.
	addedBytes = 256
	// usualScratch and usualAdded have room for what most events need.
	usualScratch, usualAdded = 1 << 10, 8
	maxScratch               = 256 << 10
)

// maker makes events of one request.
type maker struct {
	*sender
	env       *ingest.Envelope
	ofRequest segment.Dialect
	// address is that of the client, and quotedAddress and quotedTime are JSON.
	address                   string
	quotedAddress, quotedTime []byte
	// library was read of libraryText, which most events of a request share.
	library     library
	libraryText []byte
	// memory is that of the events' content.
	memory []byte
	*bench
}

// bench is where the members of an event are made before they are in its content.
type bench struct {
	scratch []byte
	added   []member
}

var benches = sync.Pool{New: func() any {
	return &bench{make([]byte, 0, usualScratch), make([]member, 0, usualAdded)}
}}

// release lets another maker have the bench, unless an exceptional event has made it
// large.
func (m *maker) release() {
	if cap(m.scratch) <= maxScratch {
		clear(m.added[:cap(m.added)])
		benches.Put(m.bench)
	}
	m.bench = nil
}

func newMaker(s *sender, env *ingest.Envelope) *maker {
	size := 0
	for _, event := range env.Events {
		size += len(event) + addedBytes
	}
	address := textOf(s.client)
	return &maker{
		sender: s, env: env, ofRequest: s.dialect(env),
		address: address, quotedAddress: appendText(nil, address), quotedTime: appendText(nil, timeOf(s.receivedAt)),
		memory: make([]byte, 0, size), bench: benches.Get().(*bench),
	}
}

func (m *maker) make(i int) Event {
	item := m.env.Item(i)
	view := viewContext(item.Value(ingest.NameContext))
	lib := m.libraryIn(view)
	dialect := m.ofRequest
	if dialect == segment.DialectUnknown {
		dialect = lib.dialect()
	}
	e := edit{
		maker: m, item: item, position: i, dialect: dialect, view: view,
		isOnDevice: m.runsOnDevice(item.Value(ingest.NameChannel), view.isDirect, lib),
		key:        m.key,
	}
	if e.key == "" {
		e.key = ingest.Text(item.Value(ingest.NameWriteKey))
	}
	event := Event{Origin: Origin{WriteKey: e.key, Type: m.typeOf(item), Library: lib.name, Version: lib.version, Address: m.address}}
	if dialect != segment.DialectUnknown {
		event.Dialect = dialect.String()
	}
	start := len(m.memory)
	m.memory = e.appendTo(m.memory)
	event.Content = m.memory[start:len(m.memory):len(m.memory)]
	return event
}

// libraryIn names the SDK of an event.
func (m *maker) libraryIn(view contextView) library {
	text := view.library
	if text == nil {
		text = ingest.Member(m.env.Context, "library")
	}
	if m.library.name == "" || !bytes.Equal(text, m.libraryText) {
		m.library, m.libraryText = libraryOf(text), text
	}
	if m.library.name == "" {
		m.library = m.agent()
	}
	return m.library
}

// maxType bounds what is taken of a type that is none.
const maxType = 32

func (m *maker) typeOf(item ingest.Item) string {
	if m.route.Type != "" {
		return m.route.Type
	}
	spelled := ingest.Spelled(item.Value(ingest.NameType))
	if t := segment.ParseType(string(spelled)); t != segment.UnknownType {
		return t.String()
	}
	return clip(strings.ToLower(strings.TrimSpace(string(spelled))), maxType)
}

// edit is what a server does to one event.
type edit struct {
	*maker
	item       ingest.Item
	position   int
	key        string
	dialect    segment.Dialect
	view       contextView
	isOnDevice bool

	drop ingest.NameSet
}

type member struct {
	name  ingest.Name
	value []byte
}

// set replaces a member, or adds it.
func (e *edit) set(name ingest.Name, value []byte) {
	e.drop |= ingest.SetOf(name)
	e.added = append(e.added, member{name, value})
}

// setText is set with a text.
func (e *edit) setText(name ingest.Name, text string) {
	start := len(e.scratch)
	e.scratch = appendText(e.scratch, text)
	e.set(name, e.scratch[start:])
}

// appendTo appends the event as its server would have it. Everything that the
// server has no say in stays, byte for byte.
func (e *edit) appendTo(dst []byte) []byte {
	if !e.item.IsObject() {
		// It can only become a dead letter, and those have no keys of ours.
		return append(dst, ingest.HideKeys(e.item.Raw)...)
	}
	e.drop, e.added, e.scratch = ingest.SetOf(ingest.NameWriteKey), e.added[:0], e.scratch[:0]
	e.setType()
	e.setMessageID()
	e.setContext()
	e.setIntegrations()
	e.setSentAt()
	e.setReceivedAt()
	dst = e.item.AppendWithout(dst, e.drop)
	for _, m := range e.added {
		dst = ingest.AppendMember(dst, m.name, m.value)
	}
	return append(dst, '}')
}

// setType lets the URL rule.
func (e *edit) setType() {
	if t := e.route.Type; t != "" && string(ingest.Spelled(e.item.Value(ingest.NameType))) != t {
		e.setText(ingest.NameType, t)
	}
}

// setMessageID gives an event an id that has none: derived from what was sent,
// where that tells it from others, so that a client that sends it again sends the
// same; else a new one, which a crash behind this does not change.
func (e *edit) setMessageID() {
	if hasID(e.item.Value(ingest.NameMessageID)) {
		return
	}
	id, isDerived := segment.DeriveMessageID(e.item.Raw, e.key, e.position)
	if !isDerived {
		id = uuid.Must(uuid.NewV7()).String()
	}
	e.setText(ingest.NameMessageID, id)
}

// hasID reports whether a messageId is one. A number is: the output writes it as
// text.
func hasID(value []byte) bool {
	if len(value) > 0 && (value[0] == '-' || value[0] >= '0' && value[0] <= '9') {
		return true
	}
	return len(bytes.TrimSpace(ingest.Spelled(value))) > 0
}

// setContext adds what the envelope has and the event lacks, and the address of
// the client. RudderStack's server reads no context of an envelope.
func (e *edit) setContext() {
	own := e.item.Value(ingest.NameContext)
	isMerged := e.dialect != segment.DialectRudderStack && e.route.Kind == ingest.Batch && !isEmptyObject(e.env.Context)
	isAddressed := e.view.ip == nil && e.isOnDevice && e.mayHaveAddress()
	// A pixel says nothing of the browser that it is shown in.
	isNamed := e.route.Kind == ingest.Pixel && e.view.userAgent == nil && e.request.UserAgent() != ""
	if !isMerged && !isAddressed && !isNamed {
		return
	}
	start := len(e.scratch)
	merged, isObject := openObject(e.scratch, own)
	if !isObject {
		return // It is not ours to repair, and the output says so.
	}
	if isMerged {
		merged = mergeMissing(merged, own, e.env.Context)
		isAddressed = isAddressed && ingest.Member(e.env.Context, "ip") == nil
	}
	if isAddressed {
		merged = addMember(merged, "ip", e.quotedAddress)
	}
	if isNamed {
		merged = addMember(merged, "userAgent", appendText(nil, e.request.UserAgent()))
	}
	e.scratch = append(merged, '}')
	e.set(ingest.NameContext, e.scratch[start:])
}

// mayHaveAddress reports whether the client's address is one that the server would
// note. Segment's notes none of IPv6.
func (e *edit) mayHaveAddress() bool {
	return e.client.IsValid() && (e.dialect != segment.DialectSegment || e.client.Is4())
}

// setIntegrations does for integrations what setContext does.
func (e *edit) setIntegrations() {
	if e.dialect == segment.DialectRudderStack || e.route.Kind != ingest.Batch || isEmptyObject(e.env.Integrations) {
		return
	}
	own := e.item.Value(ingest.NameIntegrations)
	if merged, isObject := openObject(nil, own); isObject {
		e.set(ingest.NameIntegrations, append(mergeMissing(merged, own, e.env.Integrations), '}'))
	}
}

// setSentAt gives the event the time at which the request was made. RudderStack's
// server reads that of the event; Segment's has it in the envelope.
func (e *edit) setSentAt() {
	own := ingest.Spelled(e.item.Value(ingest.NameSentAt))
	switch {
	case isTime(own) && (e.dialect == segment.DialectRudderStack || string(own) == e.env.SentAt):
	case isTime(e.env.SentAt):
		e.setText(ingest.NameSentAt, e.env.SentAt)
	case isTime(own):
	case isTime(e.request.Header.Get("SentAt")):
		e.setText(ingest.NameSentAt, e.request.Header.Get("SentAt"))
	}
}

// isTime tells a time from the placeholder that some SDKs leave in its place.
func isTime[T string | []byte](text T) bool {
	return len(text) > 0 && text[0] >= '0' && text[0] <= '9' && len(text) <= 64
}

// setReceivedAt notes when the request came in. RudderStack's server keeps what is
// there, as in events that are sent a second time.
func (e *edit) setReceivedAt() {
	if e.dialect != segment.DialectSegment && isTime(ingest.Spelled(e.item.Value(ingest.NameReceivedAt))) {
		return
	}
	e.set(ingest.NameReceivedAt, e.quotedTime)
}

// appendText appends a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendText(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, strings.ToValidUTF8(text, "\ufffd"))
	return dst
}
