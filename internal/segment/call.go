// Package segment knows what a Segment call is: it converts event payloads of
// RudderStack's and Segment's SDKs into calls, gives them their message ids,
// and names the rule that a payload breaks.
//
// The package is pure. It reads no clock, opens no connection and rolls no
// dice: what it needs of that kind is handed in. An ID alone depends on the
// process, and is never sent, stored or shown.
package segment

import "hash/maphash"

// Type is one of the six calls of Segment's spec, or the zero value where a
// payload names no known one.
type Type uint8

// The six calls, https://www.twilio.com/docs/segment/connections/spec.
const (
	UnknownType Type = iota
	Identify
	Track
	Page
	Screen
	Group
	Alias
)

var typeNames = [...]string{
	UnknownType: "unknown",
	Identify:    "identify",
	Track:       "track",
	Page:        "page",
	Screen:      "screen",
	Group:       "group",
	Alias:       "alias",
}

// String returns the name as it stands in a call's type member.
func (t Type) String() string { return typeNames[t] }

// ParseType returns the type of that exact lower-case name, or UnknownType.
func ParseType(name string) Type {
	for t := Identify; t <= Alias; t++ {
		if typeNames[t] == name {
			return t
		}
	}
	return UnknownType
}

// Call is one converted call, ready to be sent.
type Call struct {
	// Type says which of the six calls it is.
	Type Type
	// WriteKey names the source that the call goes to.
	WriteKey string
	// JSON is the call as it is sent, one object without surrounding blanks.
	JSON []byte
	// UserID, AnonymousID and PreviousID say whose call it is; 0 where the call
	// has none. Calls that share one of them belong to the same person and must
	// not overtake each other.
	UserID, AnonymousID, PreviousID ID
}

// ID stands for an id of a person: for the same id it is the same in all of
// the process, and for another one nearly always another. Where two ids get the
// same, two people are taken for one, which costs nothing but a little freedom
// in sending.
type ID uint64

// idSeed keeps a sender from choosing ids that are taken for one.
var idSeed = maphash.MakeSeed()

// IDOf returns what stands for an id that is given unescaped and without
// quotes, or 0 where it is empty.
func IDOf(text []byte) ID {
	if len(text) == 0 {
		return 0
	}
	return max(1, ID(maphash.Bytes(idSeed, text)))
}
