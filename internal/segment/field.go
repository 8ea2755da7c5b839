package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
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
	// onAny also includes events of unknown type.
	onAny = onEvery | on(UnknownType)
)

// loss says what is lost if a member is not sent.
type loss uint8

const (
	// losesData: the member is the sender's data.
	losesData loss = iota
	// losesInternal: an SDK, a gateway or an archive wrote the member for itself.
	losesInternal
	// losesNothing: its content is sent in other members.
	losesNothing
)

// fields is the table of the conversion: the top-level members of payloads, and
// the calls with which they are sent. Other members are dropped, because Segment
// does not know them.
var fields = [fieldCount]struct {
	name string
	on   typeSet
	loss loss
}{
	fieldType:         {"type", onEvery, losesData},
	fieldMessageID:    {"messageId", onEvery, losesData},
	fieldTimestamp:    {"timestamp", onEvery, losesData},
	fieldUserID:       {"userId", onEvery, losesData},
	fieldAnonymousID:  {"anonymousId", onEvery, losesData},
	fieldPreviousID:   {"previousId", on(Alias), losesData},
	fieldGroupID:      {"groupId", on(Group), losesData},
	fieldEvent:        {"event", on(Track), losesData},
	fieldName:         {"name", on(Page, Screen), losesData},
	fieldCategory:     {"category", on(Page, Screen), losesData},
	fieldProperties:   {"properties", on(Track, Page, Screen), losesData},
	fieldTraits:       {"traits", on(Identify, Group), losesData},
	fieldContext:      {"context", onEvery, losesData},
	fieldIntegrations: {"integrations", onEvery, losesData},
	fieldChannel:      {"channel", onEvery, losesData},
	// Segment's SDKs for devices write here what they have already delivered.
	fieldMetadata: {"_metadata", onEvery, losesInternal},

	// The others are only read.
	fieldOriginalTimestamp: {"originalTimestamp", onNone, losesNothing},
	fieldSentAt:            {"sentAt", onNone, losesNothing},
	fieldReceivedAt:        {"receivedAt", onNone, losesNothing},
	fieldRequestIP:         {"request_ip", onNone, losesNothing},
	fieldFrom:              {"from", onNone, losesData},
	fieldTo:                {"to", onNone, losesData},
	fieldBatch:             {"batch", onNone, losesData},
	// These tell the dialect of an event.
	fieldRudderID:  {"rudderId", onNone, losesInternal},
	fieldProjectID: {"projectId", onNone, losesInternal},
	fieldVersion:   {"version", onNone, losesInternal},
	fieldWriteKey:  {"writeKey", onNone, losesInternal},
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

// typeLiterals are the types as they are written into a call.
var typeLiterals = func() (quoted [len(typeNames)]jsontext.Value) {
	for t, name := range typeNames {
		quoted[t] = jsontext.Value(`"` + name + `"`)
	}
	return quoted
}()

// quotedNames are the names of the fields in quotes.
var quotedNames = func() (quoted [fieldCount]jsontext.Value) {
	for f := range fields {
		quoted[f] = jsontext.Value(`"` + fields[f].name + `"`)
	}
	return quoted
}()

// keys are the names in quotes, with a colon.
var keys = func() (quoted [fieldCount]string) {
	for f := range fields {
		quoted[f] = string(quotedNames[f]) + ":"
	}
	return quoted
}()
