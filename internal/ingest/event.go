package ingest

import "bytes"

// Name is the name of a member of an event that servers read or write.
type Name uint8

const (
	NameType Name = iota
	NameMessageID
	NameSentAt
	NameReceivedAt
	NameTimestamp
	NameOriginalTimestamp
	NameContext
	NameIntegrations
	NameChannel
	NameWriteKey
	nameCount
)

// names are in the order of their constants.
var names = [nameCount]string{
	"type", "messageId", "sentAt", "receivedAt", "timestamp", "originalTimestamp",
	"context", "integrations", "channel", writeKeyMember,
}

// Spelling returns the name as it is in an event.
func (n Name) Spelling() string { return names[n] }

// nameOf finds the name that a JSON string spells.
func nameOf(quoted []byte) (Name, bool) {
	spelled := plain(quoted)
	for n, name := range names {
		if string(spelled) == name {
			return Name(n), true
		}
	}
	return 0, false
}

// named is a member of an event: where it is in the body.
type named struct {
	name         Name
	start        uint32 // of its name
	value, after uint32 // of its value, and the end of that
}

// usualMembers is how many named members most events have.
const usualMembers = 8

// Item is one event of a request. Its byte slices are parts of the body.
type Item struct {
	// Raw is the event as it was sent. It need not be an object.
	Raw []byte

	start   int
	body    []byte
	members []named
}

// Value returns the value of a member, nil if the event has none. If it is there
// twice, the last one counts.
func (e Item) Value(name Name) []byte {
	for i := len(e.members) - 1; i >= 0; i-- {
		if m := e.members[i]; m.name == name {
			return e.body[m.value:m.after:m.after]
		}
	}
	return nil
}

// IsObject reports whether the event is what an event has to be.
func (e Item) IsObject() bool { return len(e.Raw) > 0 && e.Raw[0] == '{' }

// AppendWithout appends an object up to, and without, the brace that closes it,
// and without the named members. Members can be added to that with AppendMember.
func (e Item) AppendWithout(dst []byte, drop NameSet) []byte {
	from := e.start
	for _, m := range e.members {
		if drop&(1<<m.name) == 0 {
			continue
		}
		dst = append(dst, e.body[from:m.start]...)
		from = int(m.after)
		if rest := bytes.TrimLeft(e.body[from:e.start+len(e.Raw)], blanks); rest[0] == ',' {
			from = e.start + len(e.Raw) - len(rest) + 1
		}
	}
	dst = append(dst, e.body[from:e.start+len(e.Raw)-1]...)
	return bytes.TrimRight(dst, blanks+",")
}

// blanks are what may be between the tokens of JSON.
const blanks = " \t\r\n"

// NameSet is a set of names.
type NameSet uint16

// SetOf returns the set of the names.
func SetOf(names ...Name) (set NameSet) {
	for _, name := range names {
		set |= 1 << name
	}
	return set
}

// AppendMember adds a member to an object that is not closed yet.
func AppendMember(dst []byte, name Name, value []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, '"'), names[name]...), '"', ':')
	return append(dst, value...)
}

// readEvent reads the next value, which is nested in depth others, and notes where
// the members of an object are that have a Name.
func (env *Envelope) readEvent(o *object, depth int) (at place, err error) {
	if o.scan.Peek() == '{' {
		at, err = env.readNamed(o, depth+1)
	} else {
		at, err = o.value(depth)
	}
	env.ends = append(env.ends, len(env.members))
	return at, err
}

// readNamed reads an object whose members are nested in depth others.
func (env *Envelope) readNamed(o *object, depth int) (place, error) {
	begins := o.scan.Offset()
	for isOver := o.scan.Open('}'); !isOver; isOver = o.scan.More('}') {
		start := o.scan.Offset()
		quoted, isWhole := o.scan.Name()
		if !isWhole {
			break
		}
		value := o.scan.Offset()
		o.scan.Skip(depth)
		if name, isKnown := nameOf(quoted); isKnown && !o.scan.IsBroken() {
			env.members = append(env.members, named{name, uint32(start), uint32(value), uint32(o.scan.Offset())})
		}
	}
	return place{begins, o.scan.Offset()}, o.err()
}

// Item returns an event with its members. The envelope was opened with
// Bounds.Members.
func (env *Envelope) Item(i int) Item {
	from := 0
	if i > 0 {
		from = env.ends[i-1]
	}
	raw := env.Events[i]
	return Item{Raw: raw, start: env.starts[i], body: env.body, members: env.members[from:env.ends[i]]}
}
