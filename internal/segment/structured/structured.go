// Package structured encodes payloads that reach the output in structured form,
// as Bloblang leaves them, so that they can be converted like any other.
package structured

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/internal/memory"
	"benthos-segment/internal/segment/jsonscan"
)

// AppendJSON appends value to dst as JSON, like encoding/json, but escapes
// neither HTML nor U+2028 and U+2029. The keys of objects are sorted, so that
// the same value always has the same bytes, and with them the same derived
// message id.
//
// It takes the values of Bloblang: nil, booleans, strings, json.Number with all
// of its digits, integers and floats of every size, []byte in base64, time.Time
// in RFC 3339, map[string]any and []any. Any other value is written by its
// type, as encoding/json does.
//
// A value that JSON cannot express is a violation that names the top-level
// member: a string that is not UTF-8, NaN, an infinity, a json.Number that is
// not a number, a year of five digits, and values nested more than 10,000 deep.
// Nothing is replaced silently. With a violation, dst is returned unchanged.
func AppendJSON(dst []byte, value any) ([]byte, *segment.Violation) {
	a := appenders.Get().(*appender)
	defer a.release()
	written, v := a.value(dst, value)
	if v != nil {
		return dst, v
	}
	return written, nil
}

// appender writes structured values, one after the other.
type appender struct {
	// entries is a stack: the entries of the innermost open object come last.
	entries []entry
	depth   int
}

// entry is a member of an object.
type entry struct {
	key   string
	value any
}

var appenders = sync.Pool{New: func() any { return new(appender) }}

func (a *appender) release() {
	// The entries were cleared when their objects ended, unless there was a
	// violation.
	clear(a.entries)
	a.entries, a.depth = memory.Keep(a.entries), 0
	appenders.Put(a)
}

func (a *appender) value(dst []byte, value any) ([]byte, *segment.Violation) {
	switch value := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, value), nil
	case string:
		return appendText(dst, value)
	case json.Number:
		return appendNumber(dst, value)
	case map[string]any:
		return a.object(dst, value)
	case []any:
		return a.array(dst, value)
	case float64:
		return appendFloat(dst, value, 64)
	case float32:
		return appendFloat(dst, float64(value), 32)
	case []byte:
		return appendBase64(dst, value), nil
	case time.Time:
		return appendRFC3339(dst, value)
	default:
		return appendOther(dst, value)
	}
}

func (a *appender) object(dst []byte, object map[string]any) ([]byte, *segment.Violation) {
	if object == nil {
		return append(dst, "null"...), nil
	}
	if v := a.enter(); v != nil {
		return dst, v
	}
	first := len(a.entries)
	for key, value := range object {
		a.entries = append(a.entries, entry{key, value})
	}
	slices.SortFunc(a.entries[first:], func(a, b entry) int { return strings.Compare(a.key, b.key) })
	dst = append(dst, '{')
	for i := range len(object) {
		if i > 0 {
			dst = append(dst, ',')
		}
		// The stack may have been reallocated by the member before.
		member := a.entries[first+i]
		var v *segment.Violation
		if dst, v = a.member(dst, member.key, member.value); v != nil {
			return dst, v
		}
	}
	clear(a.entries[first:])
	a.entries = a.entries[:first]
	a.depth--
	return append(dst, '}'), nil
}

func (a *appender) member(dst []byte, key string, value any) ([]byte, *segment.Violation) {
	dst, v := appendText(dst, key)
	if v != nil {
		return dst, v
	}
	topLevel := a.depth == 1
	dst, v = a.value(append(dst, ':'), value)
	// The violation names only fields that we know: other names are the
	// sender's content.
	if v != nil && topLevel && segment.IsField(key) {
		v.Field = key
	}
	return dst, v
}

func (a *appender) array(dst []byte, array []any) ([]byte, *segment.Violation) {
	if array == nil {
		return append(dst, "null"...), nil
	}
	if v := a.enter(); v != nil {
		return dst, v
	}
	dst = append(dst, '[')
	for i, element := range array {
		if i > 0 {
			dst = append(dst, ',')
		}
		var v *segment.Violation
		if dst, v = a.value(dst, element); v != nil {
			return dst, v
		}
	}
	a.depth--
	return append(dst, ']'), nil
}

