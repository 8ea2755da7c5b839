package segment

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/Jeffail/gabs/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// RudderStack's names inside context, and Segment's for the same thing. Where
// an event has both, both stay: then it is not ours to say which is right.
const (
	rudderExternalID = "externalId"
	rudderUAHints    = "ua-ch"
	rudderConsent    = "consentManagement"
	// rudderActivation is a fingerprint that reverse ETL adds for itself.
	rudderActivation = "activation"

	segmentExternalIDs = "externalIds"
	segmentUAHints     = "userAgentData"
	segmentConsent     = "consent"
)

// contextPlan says what has to change in a context.
type contextPlan struct {
	rewrite    bool
	addLibrary bool
	// ip is the quoted address to add, or nil.
	ip []byte
}

func planContext(d *document, t Type) contextPlan {
	p := contextPlan{addLibrary: d.contextMember("library") == nil}
	if d.has(fieldRequestIP) && d.contextMember("ip") == nil {
		p.ip = quotedIP(d.value[fieldRequestIP])
	}
	p.rewrite = p.addLibrary || p.ip != nil
	for _, m := range d.context {
		switch string(m.name) {
		case `"externalId"`, `"ua-ch"`, `"consentManagement"`, `"activation"`:
			p.rewrite = true
		case `"traits"`:
			p.rewrite = p.rewrite || t == Identify || bytes.Contains(m.value, []byte(`"anonymousId"`))
		}
	}
	return p
}

// appendContext writes the context of a call as Segment wants it: with its
// names for things, without the traits that identify carries elsewhere, and
// with a library, which says who the sender was.
func appendContext(dst []byte, d *document, t Type, p contextPlan, library []byte) []byte {
	w := objectWriter{dst: append(dst, '{')}
	for _, m := range d.context {
		switch {
		case p.addLibrary && m.named("library"), p.ip != nil && m.named("ip"):
			// A null, in whose place the value below comes.
		case m.named("traits"):
			w.contextTraits(m, t)
		default:
			w.renamed(m, d)
		}
	}
	if p.ip != nil {
		w.member(member{jsontext.Value(`"ip"`), p.ip})
	}
	if p.addLibrary {
		w.member(member{jsontext.Value(`"library"`), library})
	}
	return append(w.dst, '}')
}

// contextTraits keeps the traits of every call but identify. Mobile SDKs
// repeat the anonymous id in them, which is no trait.
func (w *objectWriter) contextTraits(m member, t Type) {
	if t == Identify {
		return
	}
	w.name(m.name)
	w.dst = appendUserTraits(w.dst, m.value)
}

func appendUserTraits(dst []byte, traits jsontext.Value) []byte {
	if traits.Kind() != '{' || !bytes.Contains(traits, []byte(`"anonymousId"`)) {
		return append(dst, traits...)
	}
	w := objectWriter{dst: append(dst, '{')}
	for m := range members(traits) {
		if !m.named("anonymousId") {
			w.member(m)
		}
	}
	return append(w.dst, '}')
}

// renamed writes a member under Segment's name, or as it is.
func (w *objectWriter) renamed(m member, d *document) {
	name, value := "", []byte(nil)
	switch {
	case m.named(rudderActivation):
		return
	case m.named(rudderUAHints):
		name, value = segmentUAHints, m.value
	case m.named(rudderExternalID):
		name, value = segmentExternalIDs, externalIDs(m.value)
	case m.named(rudderConsent):
		name, value = segmentConsent, categoryPreferences(m.value)
	}
	if value == nil || d.contextMember(name) != nil {
		w.member(m)
		return
	}
	w.member(member{jsontext.Value(`"` + name + `"`), value})
}

// externalIDs gives each of RudderStack's external ids the four members that
// Segment asks for. It returns nil where the value has another shape.
// https://www.twilio.com/docs/segment/unify/identity-resolution/externalids
func externalIDs(value jsontext.Value) []byte {
	given, err := parse(value)
	if err != nil {
		return nil
	}
	if _, isArray := given.Data().([]any); !isArray {
		return nil
	}
	ids := gabs.Wrap([]any{})
	for _, entry := range given.Children() {
		kind, isText := entry.S("type").Data().(string)
		id := idText(entry.S("id").Data())
		if !isText || kind == "" || id == "" {
			return nil
		}
		_ = ids.ArrayAppend(map[string]any{
			"id": id, "type": kind, "collection": "users", "encoding": "none",
		})
	}
	return ids.EncodeJSON()
}

func idText(value any) string {
	switch id := value.(type) {
	case string:
		return id
	case json.Number:
		return id.String()
	default:
		return ""
	}
}

// categoryPreferences turns lists of consent ids that were allowed and denied
// into Segment's object of ids with true or false. It returns nil where there
// is no such list.
// https://www.twilio.com/docs/segment/privacy/consent-management
func categoryPreferences(value jsontext.Value) []byte {
	given, err := parse(value)
	if err != nil {
		return nil
	}
	preferences := map[string]any{}
	for _, id := range consentIDs(given.S("allowedConsentIds").Data()) {
		preferences[id] = true
	}
	for _, id := range consentIDs(given.S("deniedConsentIds").Data()) {
		preferences[id] = false
	}
	if len(preferences) == 0 {
		return nil
	}
	return gabs.Wrap(map[string]any{"categoryPreferences": preferences}).EncodeJSON()
}

// consentIDs reads a list of ids, or an object from ids to names, as the
// plugin for OneTrust writes it.
func consentIDs(value any) (ids []string) {
	switch list := value.(type) {
	case []any:
		for _, entry := range list {
			if id := idText(entry); id != "" {
				ids = append(ids, id)
			}
		}
	case map[string]any:
		for id := range list {
			ids = append(ids, id)
		}
	}
	return ids
}

// quotedIP returns the address in a request_ip, which may carry a port or be
// a list of proxies, or nil where it holds none.
func quotedIP(value jsontext.Value) []byte {
	if !isText(value) {
		return nil
	}
	text, _, _ := strings.Cut(unquote(value), ",")
	text = strings.TrimSpace(text)
	if with, err := netip.ParseAddrPort(text); err == nil {
		return appendQuoted(nil, with.Addr().String())
	}
	if alone, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return appendQuoted(nil, alone.String())
	}
	return nil
}

// parse reads a value for the rare nested rewrites, with its number literals.
func parse(value jsontext.Value) (*gabs.Container, error) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	return gabs.ParseJSONDecoder(decoder)
}
