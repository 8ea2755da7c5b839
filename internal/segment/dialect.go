package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// Dialect says whose event a payload is. The members have the same names in both
// dialects, but the integrations object means something else.
type Dialect uint8

const (
	// DialectUnknown means that the event could be in either dialect.
	DialectUnknown Dialect = iota
	// DialectRudderStack is the dialect of RudderStack's SDKs and dumps.
	DialectRudderStack
	// DialectSegment is the dialect of Segment's SDKs and archives.
	DialectSegment
)

var dialectNames = [...]string{
	DialectUnknown:     "unknown",
	DialectRudderStack: "rudderstack",
	DialectSegment:     "segment",
}

// String returns the name by which ParseDialect knows the dialect.
func (d Dialect) String() string { return dialectNames[d] }

// ParseDialect returns the dialect of that name, rudderstack or segment, or
// DialectUnknown.
func ParseDialect(name string) Dialect {
	for d := DialectRudderStack; d <= DialectSegment; d++ {
		if dialectNames[d] == name {
			return d
		}
	}
	return DialectUnknown
}

// dialect finds the dialect of the event. The first sign decides. The signs are
// in order of certainty: first those that only one of the two can write, then
// those that the other one hardly ever writes. Library names that both have,
// such as analytics-go and analytics-python, are no sign.
func (c *Converter) dialect(from Provenance) Dialect {
	if from.Dialect != nil {
		if told := from.Dialect(); told != DialectUnknown {
			return told
		}
	}
	if c.conf.Dialect != DialectUnknown {
		return c.conf.Dialect
	}
	d := &c.doc
	if d.has(fieldRudderID) {
		return DialectRudderStack
	}
	if ofLibrary := d.libraryDialect(); ofLibrary != DialectUnknown {
		return ofLibrary
	}
	switch {
	case d.has(fieldProjectID), d.has(fieldVersion), d.inMetadata.isSegments():
		return DialectSegment
	case d.has(fieldOriginalTimestamp) && d.has(fieldChannel):
		return DialectRudderStack
	default:
		return integrationsDialect(d.value[fieldIntegrations])
	}
}

// libraryDialect knows the names of libraries that only one of the two has:
// "RudderLabs JavaScript SDK", rudder-ios-library and
// com.rudderstack.sdk.kotlin.android on the one hand, analytics.js and
// @segment/analytics-node on the other.
func (d *document) libraryDialect() Dialect {
	switch name := libraryName(d.contextMember(contextLibrary)); {
	case string(name) == "analytics.js", bytes.HasPrefix(name, []byte("@segment/")):
		return DialectSegment
	case bytes.Contains(name, []byte("Rudder")), bytes.Contains(name, []byte("rudder")):
		return DialectRudderStack
	default:
		return DialectUnknown
	}
}

// libraryName returns the name of a library, or nil. SDKs write it first, which
// saves a search.
func libraryName(library jsontext.Value) []byte {
	if rest, isFirst := bytes.CutPrefix(library, []byte(`{"name":"`)); isFirst {
		if end := bytes.IndexByte(rest, '"'); bytes.IndexByte(rest[:end], '\\') < 0 {
			return rest[:end]
		}
	}
	name := jsonscan.Lookup(library, "name")
	if jsonscan.KindOf(name) != '"' {
		return nil
	}
	return jsonscan.Unquote(name)
}

// integrationsDialect goes by the name that an object has for Segment: to
// RudderStack it is a destination, and Segment's SDKs call it Segment.io.
func integrationsDialect(integrations jsontext.Value) Dialect {
	found := DialectUnknown
	for m := range jsonscan.Members(integrations) {
		switch string(jsonscan.Unquote(m.Name)) {
		case "Segment", "SEGMENT":
			return DialectRudderStack
		case "Segment.io":
			found = DialectSegment
		}
	}
	return found
}
