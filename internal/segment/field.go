package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
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

// fields is the table of the conversion: which top-level members a payload
// may have, and on which calls they leave. A member that is not in it, or not
// on this call, is dropped: Segment knows no use for it there.
var fields = [fieldCount]struct {
	name string
	on   typeSet
}{
	fieldType:         {"type", onEvery},
	fieldMessageID:    {"messageId", onEvery},
	fieldTimestamp:    {"timestamp", onEvery},
	fieldUserID:       {"userId", onEvery},
	fieldAnonymousID:  {"anonymousId", onEvery},
	fieldPreviousID:   {"previousId", on(Alias)},
	fieldGroupID:      {"groupId", on(Group)},
	fieldEvent:        {"event", on(Track)},
	fieldName:         {"name", on(Page, Screen)},
	fieldCategory:     {"category", on(Page, Screen)},
	fieldProperties:   {"properties", on(Track, Page, Screen)},
	fieldTraits:       {"traits", on(Identify, Group)},
	fieldContext:      {"context", onEvery},
	fieldIntegrations: {"integrations", onEvery},
	fieldChannel:      {"channel", onEvery},

	// Segment's SDKs for devices write there what they have delivered already.
	fieldMetadata: {"_metadata", onEvery},

	// These are only read, to find the values of the others.
	fieldOriginalTimestamp: {"originalTimestamp", onNone},
	fieldSentAt:            {"sentAt", onNone},
	fieldReceivedAt:        {"receivedAt", onNone},
	fieldRequestIP:         {"request_ip", onNone},
	fieldFrom:              {"from", onNone},
	fieldTo:                {"to", onNone},
	fieldBatch:             {"batch", onNone},

	// These say in whose dialect an event is.
	fieldRudderID:  {"rudderId", onNone},
	fieldProjectID: {"projectId", onNone},
	fieldVersion:   {"version", onNone},
}

var fieldIndex = func() *nameIndex {
	var names [fieldCount]string
	for f := range fields {
		names[f] = fields[f].name
	}
	return newNameIndex(names[:])
}()

// fieldNamed returns the field of that quoted name, or fieldUnknown.
func fieldNamed(quoted []byte) field {
	f := fieldCalled(quoted[1 : len(quoted)-1])
	if f == fieldUnknown && bytes.IndexByte(quoted, '\\') >= 0 {
		return fieldCalled(unquote(quoted))
	}
	return f
}

func fieldCalled(name []byte) field {
	if f := field(fieldIndex.candidate(name)); fields[f].name == string(name) {
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
