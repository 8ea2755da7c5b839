package segment

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/jsonscan"
)

// renames pairs RudderStack's names inside context with Segment's names for the
// same things. A conversion returns nil for a value that it does not
// understand, which then stays as it is.
var renames = [...]struct {
	from, to contextField
	convert  func(jsontext.Value) []byte
}{
	{contextUserAgentHints, contextUserAgentData, func(hints jsontext.Value) []byte { return hints }},
	{contextExternalID, contextExternalIDs, externalIDs},
	{contextConsentManagement, contextConsent, categoryPreferences},
}

// normaliseContext renames members of the context to Segment's names, removes
// those that are not for Segment, and adds the library and, if the payload knows
// it, the address of the sender.
func (c *Converter) normaliseContext(t Type) {
	d := &c.doc
	if d.has(fieldContext) && jsonscan.KindOf(d.value[fieldContext]) != '{' {
		return
	}
	// Reverse ETL adds this fingerprint for itself.
	changed := d.dropContext(contextActivation)
	for i := range renames {
		if renames[i].from == contextConsentManagement && c.conf.KeepConsentManagement {
			continue
		}
		changed = d.rename(renames[i].from, renames[i].to, renames[i].convert) || changed
	}
	changed = c.normaliseContextTraits(t) || changed
	changed = d.moveGroupID(t) || changed
	if d.has(fieldRequestIP) && d.contextMember(contextIP) == nil {
		changed = d.addContext(contextIP, c.quotedIP(d.value[fieldRequestIP])) || changed
	}
	changed = d.addContext(contextLibrary, c.library) || changed
	if changed {
		c.writeContext()
	}
}

// writeContext writes the changed context. Members of the payload with nothing
// but a comma between them are copied together.
func (c *Converter) writeContext() {
	start := len(c.scratch)
	w := jsonobject.Begin(c.scratch)
	all := c.doc.context
	for i := 0; i < len(all); i++ {
		first := all[i]
		if first.end == 0 {
			w.Member(first.Member)
			continue
		}
		for i+1 < len(all) && all[i+1].start == all[i].end+len(",") {
			i++
		}
		w.Written(c.scanner.Between(first.start, all[i].end))
	}
	c.scratch = w.End()
	c.doc.set(fieldContext, c.scratch[start:])
}

// rename gives the members of one field the name of another. If an event has
// both, both stay: we cannot know which one is right.
func (d *document) rename(from, to contextField, convert func(jsontext.Value) []byte) (changed bool) {
	if d.contextMember(from) == nil || d.contextMember(to) != nil {
		return false
	}
	d.dropContext(to) // Only nulls are left of it.
	for i, m := range d.context {
		if m.field != from {
			continue
		}
		if value := convert(m.Value); value != nil {
			d.context[i] = contextMember{Member: jsonscan.Member{Name: quotedContextNames[to], Value: value}, field: to}
			d.inContext |= 1 << to
			changed = true
		}
	}
	return changed
}

// userTraits returns the traits of a person without the anonymous id, which is
// not a trait, although mobile SDKs repeat it there.
func (c *Converter) userTraits(traits jsontext.Value) jsontext.Value {
	if !hasAnonymousID(traits) {
		return traits
	}
	start := len(c.scratch)
	w := jsonobject.Begin(c.scratch)
	for m := range jsonscan.Members(traits) {
		if !m.Named("anonymousId") {
			w.Member(m)
		}
	}
	c.scratch = w.End()
	return c.scratch[start:]
}

// hasAnonymousID reports whether an object may have such a member. A search stops
// at every byte that is equal to its first one, so that the first search is for
// a part of the name that begins with a rare byte.
func hasAnonymousID(value jsontext.Value) bool {
	return jsonscan.KindOf(value) == '{' && bytes.Contains(value, []byte("ymousId")) &&
		bytes.Contains(value, []byte(`"anonymousId"`))
}

