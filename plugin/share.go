package plugin

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/structured"
)

// maxKeptPayload bounds the buffer that is kept for structured payloads, in
// bytes.
const maxKeptPayload = 1 << 20

// share converts a part of a batch. It is reused with its buffers.
type share struct {
	conf      *outputConfig
	converter *segment.Converter

	batch     service.MessageBatch
	mapping   *service.MessageBatchBloblangExecutor
	writeKey  interpolation
	messageID interpolation
	// message is the place of the message that is being converted.
	message int
	// origin names the record that this message was read from.
	origin func() string
	// place names its place in what was read, for inputs that count.
	place func() string
	// received returns when that record came in.
	received func() time.Time
	// dialect returns what the input says of the event's dialect.
	dialect func() segment.Dialect
	// encoded holds a structured payload while it is converted.
	encoded []byte

	calls []segment.Call
	// owners says for each call of which message it was made.
	owners []int
	// receipts says when a few of the calls came in.
	receipts []receipt
	failed   []failedMessage
	skips    skips
	notes    segment.NoteCounts
	findings segment.FindingCounts
}

// failedMessage is a message of which no call could be made.
type failedMessage struct {
	message int
	why     *segment.Violation
}

// skips counts what was not meant to be sent.
type skips struct {
	segment.Skips
	// Mapping counts the messages that the mapping deleted.
	Mapping int
}

func newShare(o *output) *share {
	s := &share{conf: &o.conf, converter: segment.NewConverter(o.conf.convert)}
	s.origin = func() string { return originOf(s.batch[s.message]) }
	s.place = func() string { return placeOf(s.batch[s.message]) }
	s.received = func() time.Time { return receiptOf(s.batch[s.message]) }
	s.dialect = func() segment.Dialect { return dialectOf(s.batch[s.message]) }
	return s
}

func (s *share) reset() {
	s.converter.Reset()
	if cap(s.encoded) > maxKeptPayload {
		s.encoded = nil
	}
	clear(s.calls)
	*s = share{
		conf:      s.conf,
		converter: s.converter,
		origin:    s.origin,
		place:     s.place,
		received:  s.received,
		dialect:   s.dialect,
		encoded:   s.encoded[:0],
		calls:     s.calls[:0],
		owners:    s.owners[:0],
		receipts:  s.receipts[:0],
		failed:    s.failed[:0],
	}
}

// convert makes calls of some messages of a batch, or notes why there are
// none.
func (s *share) convert(batch service.MessageBatch, from, to int) {
	s.begin(batch)
	for s.message = from; s.message < to; s.message++ {
		s.count(s.one())
	}
}

// begin takes a batch.
func (s *share) begin(batch service.MessageBatch) {
	s.batch = batch
	s.writeKey = newInterpolation(batch, s.conf.writeKey)
	s.messageID = newInterpolation(batch, s.conf.messageID)
	if s.conf.mapping != nil {
		s.mapping = batch.BloblangExecutor(s.conf.mapping)
	}
}

// made is what became of a message, beside its calls.
type made struct {
	// payload is the message after the mapping. It is nil where that deleted the
	// message, or has failed.
	payload []byte
	// isDeleted says that the mapping has deleted the message, and isConverted that
	// the converter has seen it.
	isDeleted, isConverted bool
	skipped                segment.Skips
	// why says why no call was made, if so.
	why *segment.Violation
}

// one converts the message at hand, and adds its calls to those of the share.
func (s *share) one() (m made) {
	from, v := s.provenance()
	if v != nil {
		return made{why: v}
	}
	msg, v := s.mapped()
	if v != nil || msg == nil {
		return made{why: v, isDeleted: v == nil}
	}
	if m.payload, m.why = s.payload(msg); m.why != nil {
		return m
	}
	s.calls, m.skipped, m.why = s.converter.Convert(s.calls, m.payload, from)
	m.isConverted = true
	return m
}

