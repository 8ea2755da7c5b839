package documents

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// array is an open array whose elements are documents.
type array struct {
	isOpen bool
	// isBegun says that an element was read, so that a comma comes first.
	isBegun bool
}

// element returns the next element of the array, or false where the array is
// over.
func (r *Reader) element() (Document, bool) {
	r.takeBlanks()
	if r.array.isBegun && r.first() == ',' {
		r.take(1)
		r.takeBlanks()
	}
	switch first := r.first(); {
	case r.from == r.to:
		r.array.isOpen = false
		if r.err != nil {
			return Document{}, false
		}
		return Document{Line: r.line, Column: r.column, Problem: unclosedArray}, true
	case first == ']':
		r.take(1)
		r.array.isOpen = false
		r.takeRestOfLine()
		return Document{}, false
	}
	r.array.isBegun = true
	indent := r.column
	length, err := r.value.next(r)
	switch {
	case errors.Is(err, errTooLong):
		doc := r.tooLong()
		r.skim()
		return doc, true
	case err == nil:
		return r.taken(length), true
	case r.err != nil:
		r.array.isOpen = false
		r.take(r.to - r.from) // half a document
		return Document{}, false
	}
	return r.broken(length, indent), true
}

// object reads an object that begins on a line of that length and does not end on
// it. It returns false where the line is broken already, so that it has to stand
// for itself.
func (r *Reader) object(line int) (Document, bool) {
	indent := bytes.IndexByte(r.buf[r.from:r.to], '{') + 1
	length, err := r.value.next(r)
	var doc Document
	switch {
	case errors.Is(err, errTooLong):
		doc = r.tooLong()
		r.skim()
		r.takeRestOfLine()
		return doc, true
	case err == nil:
		doc = r.taken(length)
		doc.Payload = bytes.Clone(doc.Payload) // to look further may move it
		r.takeRestOfLine()
		return doc, true
	case r.err != nil, length <= line:
		return Document{}, false
	}
	doc = r.broken(length, indent)
	r.takeRestOfLine()
	return doc, true
}

// taken takes a document of that length.
func (r *Reader) taken(length int) Document {
	doc := Document{Payload: r.buf[r.from : r.from+length], Line: r.line, Column: r.column}
	r.take(length)
	return doc
}

// broken takes a document that is no JSON from some byte on, for the converter to
// say what is wrong there, and what seems to belong to it.
func (r *Reader) broken(wrong, indent int) Document {
	length, isBalanced := r.balanced(indent)
	if !isBalanced {
		length = r.lineEnd(wrong)
		last := bytes.LastIndexByte(r.buf[r.from:r.from+max(length-1, 0)], '\n') + 1
		if last > 0 && begins(r.buf[r.from+last:r.from+length], indent) {
			length = last // This line is another document.
		}
	}
	doc := r.taken(length)
	doc.Payload = bytes.Clone(bytes.TrimRight(doc.Payload, "\r\n"))
	if !isBalanced {
		r.resume(indent)
	}
	return doc
}

// lineEnd returns how far the line goes that has this byte.
func (r *Reader) lineEnd(at int) int {
	at = min(at, r.to-r.from)
	if end := bytes.IndexByte(r.buf[r.from+at:r.to], '\n'); end >= 0 {
		return at + end + 1
	}
	return r.to - r.from
}

// balanced returns how long a document is by its brackets, which are right in
// many a document that is wrong elsewhere: one with NaN, True or a comma too
// much. It gives up where another document seems to begin.
func (r *Reader) balanced(indent int) (length int, isBalanced bool) {
	if first := r.first(); first != '{' && first != '[' {
		return 0, false
	}
	var b brackets
	for at := 0; r.from+at < r.to || r.fill(); at++ {
		switch char := r.buf[r.from+at]; {
		case char == '\n' && (b.isText || begins(r.nextLine(at+1), indent)):
			return 0, false
		case b.closes(char):
			return at + 1, true
		}
	}
	return 0, false
}

