package ingest

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// salvageBudget is how often the bytes of a body may be looked at in all, and
// salvageFloor how many bytes may in any case.
const salvageBudget, salvageFloor = 4, 1 << 20

// Salvage repairs a batch that is not JSON because some of its elements are not,
// so that they do not cost the others. What is between two events and is none
// becomes a JSON string, and an element that is missing is left out: an SDK whose
// database is damaged sends {"batch":[{,{"type":…}]} again and again, and some send
// [ , , ].
//
// It gives up where it is not certain that the whole batch is there. A body that
// was cut off must be sent again.
func Salvage(body []byte) (repaired []byte, found bool) {
	start := batchStart(body)
	if start < 0 {
		return nil, false
	}
	s := salvage{text: body, pos: start, budget: salvageBudget*len(body) + salvageFloor}
	s.out = append(s.out, body[:start]...)
	if !s.elements() {
		return nil, false
	}
	return append(s.out, body[s.pos:]...), true
}

// batchStart is where the elements of the batch begin, -1 if there is no batch.
func batchStart(body []byte) int {
	o, err := openObject(body)
	if err != nil {
		return -1
	}
	defer o.close()
	for {
		name, more, err := o.next()
		if err != nil || !more {
			return -1
		}
		if string(name) == "batch" {
			break
		}
		if _, err := o.value(1); err != nil {
			return -1
		}
	}
	if o.scan.Peek() != '[' {
		return -1
	}
	return o.scan.Offset() + 1
}

// salvage is a batch that is being repaired.
type salvage struct {
	text   []byte
	pos    int
	out    []byte
	count  int
	budget int
}

// elements copies the elements of the batch, up to the bracket that ends it.
func (s *salvage) elements() bool {
	for s.budget > 0 {
		s.skipBlanks()
		if s.pos >= len(s.text) {
			return false
		}
		switch s.text[s.pos] {
		case ',':
			s.pos++
			continue
		case ']':
			if s.endsAt(s.pos) {
				return true
			}
		}
		if length := s.element(s.pos); length > 0 {
			s.add(s.text[s.pos : s.pos+length])
			s.pos += length
			continue
		}
		end := s.junkEnd()
		if end < 0 {
			return false
		}
		quoted, _ := jsontext.AppendQuote(nil, bytes.ToValidUTF8(bytes.TrimRight(s.text[s.pos:end], blanks+","), []byte("\ufffd")))
		s.add(quoted)
		s.pos = end
	}
	return false
}

func (s *salvage) add(element []byte) {
	if s.count > 0 {
		s.out = append(s.out, ',')
	}
	s.out = append(s.out, element...)
	s.count++
}

func (s *salvage) skipBlanks() {
	for s.pos < len(s.text) && bytes.IndexByte([]byte(blanks), s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// element returns the length of a value that is an element of the batch, 0 if
// there is none at that position.
func (s *salvage) element(at int) int {
	length, isValue := s.read(s.text[at:])
	if !isValue {
		return 0
	}
	rest := bytes.TrimLeft(s.text[at+length:], blanks)
	if len(rest) == 0 || rest[0] != ',' && rest[0] != ']' {
		return 0
	}
	return length
}

// read reads one value, and pays for it.
func (s *salvage) read(text []byte) (length int, isValue bool) {
	// It makes no marks, which would be of the whole rest each time.
	scan := jsonscan.Over(text)
	scan.Skip(elementDepth)
	s.budget -= scan.Reached() + minLook
	return scan.Reached(), !scan.IsBroken()
}

// minLook is what a look costs at least.
const minLook = 64

// junkEnd returns where the next event begins, or the bracket that ends the
// batch, -1 if neither can be told.
func (s *salvage) junkEnd() int {
	for at := s.pos + 1; at < len(s.text) && s.budget > 0; at++ {
		switch s.text[at] {
		case '{':
			before := bytes.TrimRight(s.text[:at], blanks)
			if before[len(before)-1] != ',' {
				continue
			}
			if length := s.element(at); length > 0 && Member(s.text[at:at+length], "type") != nil {
				return at
			}
		case ']':
			if s.endsAt(at) {
				return at
			}
		}
	}
	return -1
}

// endsAt reports whether what is after a bracket is the rest of an envelope, to
// its end.
func (s *salvage) endsAt(at int) bool {
	rest := append([]byte(`{"batch":[`), s.text[at:]...)
	s.budget -= len(rest) + minLook
	o, err := openObject(rest)
	if err != nil {
		return false
	}
	defer o.close()
	for {
		_, more, err := o.next()
		if err != nil {
			return false
		}
		if !more {
			return o.end() == nil
		}
		if _, err := o.value(1); err != nil {
			return false
		}
	}
}
