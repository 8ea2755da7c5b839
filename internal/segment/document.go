package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonOptions are strict on the grammar. Duplicate names pass, because what
// is inside properties is the sender's own. Invalid UTF-8 must be let through
// for the sake of escaped lone surrogates, which text cut in the middle of an
// emoji holds; raw bytes are checked before.
var jsonOptions = []jsontext.Options{
	jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true),
}

// document is one payload object, taken apart at its top level. Its values
// are the bytes of the payload.
type document struct {
	// raw is the whole object.
	raw []byte
	// value holds the last value given for each field; null counts as absent,
	// as Python and browser SDKs write it.
	value [fieldCount]jsontext.Value
	// order lists the fields in the order of their first appearance.
	order []field
	// context lists the members of the context object.
	context []member
}

// member is one member of an object, both sides as they were written.
type member struct {
	name, value jsontext.Value
}

// named says whether the member has that name, written without escapes, as
// every SDK writes the names that we look for in nested objects.
func (m member) named(name string) bool {
	return len(m.name) == len(name)+2 && string(m.name[1:len(m.name)-1]) == name
}

// scanner reads payloads. It is reused from one to the next.
type scanner struct {
	buffer  bytes.Buffer
	decoder jsontext.Decoder
	data    []byte
	// skipped is how many bytes of the payload precede data.
	skipped int
}

// start makes the scanner read a payload from its first byte, or from behind
// its byte order mark.
func (s *scanner) start(payload []byte) *Violation {
	data := bytes.TrimPrefix(payload, byteOrderMark)
	s.open(data)
	s.skipped = len(payload) - len(data)
	if !utf8.Valid(data) {
		return s.invalid(int64(validPrefix(data)), "a byte that is not UTF-8")
	}
	return nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func (s *scanner) open(data []byte) {
	s.data, s.skipped = data, 0
	// The decoder reads a bytes.Buffer in place: its values are slices of
	// data and stay valid after the next read.
	s.buffer = *bytes.NewBuffer(data)
	s.decoder.Reset(&s.buffer, jsonOptions...)
}

// next says what kind of value comes next.
func (s *scanner) next() jsontext.Kind { return s.decoder.PeekKind() }

// token reads one token, such as the bracket of an array.
func (s *scanner) token() *Violation {
	_, err := s.decoder.ReadToken()
	return s.violation(err)
}

// end makes sure that nothing but blanks is left.
func (s *scanner) end() *Violation {
	behind := s.decoder.InputOffset()
	_, err := s.decoder.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return s.violation(err)
	default:
		return s.invalid(behind, "a second document, where one payload "+
			"holds one; split the payload before the output, for example with "+
			"the processor `unarchive: {format: lines}`")
	}
}

// object reads the next value, which must be an object, into doc.
func (s *scanner) object(doc *document) *Violation {
	*doc = document{order: doc.order[:0], context: doc.context[:0]}
	if v := s.token(); v != nil {
		return v
	}
	start := s.decoder.InputOffset() - 1
	for s.decoder.PeekKind() != '}' {
		if err := s.member(doc); err != nil {
			return s.violation(err)
		}
	}
	if v := s.token(); v != nil {
		return v
	}
	doc.raw = s.data[start:s.decoder.InputOffset()]
	return nil
}

// other reads a value that is no object.
func (s *scanner) other() *Violation {
	if err := s.decoder.SkipValue(); err != nil {
		return s.violation(err)
	}
	return violationNotObject
}

// violation names the place of a syntax error, and never the text there.
func (s *scanner) violation(err error) *Violation {
	if err == nil {
		return nil
	}
	offset := s.decoder.InputOffset()
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset = syntactic.ByteOffset
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return s.invalid(offset, "the end of the payload, in the middle of a value")
	}
	return s.invalid(offset, "something that JSON does not allow there, or more than "+
		"10,000 values inside each other")
}

