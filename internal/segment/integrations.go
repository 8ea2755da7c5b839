package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/internal/jsonscan"
)

// IntegrationsMode says what becomes of an event's integrations object, whose
// names are RudderStack destinations or Segment destinations, depending on
// who wrote it.
type IntegrationsMode uint8

const (
	// IntegrationsAuto goes by the event's dialect: it filters where that is
	// RudderStack's and forwards elsewhere, so that no event is lost because
	// its dialect was misread.
	IntegrationsAuto IntegrationsMode = iota
	// IntegrationsFilter gives it RudderStack's meaning: an event that
	// excludes Segment is not sent, and of the object only the destinations that
	// it excludes leave.
	IntegrationsFilter
	// IntegrationsForward gives it Segment's meaning: it is sent as it is.
	IntegrationsForward
	// IntegrationsDrop ignores it.
	IntegrationsDrop
)

// IntegrationsModes are the modes by the names that configurations give them.
var IntegrationsModes = map[string]IntegrationsMode{
	"auto":    IntegrationsAuto,
	"filter":  IntegrationsFilter,
	"forward": IntegrationsForward,
	"drop":    IntegrationsDrop,
}

// integrationsMode returns what becomes of the object of the event at hand.
func (c *Converter) integrationsMode(from Source) IntegrationsMode {
	if c.conf.Integrations != IntegrationsAuto {
		return c.conf.Integrations
	}
	// Most events have nothing to decide about.
	if !c.doc.has(fieldIntegrations) && c.doc.inMetadata&metadataBundled == 0 {
		return IntegrationsForward
	}
	if c.dialect(from) == DialectRudderStack {
		return IntegrationsFilter
	}
	return IntegrationsForward
}

// excludesSegment reads an integrations object the way RudderStack does. All
// counts in lower case too, as the Go SDKs write it, and Segment counts in
// capitals, as RudderStack's documentation writes it, and under the name that
// Segment's own SDKs have for it. Only false excludes: where RudderStack would
// send an event with a malformed All nowhere, we lose nothing.
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

// excludes says whether an object may exclude anything.
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

// mendIntegrations leaves of the object what Segment is to heed.
func (c *Converter) mendIntegrations(mode IntegrationsMode) {
	switch {
	case mode == IntegrationsForward:
	case mode == IntegrationsFilter && excludes(c.doc.value[fieldIntegrations]):
		// An excluded destination can only narrow, whoever has it of that name.
		// All would narrow to nothing, or widen.
		c.keep(fieldIntegrations, isExclusion)
	default:
		c.doc.drop(fieldIntegrations)
	}
}

// isExclusion says whether a member of integrations excludes one destination.
func isExclusion(m jsonscan.Member) bool {
	return jsonscan.KindOf(m.Value) == 'f' && !isAll(jsonscan.Unquote(m.Name))
}

// keep leaves only those members in the object in field f for which isKept is
// true, and drops it where there are none.
func (c *Converter) keep(f field, isKept func(jsonscan.Member) bool) {
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
