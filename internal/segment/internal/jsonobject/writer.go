// Package jsonobject writes JSON objects out of members that were read before.
package jsonobject

import "benthos-segment/internal/segment/jsonscan"

// Writer writes the members of an object with commas between them.
type Writer struct {
	dst   []byte
	count int
}

// Begin appends the opening brace of an object to dst.
func Begin(dst []byte) Writer { return Writer{dst: append(dst, '{')} }

// End appends the closing brace and returns dst.
func (w *Writer) End() []byte { return append(w.dst, '}') }

// IsEmpty reports whether no member has been written.
func (w *Writer) IsEmpty() bool { return w.count == 0 }

// separate writes the comma before another member.
func (w *Writer) separate() {
	if w.count > 0 {
		w.dst = append(w.dst, ',')
	}
	w.count++
}

// Name writes the quoted name of a member, whose value comes next.
func (w *Writer) Name(quoted []byte) {
	w.separate()
	w.dst = append(append(w.dst, quoted...), ':')
}

// Member writes a member.
func (w *Writer) Member(m jsonscan.Member) {
	w.Name(m.Name)
	w.dst = append(w.dst, m.Value...)
}

// Written adds members that are already written, with commas between them.
func (w *Writer) Written(members []byte) {
	w.separate()
	w.dst = append(w.dst, members...)
}
