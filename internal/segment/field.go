package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonscan"
)

// field is a top-level member of a payload that the conversion knows.
type field uint8

const (
	fieldUnknown field = iota

	fieldType
	fieldMessageID
	fieldTimestamp
	fieldUserID
	fieldAnonymousID
	fieldPreviousID
	fieldGroupID
	fieldEvent
	fieldName
	fieldCategory
	fieldProperties
	fieldTraits
	fieldContext
	fieldIntegrations
	fieldChannel

	fieldOriginalTimestamp
	fieldSentAt
	fieldReceivedAt
	fieldRequestIP
	fieldFrom
	fieldTo
	fieldBatch
	fieldMetadata
	fieldRudderID
	fieldProjectID
	fieldVersion
	fieldWriteKey

	fieldCount
)

// typeSet is a set of call types.
type typeSet uint8

func on(types ...Type) (set typeSet) {
	for _, t := range types {
		set |= 1 << t
	}
	return set
}

func (s typeSet) has(t Type) bool { return s>>t&1 == 1 }

var (
	onEvery = on(Identify, Track, Page, Screen, Group, Alias)
	onNone  = on()
	// onAny is on what is no call of Segment's, too.
	onAny = onEvery | on(UnknownType)
)

// origination says who has written a member, and thus what is lost where it
// does not leave.
type origination uint8

const (
	// bySender is what the sender of an event says.
	bySender origination = iota
	// byGateway is what an SDK, a gateway or an archive notes for itself.
	byGateway
	// forOthers is what the values of other members are made of.
	forOthers
)

// fields is the table of the conversion: which top-level members a payload
// may have, and on which calls they leave. A member that is not in it, or not
// on this call, is dropped: Segment knows no use for it there.
var fields = [fieldCount]struct {
	name string
	on   typeSet
	by   origination
}{
	fieldType:         {"type", onEvery, bySender},
	fieldMessageID:    {"messageId", onEvery, bySender},
	fieldTimestamp:    {"timestamp", onEvery, bySender},
	fieldUserID:       {"userId", onEvery, bySender},
	fieldAnonymousID:  {"anonymousId", onEvery, bySender},
	fieldPreviousID:   {"previousId", on(Alias), bySender},
	fieldGroupID:      {"groupId", on(Group), bySender},
	fieldEvent:        {"event", on(Track), bySender},
	fieldName:         {"name", on(Page, Screen), bySender},
	fieldCategory:     {"category", on(Page, Screen), bySender},
	fieldProperties:   {"properties", on(Track, Page, Screen), bySender},
	fieldTraits:       {"traits", on(Identify, Group), bySender},
	fieldContext:      {"context", onEvery, bySender},
	fieldIntegrations: {"integrations", onEvery, bySender},
	fieldChannel:      {"channel", onEvery, bySender},
	// Segment's SDKs for devices write there what they have delivered already.
	fieldMetadata: {"_metadata", onEvery, byGateway},

	// From here on they are only read.
	fieldOriginalTimestamp: {"originalTimestamp", onNone, forOthers},
	fieldSentAt:            {"sentAt", onNone, forOthers},
	fieldReceivedAt:        {"receivedAt", onNone, forOthers},
	fieldRequestIP:         {"request_ip", onNone, forOthers},
	fieldFrom:              {"from", onNone, bySender},
	fieldTo:                {"to", onNone, bySender},
	fieldBatch:             {"batch", onNone, bySender},
	// These say in whose dialect an event is.
	fieldRudderID:  {"rudderId", onNone, byGateway},
	fieldProjectID: {"projectId", onNone, byGateway},
	fieldVersion:   {"version", onNone, byGateway},
	fieldWriteKey:  {"writeKey", onNone, byGateway},
}

var fieldIndex = func() *jsonscan.NameIndex {
	var names [fieldCount]string
	for f := range fields {
		names[f] = fields[f].name
	}
	return jsonscan.NewNameIndex(names[:])
}()

// fieldNamed returns the field of that quoted name, or fieldUnknown.
func fieldNamed(quoted []byte) field {
	f := fieldCalled(quoted[1 : len(quoted)-1])
	if f == fieldUnknown && bytes.IndexByte(quoted, '\\') >= 0 {
		return fieldCalled(jsonscan.Unquote(quoted))
	}
	return f
}

// IsField reports whether the conversion knows a top-level member of that name.
func IsField(name string) bool { return fieldCalled([]byte(name)) != fieldUnknown }

func fieldCalled(name []byte) field {
	if f := field(fieldIndex.Candidate(name)); fields[f].name == string(name) {
		return f
	}
	return fieldUnknown
}

// typeLiterals are the types as they stand in a call.
var typeLiterals = func() (quoted [len(typeNames)]jsontext.Value) {
	for t, name := range typeNames {
		quoted[t] = jsontext.Value(`"` + name + `"`)
	}
	return quoted
}()

// quotedNames are the names as JSON has them.
var quotedNames = func() (quoted [fieldCount]jsontext.Value) {
	for f := range fields {
		quoted[f] = jsontext.Value(`"` + fields[f].name + `"`)
	}
	return quoted
}()

// keys are the names as they are written into a call.
var keys = func() (quoted [fieldCount]string) {
	for f := range fields {
		quoted[f] = string(quotedNames[f]) + ":"
	}
	return quoted
}()
