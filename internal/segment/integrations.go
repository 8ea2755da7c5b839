package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// IntegrationsMode says what becomes of an event's integrations object, whose
// names are RudderStack destinations or Segment destinations, depending on
// who wrote it.
type IntegrationsMode uint8

const (
	// IntegrationsFilter gives it RudderStack's meaning: an event that
	// excludes Segment is not sent, and the object stays here.
	IntegrationsFilter IntegrationsMode = iota
	// IntegrationsForward gives it Segment's meaning: it is sent as it is.
	IntegrationsForward
	// IntegrationsDrop ignores it.
	IntegrationsDrop
)

// excludesSegment reads an integrations object the way RudderStack does. All
// counts in lower case too, as the Go SDKs write it, and Segment counts in
// capitals, as RudderStack's documentation writes it. Only false excludes:
// where RudderStack would send an event with a malformed All nowhere, we lose
// nothing.
func excludesSegment(integrations jsontext.Value) bool {
	if !bytes.Contains(integrations, []byte("false")) {
		return false
	}
	all, included, excluded := true, false, false
	for m := range members(integrations) {
		switch string(unquote(m.name)) {
		case "All", "all":
			all = kindOf(m.value) != 'f'
		case "Segment", "SEGMENT":
			included = included || kindOf(m.value) == 't' || kindOf(m.value) == '{'
			excluded = excluded || kindOf(m.value) == 'f'
		}
	}
	return excluded || !all && !included
}
