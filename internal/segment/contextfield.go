package segment

import (
	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// contextField is a member of context that the conversion knows.
type contextField uint8

const (
	contextUnknown contextField = iota

	contextTraits
	contextGroupID
	contextIP
	contextLibrary
	contextDevice
	contextConsent
	contextConsentManagement
	contextExternalID
	contextExternalIDs
	contextUserAgentHints
	contextUserAgentData
	contextActivation

	contextCount
)

var contextNames = [contextCount]string{
	contextTraits:            "traits",
	contextGroupID:           "groupId",
	contextIP:                "ip",
	contextLibrary:           "library",
	contextDevice:            "device",
	contextConsent:           "consent",
	contextConsentManagement: "consentManagement",
	contextExternalID:        "externalId",
	contextExternalIDs:       "externalIds",
	contextUserAgentHints:    "ua-ch",
	contextUserAgentData:     "userAgentData",
	contextActivation:        "activation",
}

// quotedContextNames are the names as they are written into a call.
var quotedContextNames = func() (quoted [contextCount]jsontext.Value) {
	for f, name := range contextNames {
		quoted[f] = jsontext.Value(`"` + name + `"`)
	}
	return quoted
}()

var contextIndex = jsonscan.NewNameIndex(contextNames[:])

// contextNamed returns the field of that quoted name, or contextUnknown.
func contextNamed(quoted []byte) contextField {
	f := contextField(contextIndex.Candidate(quoted[1 : len(quoted)-1]))
	if string(quoted[1:len(quoted)-1]) == contextNames[f] {
		return f
	}
	return contextUnknown
}

// contextSet is a set of context fields.
type contextSet uint16

func (s contextSet) has(f contextField) bool { return s>>f&1 == 1 }

// contextMember is a member of context, and which field it is.
type contextMember struct {
	jsonscan.Member
	field contextField
	// start and end are its offsets in the payload. Both are 0 if the member was
	// changed or added.
	start, end int
}

// forgetContext removes all members, because another context counts.
func (d *document) forgetContext() { d.context, d.inContext = d.context[:0], 0 }

// appendContext adds the next member of the payload's context.
func (d *document) appendContext(m jsonscan.Member, start, end int) {
	f := contextNamed(m.Name)
	d.context = append(d.context, contextMember{m, f, start, end})
	d.inContext |= 1 << f
}

// contextMember returns the last value of a field in context, or nil. Null
// counts as absent.
func (d *document) contextMember(f contextField) jsontext.Value {
	if !d.inContext.has(f) {
		return nil
	}
	for i := len(d.context) - 1; i >= 0; i-- {
		if d.context[i].field == f && jsonscan.KindOf(d.context[i].Value) != 'n' {
			return d.context[i].Value
		}
	}
	return nil
}

// dropContext removes all members of a field from context.
func (d *document) dropContext(f contextField) (changed bool) {
	if !d.inContext.has(f) {
		return false
	}
	kept := d.context[:0]
	for _, m := range d.context {
		if m.field != f {
			kept = append(kept, m)
		}
	}
	changed = len(kept) < len(d.context)
	d.context = kept
	d.inContext &^= 1 << f
	return changed
}

// addContext adds a field that context does not have.
func (d *document) addContext(f contextField, value jsontext.Value) (changed bool) {
	if value == nil || d.contextMember(f) != nil {
		return false
	}
	d.dropContext(f) // It may be there as null.
	d.context = append(d.context, contextMember{Member: jsonscan.Member{Name: quotedContextNames[f], Value: value}, field: f})
	d.inContext |= 1 << f
	return true
}
