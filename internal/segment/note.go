package segment

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonscan"
	"benthos-segment/internal/segment/internal/memory"
)

// NoteKind names something that a conversion did besides, and that the call
// does not show.
type NoteKind uint8

const (
	// NoteTimeUnreadable says that a time other than timestamp was needed and
	// could not be read.
	NoteTimeUnreadable NoteKind = iota
	// NoteClockUncorrected says that a time of the sender's clock could not be
	// moved to a right one.
	NoteClockUncorrected
	// NoteMemberDropped says that the sender's call has a top-level member that
	// Segment has no place for.
	NoteMemberDropped
	// NoteInternalDropped says that a member is gone that an SDK, a gateway or an
	// archive has written for itself.
	NoteInternalDropped
	// NoteTraitsUnusable says that the traits of an identify call are not set,
	// because context.traits is no object.
	NoteTraitsUnusable

	noteKindCount
)

// noteKinds is the table of notes. The names are those of a metric's label, so
// that they stay what they are.
var noteKinds = [noteKindCount]struct{ name, sentence string }{
	NoteTimeUnreadable: {
		"time_unreadable",
		"this cannot be read as a time and counts as absent; write RFC 3339 (2006-01-02T15:04:05.000Z)",
	},
	NoteClockUncorrected: {
		"clock_uncorrected",
		"this is more than 24 hours from when the record came in, as where a record is published again later; " +
			"the time of the event is sent as the sender's clock gave it",
	},
	NoteMemberDropped: {
		"member_dropped",
		"Segment has no place for this on this call, which is sent without it; move it into properties, traits or context",
	},
	NoteInternalDropped: {
		"internal_dropped",
		"an SDK, a gateway or an archive has written this for itself, and the call is sent without it",
	},
	NoteTraitsUnusable: {
		"traits_unusable",
		"this is not an object, so that none of it becomes a trait of the person; it is sent where it is",
	},
}

// String returns the name that metrics and reports have for the kind.
func (k NoteKind) String() string { return noteKinds[k].name }

// Note says what a conversion did to a payload besides making a call of it:
// something of the payload was passed over, and the event is sent without it.
// A Violation costs the event, a Note does not.
type Note struct {
	Kind NoteKind
	// name is the quoted name of the member that was passed over.
	name jsontext.Value
	// element is the place in an array of calls, notInArray for a lone call.
	element int
}

const notInArray = -1

// Member returns the name of the member, wherever the call stood.
func (n Note) Member() string { return string(jsonscan.Unquote(n.name)) }

// Field returns the dotted path of the member, as in a Violation.
func (n Note) Field() string {
	name := n.Member()
	if n.element == notInArray {
		return name
	}
	return strconv.Itoa(n.element) + "." + name
}

// String describes the note to whoever checks events. It holds names of
// members and never a value.
func (n Note) String() string {
	return "note " + n.Kind.String() + " " + n.Field() + ": " + noteKinds[n.Kind].sentence
}

// NoteCounts counts notes by their kind.
type NoteCounts [noteKindCount]int

// Add counts some notes.
func (c *NoteCounts) Add(all []Note) {
	for _, n := range all {
		c[n.Kind]++
	}
}

// notes gathers the notes of one payload. Their room is kept for the next, so
// that they cost no allocation.
type notes struct {
	list    []Note
	element int
}

// start forgets the notes of the payload before.
func (n *notes) start() { *n = notes{list: n.list[:0], element: notInArray} }

// add notes something about a member, by its quoted name.
func (n *notes) add(kind NoteKind, name jsontext.Value) {
	n.list = append(n.list, Note{Kind: kind, name: name, element: n.element})
}

// release lets the payload go.
func (n *notes) release() { n.list = memory.Forget(n.list) }