// nextLine returns what is at hand of the line that begins there.
func (r *Reader) nextLine(at int) []byte {
	if r.from+at == r.to {
		r.fill()
	}
	return r.buf[r.from+at : r.from+r.lineEnd(at)]
}

// resume skips lines until one on which a document may begin that is no part of
// a broken one, which began in that column.
func (r *Reader) resume(indent int) {
	for {
		line, _ := r.peekLine()
		isEnd := len(line) == 0 && r.from == r.to && r.isOver
		isClosing := r.array.isOpen && firstOf(line) == ']' && bytes.IndexByte(line, ']') < indent
		if isEnd || isClosing || begins(line, indent) {
			return
		}
		r.skipLine()
	}
}

// begins says whether a document may begin on a line, no further to the right
// than in that column.
func begins(line []byte, column int) bool {
	at := bytes.IndexAny(line, "{[")
	return at >= 0 && at < column && len(bytes.Trim(line[:at], " \t,")) == 0
}

// first returns the first byte at hand, or 0 where nothing is.
func (r *Reader) first() byte {
	if r.from == r.to && !r.fill() {
		return 0
	}
	return r.buf[r.from]
}

func (r *Reader) takeBlanks() {
	for r.first() != 0 {
		rest := r.buf[r.from:r.to]
		blanks := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
		r.take(blanks)
		if blanks < len(rest) {
			return
		}
	}
}

// takeRestOfLine leaves behind what follows a document on its last line, if that
// is blank: it would be a document without an event.
func (r *Reader) takeRestOfLine() {
	if line, isWhole := r.peekLine(); isWhole && len(bytes.TrimSpace(line)) == 0 {
		r.skipLine()
	}
}

// skim takes a value that does not fit, without keeping it. As far as it was read
// it is JSON.
func (r *Reader) skim() {
	var b brackets
	for r.from < r.to || r.fill() {
		for at, char := range r.buf[r.from:r.to] {
			if b.closes(char) {
				r.take(at + 1)
				return
			}
		}
		r.take(r.to - r.from)
	}
}

// brackets counts those of a value.
type brackets struct {
	depth             int
	isText, isEscaped bool
}

// closes says whether a value ends with this byte.
func (b *brackets) closes(char byte) bool {
	switch {
	case b.isEscaped:
		b.isEscaped = false
		return false
	case b.isText:
		b.isEscaped, b.isText = char == '\\', char != '"'
	case char == '"':
		b.isText = true
	case char == '{' || char == '[':
		b.depth++
	case char == '}' || char == ']':
		b.depth--
	}
	return b.depth <= 0 && !b.isText && !isBlank(char)
}

var errTooLong = errors.New("the document is too long")

// valueReader finds where the value ends that is at hand.
type valueReader struct {
	decoder *jsontext.Decoder
	reader  *Reader
	// passed is how far behind reader.from the decoder has read.
	passed int
}

// next returns how long the value is that is at hand, with the blanks before it,
// or how far the decoder has come and why not further.
func (v *valueReader) next(r *Reader) (length int, err error) {
	v.reader, v.passed = r, 0
	// Whether texts and names are right is for the converter to say.
	options := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if v.decoder == nil {
		v.decoder = jsontext.NewDecoder(v, options...)
	} else {
		v.decoder.Reset(v, options...)
	}
	err = v.decoder.SkipValue()
	var wrong *jsontext.SyntacticError
	if errors.As(err, &wrong) {
		return int(wrong.ByteOffset), err
	}
	return int(v.decoder.InputOffset()), err
}

// Read gives the decoder what is at hand, and reads more.
func (v *valueReader) Read(into []byte) (int, error) {
	r := v.reader
	if v.passed > r.max {
		return 0, errTooLong
	}
	for r.from+v.passed == r.to {
		if r.fill() {
			continue
		}
		if r.isOver {
			return 0, io.EOF
		}
		return 0, errTooLong
	}
	n := copy(into, r.buf[r.from+v.passed:r.to])
	v.passed += n
	return n, nil
}
