// Package consent decides by RudderStack's rule whether a person has refused
// that an event goes to a destination.
//
// The event says in context.consentManagement what its person has refused; a
// destination says of which ids it needs the consent. The verdicts are those of
// RudderStack's own server, also where an event is malformed: what cannot be
// read counts as not refused, and the event is sent.
// https://www.rudderstack.com/docs/data-governance/consent-management/
package consent

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Provider is a consent manager, by the name that its events have for it.
type Provider string

// The providers that RudderStack knows.
const (
	OneTrust Provider = "oneTrust"
	Ketch    Provider = "ketch"
	Iubenda  Provider = "iubenda"
	Custom   Provider = "custom"
)

// Providers lists all of them.
var Providers = []Provider{OneTrust, Ketch, Iubenda, Custom}

// Strategy says how many of the ids must be refused until an event is.
type Strategy uint8

const (
	// And means that the consent to each id is needed: one refusal is enough.
	And Strategy = iota
	// Or means that the consent to one id is enough: all must be refused.
	Or
)

// Block is what a destination needs of the events of one provider.
type Block struct {
	Provider Provider
	// IDs are the ids whose consent is needed. Empty ones do not count, and a
	// block without any is no block.
	IDs []string
	// Strategy counts for custom alone. The events of the others bring their own.
	Strategy Strategy
}

// Config is what a destination needs.
type Config struct {
	// Blocks has one for each provider. Of several for the same, the last counts. A
	// block without a provider counts for nothing, as events without one have none.
	Blocks []Block
	// OneTrustCategories and KetchPurposes are RudderStack's older settings. They
	// count for events that name their provider, if there is no block for it, and
	// for events that name none.
	OneTrustCategories, KetchPurposes []string
}

// Rule is the rule of one destination. It is safe for concurrent use.
type Rule struct {
	blocks     map[Provider]Block
	categories []string
	purposes   []string
}

// NewRule returns the rule, or nil if nothing is needed.
func NewRule(conf Config) *Rule {
	r := &Rule{
		blocks:     make(map[Provider]Block),
		categories: withoutEmpty(conf.OneTrustCategories),
		purposes:   withoutEmpty(conf.KetchPurposes),
	}
	for _, b := range conf.Blocks {
		if b.IDs = withoutEmpty(b.IDs); len(b.IDs) > 0 && b.Provider != "" {
			r.blocks[b.Provider] = b
		}
	}
	if len(r.blocks)+len(r.categories)+len(r.purposes) == 0 {
		return nil
	}
	return r
}

func withoutEmpty(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
}

// Refuses reports whether the person of an event has refused it, which the event
// says in the value of its context.consentManagement.
func (r *Rule) Refuses(consentManagement jsontext.Value) bool {
	s, isRead := read(consentManagement)
	if !isRead || !s.refusesAny() {
		return false
	}
	// A block is final, and so is a legacy setting.
	if b, exists := r.blocks[Provider(s.provider)]; exists {
		return s.refuses(b.IDs, s.strategyFor(b))
	}
	isBlank := len(s.provider) == 0
	switch {
	case len(r.categories) > 0 && (isBlank || string(s.provider) == string(OneTrust)):
		return s.refuses(r.categories, And)
	case len(r.purposes) > 0 && (isBlank || string(s.provider) == string(Ketch)):
		return s.refuses(r.purposes, Or)
	default:
		return false
	}
}
