package segment

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonscan"
)

// Derived ids must stay what they are from release to release: a record that
// is read again after an upgrade must get the id that it had before.
const (
	derivedDomain = "benthos-segment messageId 1"
	longDomain    = "benthos-segment long messageId 1"
	placedDomain  = "benthos-segment placed messageId 1"
)

// origin is where a call came from, as far as a message id is concerned.
type origin struct {
	Source
	// position is the place of the call in an array of several.
	position int
	// content is the payload object that the call is made of.
	content []byte
}

// messageIDs gives calls the ids by which Segment removes duplicates. The
// same event has the same id, always: in every attempt, after a restart, and
// when it is read again.
type messageIDs struct {
	fresh    func() string
	preimage []byte
	// taken holds the ids that earlier calls of one array brought along, nil
	// outside of an array.
	taken map[string]bool
}

// startArray and endArray enclose the calls that one payload became.
func (m *messageIDs) startArray() { m.taken = map[string]bool{} }
func (m *messageIDs) endArray()   { m.taken = nil }

// appendTo writes the quoted message id of a call: the first that there is of
// the configured one, the payload's own, one derived from where the message
// came from, one derived from a content that carries its own time, and a
// fresh one, which a redelivery changes.
func (m *messageIDs) appendTo(dst []byte, d *document, from origin) []byte {
	switch {
	case isID(from.MessageID):
		return m.appendConfigured(dst, from)
	case jsonscan.IsText(d.value[fieldMessageID]) && !jsonscan.IsBlank(jsonscan.Unquote(d.value[fieldMessageID])):
		return m.appendOwn(dst, d.value[fieldMessageID], from)
	default:
		return m.appendMade(dst, d, from)
	}
}

// appendMade makes an id for a call that brings none.
func (m *messageIDs) appendMade(dst []byte, d *document, from origin) []byte {
	place := ""
	if from.Origin != nil {
		place = from.Origin()
	}
	if place == "" && !d.hasOwnTime() {
		return appendQuoted(dst, m.fresh())
	}
	return m.appendDerived(dst, place, from)
}

// isID says whether an interpolation gave an id. "null" is what Bloblang
// makes of a member that is missing; taken as an id it would make one event
// of all that lack it.
func isID(text string) bool { return strings.TrimSpace(text) != "" && text != "null" }

func (m *messageIDs) appendConfigured(dst []byte, from origin) []byte {
	if from.position > 0 {
		return m.appendPlaced(dst, from.MessageID, from.position)
	}
	return m.appendText(dst, from.MessageID)
}

// appendOwn keeps the id of the payload. Where a mapping copied it to several
// calls, the later ones get an id made of it and their position: under one id,
// Segment would throw all but the first away.
func (m *messageIDs) appendOwn(dst []byte, quoted jsontext.Value, from origin) []byte {
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

// take keeps an id from being given again in the same array.
func (m *messageIDs) take(id []byte) {
	if m.taken != nil {
		m.taken[string(id)] = true
	}
}

// appendPlaced makes an id of the one that several calls share. Position and
// id are hashed, since no way to write them side by side is safe from another
// message whose own id reads the same.
func (m *messageIDs) appendPlaced(dst []byte, id string, position int) []byte {
	return m.derive(placedDomain).part(id).part(strconv.Itoa(position)).appendHash(dst)
}

// appendText writes an id, or the hash of one that is longer than Segment
// takes.
func (m *messageIDs) appendText(dst []byte, id string) []byte {
	start := len(dst)
	dst = appendQuoted(dst, id)
	if !isLongMessageID(dst[start:]) {
		return dst
	}
	return m.derive(longDomain).part(id).appendHash(dst[:start])
}

// appendDerived hashes what makes the event itself. The write key is part of
// it because Segment removes duplicates across sources, and the content
// because processors such as unarchive copy the origin to every part.
func (m *messageIDs) appendDerived(dst []byte, place string, from origin) []byte {
	m.derive(derivedDomain).part(from.WriteKey).part(place).part(strconv.Itoa(from.position))
	// The content is last, and all that is left: it needs no length.
	m.preimage = append(m.preimage, from.content...)
	return m.appendHash(dst)
}

// derive starts a preimage of its own domain.
func (m *messageIDs) derive(domain string) *messageIDs {
	m.preimage = m.preimage[:0]
	return m.part(domain)
}

// part adds text preceded by its length, so that no two lists of parts read
// the same.
func (m *messageIDs) part(text string) *messageIDs {
	m.preimage = binary.BigEndian.AppendUint64(m.preimage, uint64(len(text)))
	m.preimage = append(m.preimage, text...)
	return m
}

// appendHash writes a UUID of version 8, RFC 9562, made of the preimage's
// hash.
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

// appendQuoted writes text as a JSON string. What is not UTF-8 becomes U+FFFD,
// which for an id is as good as any.
func appendQuoted(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}
