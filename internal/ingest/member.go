package ingest

import (
	"bytes"
	"cmp"
	"errors"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// object is a JSON object that is read member by member. The values are parts of
// its text, so that every digit and escape stays as it was sent. It has to be
// closed.
//
// Names may be there twice, and an escaped lone surrogate is accepted: SDKs send
// those when they cut a text in the middle of an emoji. So is text that is not
// UTF-8, which is left to the callers.
type object struct {
	text     []byte
	scan     jsonscan.Scanner
	isOpened bool
}

var errNotObject = errors.New("the body must be one JSON object")

// objects keeps the memory of scanners.
var objects = sync.Pool{New: func() any { return new(object) }}

// openObject opens a text that begins with an object.
func openObject(text []byte) (*object, error) {
	o := objects.Get().(*object)
	o.text, o.isOpened = text, false
	o.scan.StartLoose(text)
	if o.scan.Peek() != '{' {
		err := o.notObject()
		o.close()
		return nil, err
	}
	return o, nil
}

// close lets go of the text.
func (o *object) close() {
	o.text = nil
	o.scan.Release()
	objects.Put(o)
}

// notObject says where the JSON is invalid, or that it is valid but not an
// object.
func (o *object) notObject() error {
	if o.scan.Peek() == 0 {
		return errNotObject
	}
	o.scan.Skip(0)
	return cmp.Or(o.err(), errNotObject)
}

// err says where the JSON is invalid.
func (o *object) err() error {
	if err := o.scan.Err(); err != nil {
		return err
	}
	return nil
}

// next returns the name of the next member, until there are no more.
func (o *object) next() (name []byte, more bool, err error) {
	isOver := false
	if o.isOpened {
		isOver = o.scan.More('}')
	} else {
		isOver = o.scan.Open('}')
		o.isOpened = true
	}
	if isOver {
		return nil, false, o.err()
	}
	quoted, isWhole := o.scan.Name()
	if !isWhole {
		return nil, false, o.err()
	}
	return plain(quoted), true, nil
}

// place is the position of a value in its text.
type place struct{ start, end int }

func (p place) in(text []byte) []byte { return text[p.start:p.end:p.end] }

// value reads a value that is nested in depth others: that of the member that next
// named, or an element.
func (o *object) value(depth int) (place, error) {
	start := o.scan.Offset()
	o.scan.Skip(depth)
	return place{start, o.scan.Offset()}, o.err()
}

// Members calls visit with each member of a JSON object, as far as the text is
// one. A name that is there twice is visited twice; the last one counts.
func Members(text []byte, visit func(name string, value []byte)) {
	eachMember(text, func(name string, at place) { visit(name, at.in(text)) })
}

func eachMember(text []byte, visit func(name string, at place)) {
	o, err := openObject(text)
	if err != nil {
		return
	}
	defer o.close()
	for {
		name, more, err := o.next()
		if err != nil || !more {
			return
		}
		at, err := o.value(1)
		if err != nil {
			return
		}
		visit(string(name), at)
	}
}

// Member returns the value of a member of a JSON object, nil if it has no such
// member.
func Member(text []byte, name string) (value []byte) {
	Members(text, func(n string, v []byte) {
		if n == name {
			value = v
		}
	})
	return value
}

// plain returns what a JSON string spells, as a part of it where nothing is
// escaped.
func plain(quoted []byte) []byte {
	spelled := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(spelled, '\\') >= 0 {
		spelled, _ = jsontext.AppendUnquote(nil, quoted)
	}
	return spelled
}

// Text returns the text of a JSON string, and nothing for any other value.
func Text(value []byte) string { return string(Spelled(value)) }

// Spelled is Text, as a part of the value where that is possible.
func Spelled(value []byte) []byte {
	if len(value) == 0 || value[0] != '"' {
		return nil
	}
	if spelled := value[1 : len(value)-1]; bytes.IndexByte(spelled, '\\') < 0 && utf8.Valid(spelled) {
		return spelled
	}
	// The only error left is a lone surrogate, which is replaced.
	text, _ := jsontext.AppendUnquote(nil, value)
	return text
}

const writeKeyMember = "writeKey"

// HideWriteKey returns a JSON object with hide applied to its write key. All
// other bytes stay as they are. It reports whether the object has a write key.
func HideWriteKey(text []byte, hide func(key string) string) (shown []byte, found bool) {
	// Letters of the name can only be escaped this way.
	if !bytes.Contains(text, []byte(writeKeyMember)) && !bytes.Contains(text, []byte(`\u`)) {
		return text, false
	}
	copied := 0
	eachMember(text, func(name string, at place) {
		if name != writeKeyMember {
			return
		}
		quoted, err := jsontext.AppendQuote(nil, hide(Text(at.in(text))))
		if err != nil {
			quoted = []byte(`""`)
		}
		shown = append(append(shown, text[copied:at.start]...), quoted...)
		copied = at.end
	})
	if copied == 0 {
		return text, false
	}
	return append(shown, text[copied:]...), true
}