func (a *appender) enter() *segment.Violation {
	if a.depth++; a.depth > jsonscan.MaxDepth {
		return inexpressible("values nested more than 10,000 deep")
	}
	return nil
}

// inexpressible is the violation of a value that JSON has no form for.
func inexpressible(what string) *segment.Violation {
	return &segment.Violation{
		Reason:   segment.ReasonInvalidJSON,
		Sentence: "the payload cannot be written as JSON because it holds " + what + "; fix that in the mapping",
	}
}

func appendText(dst []byte, text string) ([]byte, *segment.Violation) {
	if isPlain(text) {
		dst = append(append(dst, '"'), text...)
		return append(dst, '"'), nil
	}
	dst, err := jsontext.AppendQuote(dst, text)
	if err != nil {
		return dst, inexpressible("a string that is not UTF-8")
	}
	return dst, nil
}

// isPlain reports whether text is ASCII that needs no escapes.
func isPlain(text string) bool {
	for i := range len(text) {
		if !isPlainByte[text[i]] {
			return false
		}
	}
	return true
}

var isPlainByte = func() (is [256]bool) {
	for b := ' '; b < utf8.RuneSelf; b++ {
		is[b] = b != '"' && b != '\\'
	}
	return is
}()

func appendNumber(dst []byte, number json.Number) ([]byte, *segment.Violation) {
	if !jsonscan.IsNumber(string(number)) {
		return dst, inexpressible("an invalid number")
	}
	return append(dst, number...), nil
}

// appendFloat writes a float as ECMAScript does: the shortest literal that reads
// as the same number.
func appendFloat(dst []byte, f float64, bits int) ([]byte, *segment.Violation) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, inexpressible("NaN or an infinite number")
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && isExtreme(abs, bits) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	if n := len(dst); format == 'e' && n >= 4 && string(dst[n-4:n-1]) == "e-0" {
		dst[n-2] = dst[n-1] // e-09 is written e-9.
		dst = dst[:n-1]
	}
	return dst, nil
}

// isExtreme reports whether a float is written with an exponent.
func isExtreme(abs float64, bits int) bool {
	if bits == 32 {
		return float32(abs) < 1e-6 || float32(abs) >= 1e21
	}
	return abs < 1e-6 || abs >= 1e21
}

func appendBase64(dst, data []byte) []byte {
	if data == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, '"')
}

func appendRFC3339(dst []byte, t time.Time) ([]byte, *segment.Violation) {
	dst, err := t.AppendText(append(dst, '"'))
	if err != nil {
		return dst, inexpressible("a time that RFC 3339 cannot express")
	}
	return append(dst, '"'), nil
}

// appendOther writes integers, and the values of other types that a custom
// processor may have made.
func appendOther(dst []byte, value any) ([]byte, *segment.Violation) {
	switch n := value.(type) {
	case int:
		return strconv.AppendInt(dst, int64(n), 10), nil
	case int8:
		return strconv.AppendInt(dst, int64(n), 10), nil
	case int16:
		return strconv.AppendInt(dst, int64(n), 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(n), 10), nil
	case int64:
		return strconv.AppendInt(dst, n, 10), nil
	case uint:
		return strconv.AppendUint(dst, uint64(n), 10), nil
	case uint8:
		return strconv.AppendUint(dst, uint64(n), 10), nil
	case uint16:
		return strconv.AppendUint(dst, uint64(n), 10), nil
	case uint32:
		return strconv.AppendUint(dst, uint64(n), 10), nil
	case uint64:
		return strconv.AppendUint(dst, n, 10), nil
	}
	// The options are those of encoding/json, except that it would replace text
	// that is not UTF-8.
	written, err := jsonv2.Marshal(value, jsonv1.DefaultOptionsV1(),
		jsontext.AllowInvalidUTF8(false), jsontext.EscapeForHTML(false), jsontext.EscapeForJS(false))
	if err != nil {
		return dst, inexpressible("a value that JSON has no form for")
	}
	return append(dst, written...), nil
}
