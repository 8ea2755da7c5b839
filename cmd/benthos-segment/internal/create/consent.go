package create

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// consent is what a destination needs of the events of a source.
type consent struct {
	providers            []provider
	categories, purposes []string
}

type provider struct {
	name, strategy string
	ids            []string
}

func (c consent) isEmpty() bool { return len(c.providers)+len(c.categories)+len(c.purposes) == 0 }

// providers are those that the output knows, as RudderStack writes them.
var providers = []string{"oneTrust", "ketch", "iubenda", "custom"}

// consentOf reads the settings of a destination for a kind of source, and says what
// cannot be carried over.
func consentOf(d destination, kind string) (c consent, notes []string) {
	var managed []struct {
		Provider           string
		ResolutionStrategy string
		Consents           []struct{ Consent string }
	}
	setting(d, "consentManagement", kind, &managed)
	for _, m := range managed {
		p := provider{name: m.Provider}
		for _, one := range m.Consents {
			p.ids = append(p.ids, one.Consent)
		}
		p.ids = filled(p.ids)
		if p.name == "" {
			p.name = "oneTrust"
		}
		if p.name == "custom" {
			p.strategy = strings.ToLower(m.ResolutionStrategy)
		}
		switch {
		case len(p.ids) == 0:
		case !slices.Contains(providers, p.name):
			notes = append(notes, fmt.Sprintf("the consent of the provider %s in the destination %s, which the output does not know", printable(p.name), printable(d.Name)))
		default:
			c.providers = append(c.providers, p)
		}
	}
	var categories []struct{ OneTrustCookieCategory string }
	setting(d, "oneTrustCookieCategories", kind, &categories)
	for _, one := range categories {
		c.categories = append(c.categories, one.OneTrustCookieCategory)
	}
	var purposes []struct{ Purpose string }
	setting(d, "ketchConsentPurposes", kind, &purposes)
	for _, one := range purposes {
		c.purposes = append(c.purposes, one.Purpose)
	}
	c.categories, c.purposes = filled(c.categories), filled(c.purposes)
	return c, notes
}

func filled(ids []string) []string {
	ids = slices.Clone(ids)
	return slices.DeleteFunc(ids, func(id string) bool { return strings.TrimSpace(id) == "" })
}

// setting reads a setting, which is the same for all sources or has a member for
// each kind.
func setting(d destination, name, kind string, into any) {
	raw := d.Config[name]
	var byKind map[string]json.RawMessage
	if json.Unmarshal(raw, &byKind) == nil {
		raw = byKind[kind]
	}
	_ = json.Unmarshal(raw, into) // what is not there, or empty, sets nothing
}

// kinds are what RudderStack's settings call sources, by the names of these.
var kinds = map[string]string{
	"javascript": "web", "android": "android", "androidkotlin": "androidKotlin", "ios": "ios", "iosswift": "iosSwift",
	"unity": "unity", "amp": "amp", "reactnative": "reactnative", "flutter": "flutter", "cordova": "cordova", "shopify": "shopify",
}

// kindOf is what settings call a source.
func kindOf(s source) string {
	plain := strings.NewReplacer(" ", "", "-", "", "_", "", "(", "", ")", "").Replace(strings.ToLower(s.Definition.Name))
	if kind, isKnown := kinds[plain]; isKnown {
		return kind
	}
	if s.isWarehouse() {
		return "warehouse"
	}
	return "cloud"
}

// isWarehouse says whether RudderStack fetches the events itself.
func (s source) isWarehouse() bool {
	return slices.Contains([]string{"warehouse", "singer-protocol"}, s.Definition.Category)
}
