package jsonscan

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/memory"
)

// Scanner goes through a text of JSON once, value by value, and into those
// objects and arrays that its user opens. It is strict about the grammar and
// about UTF-8. Duplicate names pass, because the content of properties belongs
// to the sender, and so do escaped lone surrogates, which text has in it that
// was cut in the middle of an emoji.
//
// Once the text is broken, the scanner stays where it is: loops end, and Err
// says what is wrong.
//
//	for isOver := s.Open('}'); !isOver; isOver = s.More('}') {
//		member, ok := s.Member(depth)
//		…
//	}
type Scanner struct {
	text jsonText
	// at is the offset up to which the text has been read, or its complement, a
	// negative number, where the text is broken.
	at int
	// skipped is how many bytes of the payload come before the text.
	skipped int
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Over returns a scanner of a value that has been read before. It makes no
// marks: they would cost more than they save.
func Over(value jsontext.Value) Scanner { return Scanner{text: jsonText{bytes: value}} }

// Start makes the scanner read a payload from its first byte, or from the byte
// after its byte order mark.
func (s *Scanner) Start(payload []byte) *Error {
	text := bytes.TrimPrefix(payload, byteOrderMark)
	*s = Scanner{text: jsonText{text, markAll(text, s.text.marks)}, skipped: len(payload) - len(text)}
	if !utf8.Valid(text) {
		at := validPrefix(text)
		return s.fail(NotUTF8, at, notUTF8(text[at:]))
	}
	s.at = SkipBlanks(text, 0)
	return nil
}

// StartLoose makes the scanner read a text in which strings need not be UTF-8: its
// user has made sure that they are, or leaves that to somebody else.
func (s *Scanner) StartLoose(text []byte) {
	*s = Scanner{text: jsonText{text, markAll(text, s.text.marks)}, at: SkipBlanks(text, 0)}
}

// Release lets the payload go, and keeps the memory of the marks.
func (s *Scanner) Release() {
	*s = Scanner{text: jsonText{marks: memory.Keep(s.text.marks)}}
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

// IsBlank reports whether a payload holds nothing but blanks.
func IsBlank(payload []byte) bool {
	text := bytes.TrimPrefix(payload, byteOrderMark)
	return SkipBlanks(text, 0) == len(text)
}

// Text returns the text that is read, without a byte order mark.
func (s *Scanner) Text() []byte { return s.text.bytes }

// Offset returns where in the text the scanner is.
func (s *Scanner) Offset() int { return s.at }

// Reached returns how far the text was read, to its fault if it is broken.
func (s *Scanner) Reached() int {
	if s.at < 0 {
		return ^s.at
	}
	return s.at
}

// IsBroken reports whether the text has turned out to be broken.
func (s *Scanner) IsBroken() bool { return s.at < 0 }

// Between returns the bytes from one offset to another.
func (s *Scanner) Between(start, end int) jsontext.Value { return s.text.bytes[start:end] }

// Since returns the bytes from an offset to where the scanner is. The text must
// not be broken.
func (s *Scanner) Since(start int) jsontext.Value { return s.text.bytes[start:s.at] }

// Peek returns the byte with which the next value begins, or 0 at the end.
func (s *Scanner) Peek() byte {
	if s.at < 0 || s.at == len(s.text.bytes) {
		return 0
	}
	return s.text.bytes[s.at]
}

// Open passes over an opening bracket, up to the first element; closing is the
// bracket that ends it. It is over where there is no element.
func (s *Scanner) Open(closing byte) (isOver bool) {
	s.at, isOver = skipOpening(s.text.bytes, s.at, closing)
	return isOver
}

// More passes over the comma after an element, up to the next one. It is over
// where there is none, or where the text is broken.
func (s *Scanner) More(closing byte) (isOver bool) {
	if s.at < 0 {
		return true
	}
	s.at, isOver = skipSeparator(s.text.bytes, s.at, closing)
	return isOver
}

// Name reads the quoted name of a member, up to its value.
func (s *Scanner) Name() (name jsontext.Value, ok bool) {
	start := s.at
	end := s.text.skipName(start)
	if end < 0 {
		s.at = end
		return nil, false
	}
	s.at = skipColon(s.text.bytes, end)
	return s.text.bytes[start:end], s.at >= 0
}

// Skip passes over a value that is nested in depth others.
func (s *Scanner) Skip(depth int) { s.at = s.text.skipValue(s.at, depth) }

// Value reads a value that is nested in depth others.
func (s *Scanner) Value(depth int) (value jsontext.Value, ok bool) {
	start := s.at
	if s.at = s.text.skipValue(start, depth); s.at < 0 {
		return nil, false
	}
	return s.text.bytes[start:s.at], true
}

// Member reads a member of an object that is nested in depth-1 others.
func (s *Scanner) Member(depth int) (m Member, ok bool) {
	if m.Name, ok = s.Name(); !ok {
		return m, false
	}
	m.Value, ok = s.Value(depth)
	return m, ok
}

// End makes sure that the text was not broken and that only blanks are left.
func (s *Scanner) End() *Error {
	if err := s.Err(); err != nil {
		return err
	}
	end := s.at
	s.at = SkipBlanks(s.text.bytes, s.at)
	if s.at == len(s.text.bytes) {
		return nil
	}
	s.at = s.text.skipValue(s.at, 0)
	if err := s.Err(); err != nil {
		return err
	}
	return s.fail(Trailing, end, "a second value; a JSON text holds one")
}

// Err returns what is wrong where the text is broken, or nil. It shows nothing
// of the text.
func (s *Scanner) Err() *Error {
	if s.at >= 0 {
		return nil
	}
	at := ^s.at
	if at == len(s.text.bytes) {
		return s.fail(Truncated, at, "the end of the payload, in the middle of a value; the payload was cut off")
	}
	return s.fail(Malformed, at, mistakeAt(s.text.bytes, at))
}

func (s *Scanner) fail(kind ErrorKind, at int, found string) *Error {
	return &Error{Kind: kind, Offset: s.skipped + at, Found: found}
}