func (s *scanner) invalid(offset int64, found string) *Violation {
	return &Violation{
		Reason: ReasonInvalidJSON,
		Sentence: fmt.Sprintf("the payload is not valid JSON: at byte %d there is %s",
			int64(s.skipped)+offset, found),
	}
}

// validPrefix returns how many bytes of data are valid UTF-8.
func validPrefix(data []byte) int {
	for i := 0; ; {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}

func (s *scanner) member(doc *document) error {
	name, err := s.decoder.ReadValue()
	if err != nil {
		return err
	}
	f := fieldNamed(unquote(name))
	if f == fieldUnknown {
		return s.decoder.SkipValue()
	}
	value, err := s.value(f, doc)
	if err != nil {
		return err
	}
	doc.set(f, value)
	return nil
}

func (s *scanner) value(f field, doc *document) (jsontext.Value, error) {
	if f != fieldContext {
		return s.decoder.ReadValue()
	}
	doc.context = doc.context[:0]
	if s.decoder.PeekKind() != '{' {
		return s.decoder.ReadValue()
	}
	return s.context(doc)
}

// context reads the context object member by member, in the same pass: some
// of its members have other names at Segment.
func (s *scanner) context(doc *document) (jsontext.Value, error) {
	if _, err := s.decoder.ReadToken(); err != nil {
		return nil, err
	}
	start := s.decoder.InputOffset() - 1
	for s.decoder.PeekKind() != '}' {
		name, err := s.decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		value, err := s.decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		doc.context = append(doc.context, member{name, value})
	}
	if _, err := s.decoder.ReadToken(); err != nil {
		return nil, err
	}
	return s.data[start:s.decoder.InputOffset()], nil
}

// set gives field f its value; the last one given counts.
func (d *document) set(f field, value jsontext.Value) {
	if d.value[f] == nil {
		d.order = append(d.order, f)
	}
	if value.Kind() == 'n' {
		value = jsontext.Value{}
	}
	d.value[f] = value
}

// has says whether field f has a value other than null.
func (d *document) has(f field) bool { return len(d.value[f]) > 0 }

// drop makes field f absent.
func (d *document) drop(f field) { d.value[f] = d.value[f][:0] }

// contextMember returns the last value of that name in context, or nil. Null
// counts as absent.
func (d *document) contextMember(name string) jsontext.Value {
	for i := len(d.context) - 1; i >= 0; i-- {
		if d.context[i].named(name) && d.context[i].value.Kind() != 'n' {
			return d.context[i].value
		}
	}
	return nil
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
		if object.Kind() != '{' {
			return
		}
		s := scanners.Get().(*scanner)
		defer scanners.Put(s)
		s.open(object)
		_, _ = s.decoder.ReadToken()
		for s.decoder.PeekKind() == '"' {
			name, _ := s.decoder.ReadValue()
			value, err := s.decoder.ReadValue()
			if err != nil || !yield(member{name, value}) {
				return
			}
		}
	}
}

// elements yields the elements of a JSON array that has been read before.
// What is not an array has none.
func elements(array jsontext.Value) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		if array.Kind() != '[' {
			return
		}
		s := scanners.Get().(*scanner)
		defer scanners.Put(s)
		s.open(array)
		_, _ = s.decoder.ReadToken()
		for s.decoder.PeekKind() != ']' {
			value, err := s.decoder.ReadValue()
			if err != nil || !yield(value) {
				return
			}
		}
	}
}

// scanners are reused for looks into nested values.
var scanners = sync.Pool{New: func() any { return new(scanner) }}

// lookup returns the last value of that name in object, or nil.
func lookup(object jsontext.Value, name string) (value jsontext.Value) {
	for m := range members(object) {
		if m.named(name) {
			value = m.value
		}
	}
	return value
}

// unquoteText returns the text of a string, and nothing of any other value.
func unquoteText(value jsontext.Value) string {
	if value.Kind() != '"' {
		return ""
	}
	return string(unquote(value))
}

// isText says whether value is a string with something in it.
func isText(value jsontext.Value) bool {
	return value.Kind() == '"' && len(value) > len(`""`)
}