// externalIDs gives each of RudderStack's external ids the four members that
// Segment requires. It returns nil if the value has another shape.
// https://www.twilio.com/docs/segment/unify/identity-resolution/externalids
func externalIDs(value jsontext.Value) []byte {
	if jsonscan.KindOf(value) != '[' {
		return nil
	}
	ids := []byte{'['}
	for entry := range jsonscan.Elements(value) {
		kind, id := jsonscan.Lookup(entry, "type"), quotedID(jsonscan.Lookup(entry, "id"))
		if !jsonscan.IsText(kind) || id == nil {
			return nil
		}
		if len(ids) > 1 {
			ids = append(ids, ',')
		}
		ids = append(append(ids, `{"id":`...), id...)
		ids = append(append(ids, `,"type":`...), kind...)
		ids = append(ids, `,"collection":"users","encoding":"none"}`...)
	}
	return append(ids, ']')
}

// categoryPreferences turns RudderStack's lists of denied and allowed consent
// ids into Segment's object of ids with true or false. An id in both lists is
// denied. It returns nil if there is no such list.
// https://www.twilio.com/docs/segment/privacy/consent-management
func categoryPreferences(value jsontext.Value) []byte {
	w := jsonobject.Begin([]byte(`{"categoryPreferences":`))
	listed := map[string]bool{}
	for _, list := range [...]struct {
		name     string
		decision jsontext.Value
	}{
		{"deniedConsentIds", jsontext.Value("false")},
		{"allowedConsentIds", jsontext.Value("true")},
	} {
		for _, id := range consentIDs(jsonscan.Lookup(value, list.name)) {
			if name := string(jsonscan.Unquote(id)); !listed[name] {
				listed[name] = true
				w.Member(jsonscan.Member{Name: id, Value: list.decision})
			}
		}
	}
	if len(listed) == 0 {
		return nil
	}
	return append(w.End(), '}')
}

// consentIDs reads a list of ids, or an object from ids to names, which the
// plugin for OneTrust writes.
func consentIDs(value jsontext.Value) (ids []jsontext.Value) {
	for entry := range jsonscan.Elements(value) {
		if id := quotedID(entry); id != nil {
			ids = append(ids, id)
		}
	}
	for m := range jsonscan.Members(value) {
		ids = append(ids, m.Name)
	}
	return ids
}

// quotedIP returns the address in a request_ip, which may have a port or be a
// list of proxies, or nil if it has no address.
func (c *Converter) quotedIP(value jsontext.Value) jsontext.Value {
	if !jsonscan.IsText(value) {
		return nil
	}
	if isIPv4(value[1 : len(value)-1]) {
		return value
	}
	first, _, _ := bytes.Cut(jsonscan.Unquote(value), []byte(","))
	address, isAddress := parseIP(string(bytes.TrimSpace(first)))
	if !isAddress {
		return nil
	}
	var room [64]byte
	text := address.AppendTo(room[:0])
	if bytes.Equal(text, value[1:len(value)-1]) {
		return value
	}
	start := len(c.scratch)
	// A zone may have a quote in it.
	c.scratch, _ = jsontext.AppendQuote(c.scratch, text)
	return c.scratch[start:]
}

// isIPv4 reports whether text is an address of version 4 and nothing else, which
// most are. It is there for speed: netip needs a string. It accepts nothing that
// netip would refuse.
func isIPv4(text []byte) bool {
	groups, digits, group := 1, 0, 0
	for _, b := range text {
		switch {
		case b == '.' && digits > 0:
			groups, digits, group = groups+1, 0, 0
		case jsonscan.IsDigit(b) && (digits == 0 || group > 0):
			digits, group = digits+1, group*10+int(b-'0')
			if group > 255 {
				return false
			}
		default:
			return false
		}
	}
	return groups == 4 && digits > 0
}

func parseIP(text string) (netip.Addr, bool) {
	// Most have no port, and an error would cost more than the address.
	if isBare := strings.IndexByte(text, ':') < 0; !isBare {
		if with, err := netip.ParseAddrPort(text); err == nil {
			return with.Addr(), true
		}
	}
	alone, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return alone, err == nil
}
