package segment

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/memory"
	"benthos-segment/internal/segment/jsonscan"
)

// NoteKind says what a note is about.
type NoteKind uint8

const (
	// NoteTimeUnreadable says that a time other than timestamp was needed and
	// could not be read.
	NoteTimeUnreadable NoteKind = iota
	// NoteClockUncorrected says that a time of the sender's clock could not be
	// corrected.
	NoteClockUncorrected
	// NoteMemberDropped says that a top-level member was dropped that Segment does
	// not know on this call.
	NoteMemberDropped
	// NoteInternalDropped says that a member was dropped that an SDK, a gateway or
	// an archive wrote for itself.
	NoteInternalDropped
	// NoteTraitsUnusable says that context.traits of an identify call are not an
	// object, so that they set no traits.
	NoteTraitsUnusable

	noteKindCount
)

// noteKinds is the table of notes. The names are labels of a metric and must not
// change.
var noteKinds = [noteKindCount]struct{ name, sentence string }{
	NoteTimeUnreadable: {
		"time_unreadable",
		"this cannot be read as a time and counts as absent; write RFC 3339 (2006-01-02T15:04:05.000Z)",
	},
	NoteClockUncorrected: {
		"clock_uncorrected",
		"this is more than 24 hours from the time at which the record came in, as if the record was published again later; " +
			"the time of the event is sent as the sender's clock told it",
	},
	NoteMemberDropped: {
		"member_dropped",
		"Segment does not know this member on this call, which is sent without it; move it into properties, traits or context",
	},
	NoteInternalDropped: {
		"internal_dropped",
		"an SDK, a gateway or an archive wrote this for itself; the call is sent without it",
	},
	NoteTraitsUnusable: {
		"traits_unusable",
		"this is not an object, so that it sets no traits of the person; it is sent unchanged",
	},
}

// String returns the name of the kind in metrics and reports.
func (k NoteKind) String() string { return noteKinds[k].name }

// Note says that a conversion left something of the payload out. The event is
// sent all the same: a Violation stops an event, a Note does not.
type Note struct {
	Kind NoteKind
	// name is the quoted name of the member that was left out.
	name jsontext.Value
	// element is the index of the event in an array, or notInArray.
	element int
}

const notInArray = -1

// Member returns the name of the member, without the index of an array.
func (n Note) Member() string { return string(jsonscan.Unquote(n.name)) }

// Field returns the dotted path of the member, as in a Violation.
func (n Note) Field() string {
	name := n.Member()
	if n.element == notInArray {
		return name
	}
	return strconv.Itoa(n.element) + "." + name
}

// Sentence says what was done, and how to have it otherwise.
func (n Note) Sentence() string { return noteKinds[n.Kind].sentence }

// String describes the note. It contains names of members but never a value.
func (n Note) String() string {
	return "note " + n.Kind.String() + " " + n.Field() + ": " + n.Sentence()
}

// NoteCounts counts notes by their kind.
type NoteCounts [noteKindCount]int

// Add counts some notes.
func (c *NoteCounts) Add(all []Note) {
	for _, n := range all {
		c[n.Kind]++
	}
}

// notes gathers the notes of one payload. Their memory is kept for the next one.
type notes struct {
	list    []Note
	element int
}

// start forgets the notes of the previous payload.
func (n *notes) start() { *n = notes{list: n.list[:0], element: notInArray} }

// add adds a note about a member, which is given by its quoted name.
func (n *notes) add(kind NoteKind, name jsontext.Value) {
	n.list = append(n.list, Note{Kind: kind, name: name, element: n.element})
}

// release lets the payload go.
func (n *notes) release() { n.list = memory.Forget(n.list) }
