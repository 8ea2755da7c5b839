// Package segment knows what a Segment call is: it converts event payloads of
// RudderStack's and Segment's SDKs into calls, gives them their message ids,
// and names the rule that a payload breaks.
//
// The package is pure. Time, network and randomness are handed in. Only an ID
// depends on the process, and it is never sent, stored or shown.
package segment

// Type is one of the six types of calls in Segment's spec, or UnknownType.
type Type uint8

// The six types, https://www.twilio.com/docs/segment/connections/spec.
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

// String returns the name, as it is written in the member type of a call.
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

// What Segment takes at the most: the bytes of a call, the bytes of a request
// before compression, and the calls of a batch.
// https://www.twilio.com/docs/segment/connections/sources/catalog/libraries/server/http-api
const (
	MaxCallBytes    = 32 << 10
	MaxRequestBytes = 500 << 10
	MaxRequestCalls = 2_500
)

// DefaultMaxCallBytes is the default size of the largest call. It leaves room
// for what Segment may count besides.
const DefaultMaxCallBytes = 32_000

// Call is one converted call, ready to be sent.
type Call struct {
	// Type says which of the six calls it is.
	Type Type
	// WriteKey names the source that the call goes to.
	WriteKey string
	// JSON is the call as it is sent: one object without blanks around it.
	JSON []byte
	// UserID, AnonymousID and PreviousID say whose call it is. They are 0 if the
	// call has no such id. Calls that share one of them belong to the same
	// person and must not overtake each other.
	UserID, AnonymousID, PreviousID ID
}
