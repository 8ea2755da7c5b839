package segment

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// scanner reads a payload in one pass, and takes the objects in it apart at
// their top level. It is strict on the grammar and on UTF-8. Duplicate names
// pass, because what is inside properties is the sender's own, and so do
// escaped lone surrogates, which text cut in the middle of an emoji holds.
type scanner struct {
	text jsonText
	// at is how far the text has been read: a negative number, the complement
	// of the place, where it is broken.
	at int
	// skipped is how many bytes of the payload precede the text.
	skipped int
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// start makes the scanner read a payload from its first byte, or from behind
// its byte order mark.
func (s *scanner) start(payload []byte) *Violation {
	text := bytes.TrimPrefix(payload, byteOrderMark)
	*s = scanner{text: jsonText{text, markAll(text, s.text.marks)}, skipped: len(payload) - len(text)}
	if !utf8.Valid(text) {
		at := validPrefix(text)
		return s.invalid(at, notUTF8(text[at:]))
	}
	s.at = skipBlanks(text, 0)
	return nil
}

// maxKeptMarks bounds what a scanner holds on to: enough for a payload of 1 MB.
const maxKeptMarks = 1 << 20 / block

// release lets the payload go, and keeps the room of the marks.
func (s *scanner) release() {
	room := s.text.marks[:0]
	if cap(room) > maxKeptMarks {
		room = nil
	}
	*s = scanner{text: jsonText{marks: room}}
}

// validPrefix returns how many bytes of text are valid UTF-8.
func validPrefix(text []byte) int {
	for i := 0; ; {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}

// next returns the byte with which the next value begins, or 0 where there is
// none.
func (s *scanner) next() byte {
	if s.at < 0 || s.at == len(s.text.bytes) {
		return 0
	}
	return s.text.bytes[s.at]
}

// open passes over a bracket, up to the first element; close says with what
// it is closed. It is over where there is none.
func (s *scanner) open(closing byte) (isOver bool) {
	s.at, isOver = skipOpening(s.text.bytes, s.at, closing)
	return isOver
}

// more passes over what follows an element, up to the next one. It is over
// where there is none, or the text is broken.
func (s *scanner) more(closing byte) (isOver bool) {
	if s.at < 0 {
		return true
	}
	s.at, isOver = skipSeparator(s.text.bytes, s.at, closing)
	return isOver
}

// object reads the next value, an object that is inside depth others, into
// doc.
func (s *scanner) object(doc *document, depth int) *Violation {
	doc.reset()
	start := s.at
	for isOver := s.open('}'); !isOver; isOver = s.more('}') {
		s.member(doc, depth+1)
	}
	if v := s.broken(); v != nil {
		return v
	}
	doc.raw, doc.isElement = s.text.bytes[start:s.at], depth > 0
	return nil
}

// member reads a member of the payload object.
func (s *scanner) member(doc *document, depth int) {
	name, value := s.name()
	if s.at < 0 {
		return
	}
	f := fieldNamed(name)
	switch f {
	case fieldContext:
		s.context(doc, depth)
	case fieldMetadata:
		s.metadata(doc, depth)
	default:
		s.at = s.text.skipValue(s.at, depth)
	}
	switch {
	case s.at < 0:
	case f != fieldUnknown:
		doc.set(f, s.text.bytes[value:s.at])
	case !isEmpty(s.text.bytes[value:s.at]):
		doc.unknown = append(doc.unknown, name)
	}
}

// name reads the name of a member, and returns the place of its value, too.
func (s *scanner) name() (name []byte, value int) {
	start := s.at
	end := s.text.skipName(start)
	if s.at = end; end < 0 {
		return nil, end
	}
	s.at = skipColon(s.text.bytes, end)
	return s.text.bytes[start:end], s.at
}

// context reads the context member by member, in the same pass: some of its
// members have other names at Segment.
func (s *scanner) context(doc *document, depth int) {
	doc.forgetContext() // Of several contexts the last counts.
	if s.next() != '{' {
		s.at = s.text.skipValue(s.at, depth)
		return
	}
	for isOver := s.open('}'); !isOver; isOver = s.more('}') {
		start := s.at
		name, value := s.name()
		if s.at < 0 {
			return
		}
		if s.at = s.text.skipValue(s.at, depth+1); s.at >= 0 {
			doc.appendContext(member{name, s.text.bytes[value:s.at]}, start, s.at)
		}
	}
}

// other reads a value that is no object and is inside depth others.
func (s *scanner) other(depth int) *Violation {
	start := s.at
	s.at = s.text.skipValue(s.at, depth)
	if v := s.broken(); v != nil {
		return v
	}
	return notAnObject(s.text.bytes[start:s.at], depth > 0)
}

// end makes sure that nothing but blanks is left.
func (s *scanner) end() *Violation {
	behind := s.at
	s.at = skipBlanks(s.text.bytes, s.at)
	if s.at == len(s.text.bytes) {
		return nil
	}
	s.at = s.text.skipValue(s.at, 0)
	if v := s.broken(); v != nil {
		return v
	}
	return s.invalid(behind, "a second document, where one payload "+
		"holds one; split the payload before the output, for example with "+
		"the processor `unarchive: {format: lines}`")
}

// broken names the place where the text is broken, and never the text there.
// It returns nil where what has been read is good.
func (s *scanner) broken() *Violation {
	if s.at >= 0 {
		return nil
	}
	at := ^s.at
	if at == len(s.text.bytes) {
		return s.invalid(at, "the end of the payload, in the middle of a value; the payload has been cut")
	}
	return s.invalid(at, mistakeAt(s.text.bytes, at))
}

// invalid says what was found at a place, and what the payload looks like as a
// whole, where that is known: then that is what has to be fixed.
func (s *scanner) invalid(at int, found string) *Violation {
	if is := likenessOf(s.text.bytes); is.what != "" {
		what := found[:strings.IndexAny(found+";", ",;")]
		found = what + ", and the payload looks like " + is.what + "; " + is.advice
	}
	return &Violation{
		Reason:   ReasonInvalidJSON,
		Sentence: fmt.Sprintf("the payload is not valid JSON: at byte %d there is %s", s.skipped+at, found),
	}
}
