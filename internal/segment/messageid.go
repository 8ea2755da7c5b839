package segment

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// Derived ids must not change from release to release: a record that is read
// again after an upgrade must get the same id.
const (
	derivedDomain = "benthos-segment messageId 1"
	longDomain    = "benthos-segment long messageId 1"
	placedDomain  = "benthos-segment placed messageId 1"
)

// idBasis is what a message id may be derived from.
type idBasis struct {
	Provenance
	// position is the index of the call in an array.
	position int
	// content is the event that became the call.
	content []byte
}

// messageIDs gives calls the ids by which Segment removes duplicates. The same
// event always has the same id: in every attempt, after a restart, and when it
// is read again.
type messageIDs struct {
	fresh    func() string
	preimage []byte
	// taken holds the ids of earlier calls in the same array. It is nil outside of
	// an array.
	taken map[string]bool
}

// startArray and endArray enclose the calls of one array.
func (m *messageIDs) startArray() { m.taken = map[string]bool{} }
func (m *messageIDs) endArray()   { m.taken = nil }

// appendTo writes the quoted message id of a call. It takes the first one that
// exists of these: the configured id, the id in the payload, one derived from
// the origin, one derived from an event with a time of its own, one derived from
// the place, and a fresh id, which changes when the message is redelivered.
func (m *messageIDs) appendTo(dst []byte, d *document, from idBasis) []byte {
	switch {
	case isID(from.MessageID):
		return m.appendConfigured(dst, from)
	case jsonscan.IsText(d.value[fieldMessageID]) && !jsonscan.IsBlank(jsonscan.Unquote(d.value[fieldMessageID])):
		return m.appendOwn(dst, d.value[fieldMessageID], from)
	default:
		return m.appendMade(dst, d, from)
	}
}

// appendMade makes an id for a call that has none.
func (m *messageIDs) appendMade(dst []byte, d *document, from idBasis) []byte {
	origin := ""
	if from.Origin != nil {
		origin = from.Origin()
	}
	if origin != "" || d.hasOwnTime() {
		return m.appendDerived(dst, origin, from)
	}
	// An event with a time needs no place: it would get another id in another
	// run.
	if from.Place != nil {
		if place := from.Place(); place != "" {
			return m.appendDerived(dst, place, from)
		}
	}
	return appendQuoted(dst, m.fresh())
}

// isID reports whether an interpolation gave an id. Bloblang makes "null" of a
// missing member; as an id it would make one event of all that lack it.
func isID(text string) bool { return strings.TrimSpace(text) != "" && text != "null" }

func (m *messageIDs) appendConfigured(dst []byte, from idBasis) []byte {
	if from.position > 0 {
		return m.appendPlaced(dst, from.MessageID, from.position)
	}
	return m.appendText(dst, from.MessageID)
}

// appendOwn keeps the id in the payload. If a mapping copied it to several calls,
// the later ones get an id that is derived from it and their position: Segment
// would discard all but the first call with the same id.
func (m *messageIDs) appendOwn(dst []byte, quoted jsontext.Value, from idBasis) []byte {
	own := jsonscan.Unquote(quoted)
	switch {
	case m.taken[string(own)]:
		return m.appendPlaced(dst, string(own), from.position)
	case isLongMessageID(quoted):
		m.take(own)
		return m.appendText(dst, string(own))
	default:
		m.take(own)
		return append(dst, quoted...)
	}
}

// take remembers an id, so that no later call in the array gets it.
func (m *messageIDs) take(id []byte) {
	if m.taken != nil {
		m.taken[string(id)] = true
	}
}

// appendPlaced derives an id from one that several calls share. Position and id
// are hashed, because if they were written side by side, another message might
// have the result as its own id.
func (m *messageIDs) appendPlaced(dst []byte, id string, position int) []byte {
	return m.derive(placedDomain).part(id).part(strconv.Itoa(position)).appendHash(dst)
}

// appendText writes an id, or its hash if it is longer than Segment accepts.
func (m *messageIDs) appendText(dst []byte, id string) []byte {
	start := len(dst)
	dst = appendQuoted(dst, id)
	if !isLongMessageID(dst[start:]) {
		return dst
	}
	return m.derive(longDomain).part(id).appendHash(dst[:start])
}

// appendDerived hashes what identifies the event. The write key is part of it
// because Segment removes duplicates across sources, and the content because
// processors such as unarchive copy the origin to every part.
func (m *messageIDs) appendDerived(dst []byte, origin string, from idBasis) []byte {
	m.derive(derivedDomain).part(from.WriteKey).part(origin).part(strconv.Itoa(from.position))
	// The content comes last, so that it needs no length.
	m.preimage = append(m.preimage, from.content...)
	return m.appendHash(dst)
}

// DeriveMessageID returns the id of an event that has none, as it is derived from
// the event's content, its write key and its position among the events that were
// sent together. There is none unless the event says when it happened: then two of
// the same content are one.
func DeriveMessageID(event []byte, writeKey string, position int) (id string, isDerived bool) {
	var (
		s jsonscan.Scanner
		d document
		m messageIDs
	)
	if v := d.readOne(&s, event); v != nil || !d.hasOwnTime() {
		return "", false
	}
	quoted := m.appendDerived(nil, "", idBasis{Provenance: Provenance{WriteKey: writeKey}, position: position, content: event})
	return string(quoted[1 : len(quoted)-1]), true
}

// derive starts a preimage in a domain.
func (m *messageIDs) derive(domain string) *messageIDs {
	m.preimage = m.preimage[:0]
	return m.part(domain)
}

// part adds a text after its length, so that no two lists of parts have the same
// bytes.
func (m *messageIDs) part(text string) *messageIDs {
	m.preimage = binary.BigEndian.AppendUint64(m.preimage, uint64(len(text)))
	m.preimage = append(m.preimage, text...)
	return m
}

// appendHash writes a UUID of version 8, RFC 9562, made of the hash of the
// preimage.
func (m *messageIDs) appendHash(dst []byte) []byte {
	sum := sha256.Sum256(m.preimage)
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return appendUUID(dst, id)
}

func appendUUID(dst, id []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&0x0f])
	}
	return append(dst, '"')
}

// appendQuoted writes text as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, which does no harm in an id.
func appendQuoted(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}
