// Package documents reads events out of files: one on each line, printed over
// several lines, or in an array, compressed or not. However long a line is, it
// keeps a bounded part of the file in memory.
package documents

import (
	"bytes"
	"fmt"
	"io"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/segment"
)

// DefaultMaxBytes is how large a document may be unless somebody says otherwise.
// Segment takes calls of 32 KB, and a message may hold some hundred of them.
const DefaultMaxBytes = 8 << 20

// ReasonTooLong names what is wrong with a document that does not fit.
const ReasonTooLong segment.Reason = "line_too_long"

// Document is what becomes one message.
type Document struct {
	// Payload is the document, valid until the next one is read.
	Payload []byte
	// Line and Column say where in the file the payload begins, from 1. A column is
	// a character.
	Line, Column int
	// Problem says why the document could not be read, if so. There is no payload
	// then, and the next document can be read all the same.
	Problem *segment.Violation
}

// Reader reads the documents of one file.
//
// A line is a document, as it is for Benthos's scanner `lines`. Where a line
// begins an object or an array that does not end on it, the object is a document,
// and so is every element of the array. The same goes for an array that is all
// that the file has.
type Reader struct {
	compressed *counter
	source     io.Reader
	max        int

	// buf[from:to] is what has been read and not been taken.
	buf      []byte
	from, to int
	// isOver says that the source has no more, and err why, if not at its end.
	isOver bool
	err    error

	isBegun bool
	// line and column are the place of buf[from].
	line, column int
	// array is where in an array the reader is whose elements are documents.
	array array
	value valueReader
}

// usualBuffer is how much is read at once.
const usualBuffer = 256 << 10

// NewReader returns a reader of documents of at most so many bytes.
func NewReader(from io.Reader, maxBytes int) *Reader {
	compressed := &counter{from: from}
	return &Reader{
		compressed: compressed, source: compressed, max: maxBytes,
		buf: make([]byte, min(usualBuffer, maxBytes+1)), line: 1, column: 1,
	}
}

// Read returns how many bytes of the file have been read so far, as they are
// stored. It may be called at any time.
func (r *Reader) Read() int64 { return r.compressed.bytes.Load() }

// Next returns the next document. It returns io.EOF after the last one, and any
// other error where the file cannot be read any further.
func (r *Reader) Next() (Document, error) {
	if !r.isBegun {
		r.isBegun = true
		if v, err := r.begin(); v != nil || err != nil {
			r.isOver, r.to = true, r.from
			return r.refused(v), err
		}
	}
	if r.array.isOpen {
		if doc, isElement := r.element(); isElement {
			return doc, nil
		}
	}
	return r.document()
}

// document reads a line, or what begins on it.
func (r *Reader) document() (Document, error) {
	line, isWhole := r.peekLine()
	isLast := r.isOver && r.from+len(line) == r.to
	switch {
	case isLast && r.err != nil:
		return Document{}, r.err // What there is of it may be half a line.
	case isLast && len(line) == 0:
		return Document{}, io.EOF
	case isArray(line) && (!isWhole || !endsWith(line, ']') || r.isAllOf(line)):
		r.take(bytes.IndexByte(r.buf[r.from:r.to], '[') + 1)
		r.array = array{isOpen: true}
		return r.Next()
	case !isWhole:
		doc := r.tooLong()
		r.skipLine()
		return doc, nil
	case isObject(line) && !endsWith(line, '}'):
		if doc, isRead := r.object(len(line)); isRead {
			return doc, nil
		}
	}
	line, _ = r.peekLine() // to look further may have moved it
	doc := Document{Payload: line, Line: r.line, Column: r.column}
	r.take(min(len(line)+1, r.to-r.from))
	return doc, nil
}

// refused returns a document that could not be read, at the place where the
// reader is.
func (r *Reader) refused(v *segment.Violation) Document {
	return Document{Line: r.line, Column: r.column, Problem: v}
}

func (r *Reader) tooLong() Document {
	return r.refused(&segment.Violation{
		Reason: ReasonTooLong,
		Sentence: fmt.Sprintf("the line has more than %s, and is skipped; "+
			"put each event on a line of its own, or allow more with --max-line", command.SizeText(int64(r.max))),
	})
}

// peekLine returns the line at hand without its end, or as much of it as is
// allowed and false.
func (r *Reader) peekLine() (line []byte, isWhole bool) {
	searched := 0
	for {
		if end := bytes.IndexByte(r.buf[r.from+searched:r.to], '\n'); end >= 0 {
			return r.buf[r.from : r.from+searched+end], searched+end <= r.max
		}
		searched = r.to - r.from
		if searched > r.max {
			return r.buf[r.from : r.from+r.max], false
		}
		if !r.fill() {
			return r.buf[r.from:r.to], true
		}
	}
}

// skipLine takes the line at hand, however long it is.
func (r *Reader) skipLine() {
	for {
		if end := bytes.IndexByte(r.buf[r.from:r.to], '\n'); end >= 0 {
			r.take(end + 1)
			return
		}
		r.take(r.to - r.from)
		if !r.fill() {
			return
		}
	}
}

// isAllOf says whether a line at the front of the file is all that it has.
func (r *Reader) isAllOf(line []byte) bool {
	if r.line != 1 || r.column != 1 {
		return false
	}
	for at := len(line); ; at++ {
		if r.from+at == r.to && !r.fill() {
			return r.err == nil
		}
		if r.from+at == r.to {
			return false // no room to look further
		}
		if !isBlank(r.buf[r.from+at]) {
			return false
		}
	}
}

// fill reads more behind what is there. It returns false if there is no more, or
// if that would be more than a document may have.
func (r *Reader) fill() bool {
	if r.isOver {
		return false
	}
	if r.from > 0 && (r.to == len(r.buf) || r.from == r.to) {
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	}
	if r.to == len(r.buf) {
		if len(r.buf) > r.max {
			return false
		}
		r.buf = append(r.buf, make([]byte, min(len(r.buf), r.max+1-len(r.buf)))...)
	}
	n, err := r.source.Read(r.buf[r.to:])
	r.to += n
	if err != nil {
		r.isOver = true
		if err != io.EOF {
			r.err = err
		}
	}
	return n > 0 || err == nil && r.fill()
}

// take leaves some bytes behind.
func (r *Reader) take(n int) {
	taken := r.buf[r.from : r.from+n]
	r.from += n
	if lines := bytes.Count(taken, []byte{'\n'}); lines > 0 {
		r.line += lines
		r.column = 1
		taken = taken[bytes.LastIndexByte(taken, '\n')+1:]
	}
	r.column += Characters(taken)
}

// Characters returns how many characters a text has. A byte that is none counts
// as one.
func Characters(text []byte) (count int) {
	for _, b := range text {
		if b&0xc0 != 0x80 {
			count++
		}
	}
	return count
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

func firstOf(line []byte) byte {
	for _, b := range line {
		if !isBlank(b) {
			return b
		}
	}
	return 0
}

func isObject(line []byte) bool { return firstOf(line) == '{' }

func isArray(line []byte) bool { return firstOf(line) == '[' }

// endsWith says whether the last character that is no blank is this one.
func endsWith(line []byte, last byte) bool {
	for at := len(line) - 1; at >= 0; at-- {
		if !isBlank(line[at]) {
			return line[at] == last
		}
	}
	return false
}
