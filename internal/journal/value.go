package journal

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// The types of values. Their numbers are part of the format on disk.
const (
	typeNil byte = iota
	typeFalse
	typeTrue
	typeInt
	typeInt8
	typeInt16
	typeInt32
	typeInt64
	typeUint
	typeUint8
	typeUint16
	typeUint32
	typeUint64
	typeFloat32
	typeFloat64
	typeString
	typeBytes
	typeNumber
	typeTime
	typeArray
	typeObject
)

// maxDepth bounds how deep values nest, so that no value ends the process by
// its depth.
const maxDepth = 1000

func appendText(to []byte, text string) []byte {
	to = binary.AppendUvarint(to, uint64(len(text)))
	return append(to, text...)
}

// CanStore says whether a value of metadata keeps its type.
func CanStore(value any) bool {
	if _, isText := value.(string); isText {
		return true
	}
	_, err := appendValue(nil, value, 0)
	return err == nil
}

// appendValue appends a value with its type.
func appendValue(to []byte, value any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return to, fmt.Errorf("values nest deeper than %d levels", maxDepth)
	}
	switch v := value.(type) {
	case nil:
		return append(to, typeNil), nil
	case bool:
		if v {
			return append(to, typeTrue), nil
		}
		return append(to, typeFalse), nil
	case string:
		return appendText(append(to, typeString), v), nil
	case []byte:
		to = binary.AppendUvarint(append(to, typeBytes), uint64(len(v)))
		return append(to, v...), nil
	case json.Number:
		return appendText(append(to, typeNumber), v.String()), nil
	case time.Time:
		return appendTime(to, v)
	case []any:
		return appendArray(to, v, depth)
	case map[string]any:
		return appendObject(to, v, depth)
	}
	return appendNumber(to, value)
}

func appendNumber(to []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case int:
		return binary.AppendVarint(append(to, typeInt), int64(v)), nil
	case int8:
		return binary.AppendVarint(append(to, typeInt8), int64(v)), nil
	case int16:
		return binary.AppendVarint(append(to, typeInt16), int64(v)), nil
	case int32:
		return binary.AppendVarint(append(to, typeInt32), int64(v)), nil
	case int64:
		return binary.AppendVarint(append(to, typeInt64), v), nil
	case uint:
		return binary.AppendUvarint(append(to, typeUint), uint64(v)), nil
	case uint8:
		return binary.AppendUvarint(append(to, typeUint8), uint64(v)), nil
	case uint16:
		return binary.AppendUvarint(append(to, typeUint16), uint64(v)), nil
	case uint32:
		return binary.AppendUvarint(append(to, typeUint32), uint64(v)), nil
	case uint64:
		return binary.AppendUvarint(append(to, typeUint64), v), nil
	case float32:
		return binary.LittleEndian.AppendUint32(append(to, typeFloat32), math.Float32bits(v)), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(to, typeFloat64), math.Float64bits(v)), nil
	}
	return to, fmt.Errorf("values of the type %T cannot be stored", value)
}

func appendTime(to []byte, v time.Time) ([]byte, error) {
	text, err := v.MarshalBinary()
	if err != nil {
		return to, fmt.Errorf("storing a time: %w", err)
	}
	return appendText(append(to, typeTime), string(text)), nil
}

func appendArray(to []byte, values []any, depth int) (_ []byte, err error) {
	to = binary.AppendUvarint(append(to, typeArray), uint64(len(values)))
	for _, value := range values {
		if to, err = appendValue(to, value, depth+1); err != nil {
			return to, err
		}
	}
	return to, nil
}

// appendObject sorts the names, so that one value always has one form.
func appendObject(to []byte, object map[string]any, depth int) (_ []byte, err error) {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	to = binary.AppendUvarint(append(to, typeObject), uint64(len(names)))
	for _, name := range names {
		to = appendText(to, name)
		if to, err = appendValue(to, object[name], depth+1); err != nil {
			return to, err
		}
	}
	return to, nil
}

// reader takes values off its data. After an error it returns zero values.
type reader struct {
	data []byte
	err  error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errBadRecord
	}
	r.data = nil
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.fail()
		return nil
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) text() string { return string(r.take(r.uvarint())) }

func (r *reader) value(depth int) any {
	kind := r.take(1)
	if len(kind) == 0 || depth > maxDepth {
		r.fail()
		return nil
	}
	switch kind[0] {
	case typeNil:
		return nil
	case typeFalse:
		return false
	case typeTrue:
		return true
	case typeString:
		return r.text()
	case typeBytes:
		return append([]byte{}, r.take(r.uvarint())...)
	case typeNumber:
		return json.Number(r.text())
	case typeTime:
		return r.time()
	case typeArray:
		return r.array(depth)
	case typeObject:
		return r.object(depth)
	}
	return r.number(kind[0])
}

func (r *reader) number(kind byte) any {
	switch kind {
	case typeInt:
		return int(r.varint())
	case typeInt8:
		return int8(r.varint())
	case typeInt16:
		return int16(r.varint())
	case typeInt32:
		return int32(r.varint())
	case typeInt64:
		return r.varint()
	case typeUint:
		return uint(r.uvarint())
	case typeUint8:
		return uint8(r.uvarint())
	case typeUint16:
		return uint16(r.uvarint())
	case typeUint32:
		return uint32(r.uvarint())
	case typeUint64:
		return r.uvarint()
	case typeFloat32:
		if bits := r.take(4); bits != nil {
			return math.Float32frombits(binary.LittleEndian.Uint32(bits))
		}
		return nil
	case typeFloat64:
		if bits := r.take(8); bits != nil {
			return math.Float64frombits(binary.LittleEndian.Uint64(bits))
		}
		return nil
	}
	r.fail()
	return nil
}

func (r *reader) time() (t time.Time) {
	if err := t.UnmarshalBinary([]byte(r.text())); err != nil {
		r.fail()
	}
	return t
}

func (r *reader) array(depth int) any {
	values := []any{}
	for range r.uvarint() {
		values = append(values, r.value(depth+1))
		if r.err != nil {
			return nil
		}
	}
	return values
}

func (r *reader) object(depth int) any {
	object := map[string]any{}
	for range r.uvarint() {
		name := r.text()
		object[name] = r.value(depth + 1)
		if r.err != nil {
			return nil
		}
	}
	return object
}
