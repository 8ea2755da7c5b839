package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/jsonscan"
)

// IntegrationsMode says what happens to an event's integrations object, whose
// names are destinations of RudderStack or of Segment, depending on who wrote
// it.
type IntegrationsMode uint8

const (
	// IntegrationsAuto goes by the event's dialect: it filters RudderStack's
	// events and forwards all others, so that no event is lost because its
	// dialect was misread.
	IntegrationsAuto IntegrationsMode = iota
	// IntegrationsFilter gives it RudderStack's meaning: an event that
	// excludes Segment is not sent, and only the exclusions of other
	// destinations are.
	IntegrationsFilter
	// IntegrationsForward gives it Segment's meaning: it is sent as it is.
	IntegrationsForward
	// IntegrationsDrop ignores it.
	IntegrationsDrop
)

// integrationsModes is the table of the modes, for configurations and commands.
// The descriptions are Markdown.
var integrationsModes = [...]struct{ name, description string }{
	IntegrationsAuto: {
		"auto",
		"By the event's dialect: `filter` for RudderStack's events, `forward` for Segment's events and for those that could be either.",
	},
	IntegrationsFilter: {
		"filter",
		"RudderStack's meaning: an event that excludes `Segment`, `SEGMENT` or `Segment.io`, or `All` without including one of " +
			"them, is skipped. Of the object, only destinations that are set to `false` are sent, never `All`: this can only " +
			"narrow where an event goes.",
	},
	IntegrationsForward: {
		"forward",
		"Segment's meaning: the object is sent as it is and selects destinations at Segment. Also sent is what `_metadata` says " +
			"about destinations that a device has delivered to by itself (`bundled`, `unbundled`, `bundledIds`).",
	},
	IntegrationsDrop: {"drop", "The object is ignored."},
}

// String returns the name that configurations have for the mode.
func (m IntegrationsMode) String() string { return integrationsModes[m].name }

// Description says what the mode does, in Markdown.
func (m IntegrationsMode) Description() string { return integrationsModes[m].description }

// IntegrationsModes are all modes by their names.
var IntegrationsModes = func() map[string]IntegrationsMode {
	modes := make(map[string]IntegrationsMode, len(integrationsModes))
	for m := range integrationsModes {
		modes[integrationsModes[m].name] = IntegrationsMode(m)
	}
	return modes
}()

// integrationsMode returns the mode for the current event.
func (c *Converter) integrationsMode(from Provenance) IntegrationsMode {
	if c.conf.Integrations != IntegrationsAuto {
		return c.conf.Integrations
	}
	// Most events have nothing to which a mode applies.
	if !c.doc.has(fieldIntegrations) && c.doc.inMetadata&metadataBundled == 0 {
		return IntegrationsForward
	}
	if c.dialect(from) == DialectRudderStack {
		return IntegrationsFilter
	}
	return IntegrationsForward
}

// excludesSegment reads an integrations object as RudderStack does. All also
// counts in lower case, as the Go SDKs write it, and Segment also in capitals,
// as in RudderStack's documentation, and under the name that Segment's own SDKs
// use. Only false excludes: RudderStack sends an event with a malformed All
// nowhere, and we would rather not lose it.
func excludesSegment(integrations jsontext.Value) bool {
	if !excludes(integrations) {
		return false
	}
	all, included, excluded := true, false, false
	for m := range jsonscan.Members(integrations) {
		switch name := jsonscan.Unquote(m.Name); {
		case isAll(name):
			all = jsonscan.KindOf(m.Value) != 'f'
		case isSegment(name):
			included = included || jsonscan.KindOf(m.Value) == 't' || jsonscan.KindOf(m.Value) == '{'
			excluded = excluded || jsonscan.KindOf(m.Value) == 'f'
		}
	}
	return excluded || !all && !included
}

// excludes reports whether an object may exclude anything.
func excludes(integrations jsontext.Value) bool {
	return bytes.Contains(integrations, []byte("false"))
}

func isAll(name []byte) bool { return string(name) == "All" || string(name) == "all" }

func isSegment(name []byte) bool {
	switch string(name) {
	case "Segment", "SEGMENT", "Segment.io":
		return true
	default:
		return false
	}
}

// normaliseIntegrations keeps those members of the object that Segment should
// obey.
func (c *Converter) normaliseIntegrations(mode IntegrationsMode) {
	switch {
	case mode == IntegrationsForward:
	case mode == IntegrationsFilter && excludes(c.doc.value[fieldIntegrations]):
		// An exclusion can only narrow where an event goes, even if both have a
		// destination of that name. All would exclude everything, or widen.
		c.keepMembers(fieldIntegrations, isExclusion)
	default:
		c.doc.drop(fieldIntegrations)
	}
}

// isExclusion reports whether a member of integrations excludes one destination.
func isExclusion(m jsonscan.Member) bool {
	return jsonscan.KindOf(m.Value) == 'f' && !isAll(jsonscan.Unquote(m.Name))
}

// keepMembers keeps only those members of the object in field f for which isKept
// is true. If there are none, it drops the field.
func (c *Converter) keepMembers(f field, isKept func(jsonscan.Member) bool) {
	start := len(c.scratch)
	w := jsonobject.Begin(c.scratch)
	for m := range jsonscan.Members(c.doc.value[f]) {
		if isKept(m) {
			w.Member(m)
		}
	}
	if w.IsEmpty() {
		c.doc.drop(f)
		return
	}
	c.scratch = w.End()
	c.doc.value[f] = c.scratch[start:]
}

// metadataSet says what a _metadata object holds: to which destinations a device
// has delivered by itself, and other things.
type metadataSet uint8

const (
	// metadataBundled is about destinations to which a device has delivered.
	metadataBundled metadataSet = 1 << iota
	// metadataRuntime is where Segment's SDK for Node.js ran.
	metadataRuntime
	// metadataOther is everything else, such as the nodeVersion that
	// RudderStack's SDK writes as well.
	metadataOther
)

// isSegments reports whether only an SDK of Segment writes this.
func (s metadataSet) isSegments() bool { return s&(metadataBundled|metadataRuntime) != 0 }

// metadataNamed returns what a member of that quoted name is about.
func metadataNamed(quoted []byte) metadataSet {
	switch string(quoted) {
	case `"bundled"`, `"unbundled"`, `"bundledIds"`:
		return metadataBundled
	case `"jsRuntime"`:
		return metadataRuntime
	default:
		return metadataOther
	}
}

// normaliseMetadata tells Segment what a device has already delivered, so that it
// is not delivered twice, if the object of the event has Segment's meaning. The
// rest is for whoever wrote it.
func (c *Converter) normaliseMetadata(mode IntegrationsMode) {
	d := &c.doc
	if jsonscan.IsEmpty(d.value[fieldMetadata]) {
		d.drop(fieldMetadata)
		return
	}
	if mode != IntegrationsForward || d.inMetadata&metadataBundled == 0 {
		c.notes.add(NoteInternalDropped, quotedNames[fieldMetadata])
		d.drop(fieldMetadata)
		return
	}
	if d.inMetadata != metadataBundled {
		c.keepMembers(fieldMetadata, func(m jsonscan.Member) bool { return metadataNamed(m.Name) == metadataBundled })
	}
}
