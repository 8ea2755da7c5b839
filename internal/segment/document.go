package segment

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// document is one payload object, taken apart at its top level. Its values
// are the bytes of the payload.
type document struct {
	// raw is the whole object.
	raw []byte
	// isElement says whether it is an element of an array.
	isElement bool
	// value holds the last value given for each field; null counts as absent,
	// as Python and browser SDKs write it.
	value [fieldCount]jsontext.Value
	// order lists the fields in the order of their first appearance.
	order []field
	// unknown lists the names of the members that no field stands for and that
	// have something in them.
	unknown []jsontext.Value
	// context lists the members of the context object, inContext those of
	// them that the conversion knows.
	context   []contextMember
	inContext contextSet
	// inMetadata says what _metadata holds.
	inMetadata metadataSet
}

// maxKeptMembers bounds what a document holds on to.
const maxKeptMembers = 1024

// release lets the payload go.
func (d *document) release() {
	clear(d.context[:cap(d.context)])
	if cap(d.context) > maxKeptMembers {
		d.context = nil
	}
	clear(d.unknown[:cap(d.unknown)])
	if cap(d.unknown) > maxKeptMembers {
		d.unknown = nil
	}
	d.reset()
}

// reset makes room for another payload.
func (d *document) reset() {
	*d = document{order: d.order[:0], context: d.context[:0], unknown: d.unknown[:0]}
}

// set gives field f its value; the last one given counts.
func (d *document) set(f field, value jsontext.Value) {
	if d.value[f] == nil {
		d.order = append(d.order, f)
	}
	if kindOf(value) == 'n' {
		value = jsontext.Value{}
	}
	d.value[f] = value
}

// has says whether field f has a value other than null.
func (d *document) has(f field) bool { return len(d.value[f]) > 0 }

// drop makes field f absent.
func (d *document) drop(f field) { d.value[f] = d.value[f][:0] }

// member is one member of an object, both sides as they were written.
type member struct {
	name, value jsontext.Value
}

// named says whether the member has that name, written without escapes, as
// every SDK writes the names that we look for in nested objects.
func (m member) named(name string) bool {
	return len(m.name) == len(name)+2 && string(m.name[1:len(m.name)-1]) == name
}

// unquote returns the text of a JSON string, in place where it has no
// escapes. A lone surrogate becomes U+FFFD, so that the result is never to be
// sent.
func unquote(quoted jsontext.Value) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return text
}

// members yields the members of a JSON object that has been read before.
// What is not an object has none.
func members(object jsontext.Value) iter.Seq[member] {
	return func(yield func(member) bool) {
		if len(object) == 0 || object[0] != '{' {
			return
		}
		t := jsonText{bytes: object}
		at, isOver := skipOpening(object, 0, '}')
		for !isOver {
			var m member
			if m, at = t.memberAt(at); at < 0 || !yield(m) {
				return
			}
			at, isOver = skipSeparator(object, at, '}')
		}
	}
}

// memberAt reads a member, and returns the place behind it.
func (t *jsonText) memberAt(at int) (m member, end int) {
	nameEnd := t.skipName(at)
	if nameEnd < 0 {
		return m, nameEnd
	}
	value := skipColon(t.bytes, nameEnd)
	if value < 0 {
		return m, value
	}
	if end = t.skipValue(value, 1); end < 0 {
		return m, end
	}
	return member{t.bytes[at:nameEnd], t.bytes[value:end]}, end
}

// elements yields the elements of a JSON array that has been read before.
// What is not an array has none.
func elements(array jsontext.Value) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		if len(array) == 0 || array[0] != '[' {
			return
		}
		t := jsonText{bytes: array}
		at, isOver := skipOpening(array, 0, ']')
		for !isOver {
			start := at
			if at = t.skipValue(start, 1); at < 0 || !yield(array[start:at]) {
				return
			}
			at, isOver = skipSeparator(array, at, ']')
		}
	}
}

// lookup returns the last value of that name in object, or nil.
func lookup(object jsontext.Value, name string) (value jsontext.Value) {
	// Most objects do not have it, which is seen faster than each of their members.
	if !bytes.Contains(object, []byte(name)) {
		return nil
	}
	for m := range members(object) {
		if m.named(name) {
			value = m.value
		}
	}
	return value
}

// unquoteText returns the text of a string, and nothing of any other value.
func unquoteText(value jsontext.Value) string {
	if kindOf(value) != '"' {
		return ""
	}
	return string(unquote(value))
}

// kindOf returns the byte with which a value begins, '0' for every number, and
// 0 for no value.
func kindOf(value jsontext.Value) byte {
	switch {
	case len(value) == 0:
		return 0
	case isDigit(value[0]) || value[0] == '-':
		return '0'
	default:
		return value[0]
	}
}

// isEmpty says whether a value holds nothing that could be lost.
func isEmpty(value jsontext.Value) bool {
	switch kindOf(value) {
	case 0, 'n':
		return true
	case '"':
		return !isText(value)
	case '{':
		return isEmptyObject(value)
	case '[':
		return isEmptyArray(value)
	default:
		return false
	}
}

// isEmptyArray says whether value is an array with nothing in it, which is
// PHP's empty object.
func isEmptyArray(value jsontext.Value) bool {
	return kindOf(value) == '[' && skipBlanks(value, 1) == len(value)-1
}

// isText says whether value is a string with something in it.
func isText(value jsontext.Value) bool {
	return kindOf(value) == '"' && len(value) > len(`""`)
}
