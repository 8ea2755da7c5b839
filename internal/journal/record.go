package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// Event is one message of the queue.
type Event struct {
	Content []byte
	// Metadata keeps its order and the Go types of its values: nil, bool, every
	// integer and float, string, []byte, json.Number, time.Time, and []any and
	// map[string]any of these.
	Metadata []Field
	// Failure is what an earlier step said was wrong with the message, or empty.
	Failure string
}

// Field is one value of an event's metadata.
type Field struct {
	Name  string
	Value any
}

// The kinds of records.
const (
	kindEvent byte = 'E'
	kindState byte = 'S'
)

// A record starts with what finds it again in a file whose structure is lost.
const (
	recordMagic = "\xb5Jn1"
	// headerBytes is the magic, the checksum and the length.
	headerBytes = 4 + 4 + 4
	// stampBytes is kind, epoch, sequence, settled, offset and time.
	stampBytes     = 1 + 4 + 8 + 8 + 8 + 8
	maxRecordBytes = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errNoRecord  = errors.New("there is no whole record")
	errTooLarge  = errors.New("the event is larger than 1 GiB")
	errBadRecord = errors.New("the record cannot be decoded")
)

// stamp is what every record says beside its payload.
type stamp struct {
	kind byte
	// epoch counts how often the queue was opened. Of two records with one
	// sequence number, that of the later epoch counts.
	epoch uint32
	// seq numbers the events without gaps. A state holds the number of the next.
	seq uint64
	// settled is below every event that was not settled when this was written.
	settled uint64
	// offset is the sum of the sizes of all records before this one, so that the
	// size of a range is one subtraction.
	offset uint64
	// at is the time of arrival.
	at time.Time
}

// beginRecord appends the header and the stamp of a record, whose payload the
// caller appends and then calls endRecord.
func beginRecord(to []byte, s stamp) []byte {
	to = append(to, recordMagic...)
	to = append(to, 0, 0, 0, 0, 0, 0, 0, 0)
	to = append(to, s.kind)
	to = binary.LittleEndian.AppendUint32(to, s.epoch)
	to = binary.LittleEndian.AppendUint64(to, s.seq)
	to = binary.LittleEndian.AppendUint64(to, s.settled)
	to = binary.LittleEndian.AppendUint64(to, s.offset)
	return binary.LittleEndian.AppendUint64(to, uint64(s.at.UnixMicro()))
}

// endRecord fills in the length and the checksum of the record that begins at
// start.
func endRecord(to []byte, start int) error {
	length := len(to) - start - headerBytes
	if length > maxRecordBytes {
		return errTooLarge
	}
	binary.LittleEndian.PutUint32(to[start+8:], uint32(length))
	binary.LittleEndian.PutUint32(to[start+4:], crc32.Checksum(to[start+8:], castagnoli))
	return nil
}

// appendEvent appends the record of an event.
func appendEvent(to []byte, s stamp, e *Event) ([]byte, error) {
	start := len(to)
	s.kind = kindEvent
	to = beginRecord(to, s)
	to = appendText(to, e.Failure)
	to = binary.AppendUvarint(to, uint64(len(e.Metadata)))
	var err error
	for _, field := range e.Metadata {
		to = appendText(to, field.Name)
		if to, err = appendValue(to, field.Value, 0); err != nil {
			return to[:start], fmt.Errorf("metadata %s: %w", field.Name, err)
		}
	}
	to = append(to, e.Content...)
	if err := endRecord(to, start); err != nil {
		return to[:start], err
	}
	return to, nil
}

// readRecord checks the record at the beginning of data and returns its stamp,
// its payload and its size.
func readRecord(data []byte) (s stamp, payload []byte, size int, err error) {
	if len(data) < headerBytes+stampBytes || string(data[:4]) != recordMagic {
		return s, nil, 0, errNoRecord
	}
	length := int64(binary.LittleEndian.Uint32(data[8:]))
	if length < stampBytes || length > maxRecordBytes || length > int64(len(data)-headerBytes) {
		return s, nil, 0, errNoRecord
	}
	size = headerBytes + int(length)
	if binary.LittleEndian.Uint32(data[4:]) != crc32.Checksum(data[8:size], castagnoli) {
		return s, nil, 0, errNoRecord
	}
	body := data[headerBytes:size]
	s = stamp{
		kind:    body[0],
		epoch:   binary.LittleEndian.Uint32(body[1:]),
		seq:     binary.LittleEndian.Uint64(body[5:]),
		settled: binary.LittleEndian.Uint64(body[13:]),
		offset:  binary.LittleEndian.Uint64(body[21:]),
		at:      time.UnixMicro(int64(binary.LittleEndian.Uint64(body[29:]))),
	}
	return s, body[stampBytes:], size, nil
}

// decodeEvent reads the payload of an event's record. It keeps nothing of it.
func decodeEvent(payload []byte) (e Event, err error) {
	r := &reader{data: payload}
	e.Failure = r.text()
	if count := r.uvarint(); count > 0 && r.err == nil {
		// A field takes two bytes at least.
		if count > uint64(len(r.data))/2 {
			return e, errBadRecord
		}
		e.Metadata = make([]Field, count)
	}
	for i := range e.Metadata {
		e.Metadata[i] = Field{Name: r.text(), Value: r.value(0)}
	}
	if r.err != nil {
		return Event{}, r.err
	}
	e.Content = append([]byte{}, r.data...)
	return e, nil
}