// count notes what became of the message at hand.
func (s *share) count(m made) {
	if m.why != nil {
		s.failed = append(s.failed, failedMessage{s.message, m.why})
	}
	if m.isDeleted {
		s.skips.Mapping++
	}
	if !m.isConverted {
		return
	}
	if len(s.calls) > len(s.owners) {
		s.noteReceipt(len(s.owners))
	}
	for len(s.owners) < len(s.calls) {
		s.owners = append(s.owners, s.message)
	}
	s.skips.Empty += m.skipped.Empty
	s.skips.Integrations += m.skipped.Integrations
	s.skips.Consent += m.skipped.Consent
	s.notes.Add(s.converter.Notes())
	s.findings.Add(s.converter.Findings())
}

// provenance says where the calls of the message come from and go to.
func (s *share) provenance() (from segment.Provenance, v *segment.Violation) {
	key, err := s.writeKey.of(s.message)
	if err != nil {
		return from, noWriteKey(err)
	}
	key = strings.TrimSpace(key)
	// "null" is what Bloblang makes of a member that is missing.
	if key == "" || key == "null" {
		return from, noWriteKey(nil)
	}
	id, err := s.messageID.of(s.message)
	if err != nil {
		return from, violationOf(segment.ReasonMappingFailed, soFieldMessageID,
			"the interpolation failed for this message: "+err.Error())
	}
	return segment.Provenance{
		WriteKey: key, MessageID: id,
		Origin: s.origin, Place: s.place, Received: s.received, Dialect: s.dialect,
	}, nil
}

// noWriteKey says why a message has no write key. Where it is in a file that cannot
// be read, nothing is wrong with the message.
func noWriteKey(err error) *segment.Violation {
	if unread := (*fs.PathError)(nil); errors.As(err, &unread) {
		return violationOf(segment.ReasonUndelivered, soFieldWriteKey, "the file of the write key cannot be read: "+unread.Error())
	}
	return violationOf(segment.ReasonWriteKeyMissing, soFieldWriteKey,
		"the interpolation gave no write key for this message; set one, or filter such messages out before the output")
}

// mapped returns the message with the mapping applied, or nil where that
// deleted it.
func (s *share) mapped() (*service.Message, *segment.Violation) {
	if s.mapping == nil {
		return s.batch[s.message], nil
	}
	msg, err := s.mapping.Query(s.message)
	if err != nil {
		return nil, violationOf(segment.ReasonMappingFailed, soFieldMapping, err.Error())
	}
	return msg, nil
}

// payload returns the bytes of a message. One that a processor has left in
// its structured form is encoded here, once.
func (s *share) payload(msg *service.Message) ([]byte, *segment.Violation) {
	if msg.HasBytes() {
		// The engine promises bytes that are there already.
		payload, _ := msg.AsBytes()
		return payload, nil
	}
	value, err := msg.AsStructured()
	if err != nil {
		return nil, violationOf(segment.ReasonInvalidJSON, "", "reading the payload: "+err.Error())
	}
	var v *segment.Violation
	s.encoded, v = structured.AppendJSON(s.encoded[:0], value)
	return s.encoded, v
}

func violationOf(reason segment.Reason, field, sentence string) *segment.Violation {
	return &segment.Violation{Reason: reason, Field: field, Sentence: sentence}
}

// interpolation is a string that may be different for each message.
type interpolation struct {
	static string
	// perMessage is nil where the string is the same for all.
	perMessage *service.MessageBatchInterpolationExecutor
}

func newInterpolation(batch service.MessageBatch, text *service.InterpolatedString) interpolation {
	if static, isStatic := text.Static(); isStatic {
		return interpolation{static: static}
	}
	return interpolation{perMessage: batch.InterpolationExecutor(text)}
}

func (p interpolation) of(i int) (string, error) {
	if p.perMessage == nil {
		return p.static, nil
	}
	return p.perMessage.TryString(i)
}
