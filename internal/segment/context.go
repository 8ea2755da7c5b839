package segment

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// renames are RudderStack's names inside context and Segment's for the same
// thing. A conversion returns nil for a value that it does not understand,
// which then stays as it is.
var renames = [...]struct {
	from, to string
	convert  func(jsontext.Value) []byte
}{
	{"ua-ch", "userAgentData", func(hints jsontext.Value) []byte { return hints }},
	{"externalId", "externalIds", externalIDs},
	{"consentManagement", "consent", consent},
}

// mendContext gives the context Segment's names for things, takes out what is
// none of Segment's business, and adds who the sender was and the address of
// a request where the payload knows it.
func (c *Converter) mendContext(t Type) {
	d := &c.doc
	if d.has(fieldContext) && d.value[fieldContext].Kind() != '{' {
		return
	}
	// A fingerprint that reverse ETL adds for itself.
	changed := d.dropContext("activation")
	for i := range renames {
		changed = d.rename(renames[i].from, renames[i].to, renames[i].convert) || changed
	}
	changed = c.mendContextTraits(t) || changed
	if d.has(fieldRequestIP) {
		changed = d.addContext("ip", quotedIP(d.value[fieldRequestIP])) || changed
	}
	changed = d.addContext("library", c.library) || changed
	if changed {
		c.writeContext()
	}
}

func (c *Converter) writeContext() {
	start := len(c.scratch)
	w := objectWriter{dst: append(c.scratch, '{')}
	for _, m := range c.doc.context {
		w.member(m)
	}
	c.scratch = append(w.dst, '}')
	c.doc.set(fieldContext, c.scratch[start:])
}

// dropContext takes all members of that name out of context.
func (d *document) dropContext(name string) (changed bool) {
	before := len(d.context)
	d.context = slices.DeleteFunc(d.context, func(m member) bool { return m.named(name) })
	return len(d.context) < before
}

// addContext adds a member that context does not have.
func (d *document) addContext(name string, value jsontext.Value) (changed bool) {
	if value == nil || d.contextMember(name) != nil {
		return false
	}
	d.dropContext(name) // A null would come after it, or before.
	d.context = append(d.context, member{quotedName(name), value})
	return true
}

// rename gives the members called from the name to. Where an event has both,
// both stay: then it is not ours to say which is right.
func (d *document) rename(from, to string, convert func(jsontext.Value) []byte) (changed bool) {
	if d.contextMember(from) == nil || d.contextMember(to) != nil {
		return false
	}
	d.dropContext(to) // What is left of it are nulls.
	for i, m := range d.context {
		if !m.named(from) {
			continue
		}
		if value := convert(m.value); value != nil {
			d.context[i] = member{quotedName(to), value}
			changed = true
		}
	}
	return changed
}

func quotedName(name string) jsontext.Value { return jsontext.Value(`"` + name + `"`) }

// mendContextTraits keeps the traits of a person on every call but identify,
// which carries them at its top level.
func (c *Converter) mendContextTraits(t Type) (changed bool) {
	if t == Identify {
		return c.doc.dropContext("traits")
	}
	for i, m := range c.doc.context {
		if m.named("traits") && hasAnonymousID(m.value) {
			c.doc.context[i].value = c.userTraits(m.value)
			changed = true
		}
	}
	return changed
}

// userTraits returns the traits of a person without the anonymous id, which
// mobile SDKs repeat in them and which is no trait.
func (c *Converter) userTraits(traits jsontext.Value) jsontext.Value {
	if !hasAnonymousID(traits) {
		return traits
	}
	start := len(c.scratch)
	w := objectWriter{dst: append(c.scratch, '{')}
	for m := range members(traits) {
		if !m.named("anonymousId") {
			w.member(m)
		}
	}
	c.scratch = append(w.dst, '}')
	return c.scratch[start:]
}

// hasAnonymousID says whether there may be such a member in an object.
func hasAnonymousID(value jsontext.Value) bool {
	return value.Kind() == '{' && bytes.Contains(value, []byte(`"anonymousId"`))
}

// externalIDs gives each of RudderStack's external ids the four members that
// Segment asks for. It returns nil where the value has another shape.
// https://www.twilio.com/docs/segment/unify/identity-resolution/externalids
func externalIDs(value jsontext.Value) []byte {
	if value.Kind() != '[' {
		return nil
	}
	ids := []byte{'['}
	for entry := range elements(value) {
		kind, id := lookup(entry, "type"), quotedID(lookup(entry, "id"))
		if !isText(kind) || id == nil {
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

// quotedID returns an id as a string, or nil where the value is none.
func quotedID(value jsontext.Value) jsontext.Value {
	switch {
	case isText(value):
		return value
	case value.Kind() == '0':
		return slices.Concat(jsontext.Value{'"'}, value, jsontext.Value{'"'})
	default:
		return nil
	}
}

// consent turns lists of consent ids that were denied and allowed into
// Segment's object of ids with true or false; one in both lists is denied. It
// returns nil where there is no such list.
// https://www.twilio.com/docs/segment/privacy/consent-management
func consent(value jsontext.Value) []byte {
	w := objectWriter{dst: []byte(`{"categoryPreferences":{`)}
	listed := map[string]bool{}
	for _, list := range [...]struct {
		name     string
		decision jsontext.Value
	}{
		{"deniedConsentIds", jsontext.Value("false")},
		{"allowedConsentIds", jsontext.Value("true")},
	} {
		for _, id := range consentIDs(lookup(value, list.name)) {
			if name := string(unquote(id)); !listed[name] {
				listed[name] = true
				w.member(member{id, list.decision})
			}
		}
	}
	if len(listed) == 0 {
		return nil
	}
	return append(w.dst, "}}"...)
}

// consentIDs reads a list of ids, or an object from ids to names, as the
// plugin for OneTrust writes it.
func consentIDs(value jsontext.Value) (ids []jsontext.Value) {
	for entry := range elements(value) {
		if id := quotedID(entry); id != nil {
			ids = append(ids, id)
		}
	}
	for m := range members(value) {
		ids = append(ids, m.name)
	}
	return ids
}

// quotedIP returns the address in a request_ip, which may carry a port or be
// a list of proxies, or nil where it holds none.
func quotedIP(value jsontext.Value) []byte {
	if !isText(value) {
		return nil
	}
	text, _, _ := strings.Cut(string(unquote(value)), ",")
	text = strings.TrimSpace(text)
	if with, err := netip.ParseAddrPort(text); err == nil {
		return appendQuoted(nil, with.Addr().String())
	}
	if alone, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return appendQuoted(nil, alone.String())
	}
	return nil
}
