// Package policy has the fields of the output that say which events may be
// sent: those about the consent of persons, and those about a tracking plan.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/consent"
	"benthos-segment/plugin/internal/parsed"
)

const (
	// FieldConsent is the name of the field about consent.
	FieldConsent = "consent"

	coFieldProviders  = "providers"
	coFieldProvider   = "provider"
	coFieldIDs        = "ids"
	coFieldStrategy   = "resolution_strategy"
	coFieldCategories = "one_trust_cookie_categories"
	coFieldPurposes   = "ketch_consent_purposes"
	coFieldContext    = "context"
)

const (
	contextRename = "rename"
	contextKeep   = "keep"
)

var strategies = map[string]consent.Strategy{"and": consent.And, "or": consent.Or}

// Consent is the field about consent.
func Consent() *service.ConfigField {
	return service.NewObjectField(
		FieldConsent,
		service.NewObjectListField(
			coFieldProviders,
			service.NewStringEnumField(coFieldProvider, providerNames()...).
				Description("The consent manager, as events name it in `context.consentManagement.provider`. Only events of this provider are looked at."),
			service.NewStringListField(coFieldIDs).
				Description("The ids of categories or purposes whose consent Segment needs. They are compared byte by byte, with capitals and blanks.").
				Example([]any{"C0002", "C0004"}),
			service.NewStringAnnotatedEnumField(coFieldStrategy, map[string]string{
				"and": "The consent to each id is needed: an event is skipped if one of them is denied. The default.",
				"or":  "The consent to one id is enough: an event is skipped if all of them are denied.",
			}).
				Description("For `custom` alone. The events of the other providers bring their own `resolutionStrategy`, which is `and` where they have none.").
				Optional(),
		).
			Description("What is needed of the events of each provider. An event of a provider that is not listed is sent.").
			Default([]any{}).
			Example([]any{
				map[string]any{coFieldProvider: "oneTrust", coFieldIDs: []any{"C0002", "C0004"}},
				map[string]any{coFieldProvider: "custom", coFieldIDs: []any{"analytics", "ads"}, coFieldStrategy: "or"},
			}),
		service.NewStringListField(coFieldCategories).
			Description("RudderStack's older setting of OneTrust cookie categories. It counts for events that name no provider, and for those of oneTrust if that is not in `providers`. An event is skipped if one of them is denied.").
			Default([]any{}).
			Advanced(),
		service.NewStringListField(coFieldPurposes).
			Description("RudderStack's older setting of Ketch consent purposes. It counts for events that name no provider, if there are no OneTrust cookie categories, and for those of ketch if that is not in `providers`. An event is skipped if all of them are denied.").
			Default([]any{}).
			Advanced(),
		service.NewStringAnnotatedEnumField(coFieldContext, map[string]string{
			contextRename: "It becomes Segment's `context.consent`: `categoryPreferences`, with `true` for each allowed id and `false` for each denied one.",
			contextKeep:   "It is sent as it is.",
		}).
			Description("What becomes of `context.consentManagement` in the events that are sent.").
			Default(contextRename).
			Advanced(),
	).
		Description("Skips the events of persons who have refused, by the rule of RudderStack's own destination: see [consent](consent.md). Skipped events are acknowledged and counted in `segment_calls_skipped` with the reason `consent`. When it is left out, no event is skipped.").
		Optional()
}

func providerNames() []string {
	names := make([]string, len(consent.Providers))
	for i, p := range consent.Providers {
		names[i] = string(p)
	}
	return names
}

// ConsentInto reads the field about consent into a configuration.
func ConsentInto(c *segment.Config, conf *service.ParsedConfig) error {
	if !conf.Contains(FieldConsent) {
		return nil
	}
	conf = conf.Namespace(FieldConsent)
	needed, err := consentFromParsed(conf)
	if err != nil {
		return err
	}
	c.Consent = consent.NewRule(needed)
	c.KeepConsentManagement, err = parsed.OneOf(conf, coFieldContext, map[string]bool{contextKeep: true, contextRename: false})
	return err
}

func consentFromParsed(conf *service.ParsedConfig) (c consent.Config, err error) {
	if c.OneTrustCategories, err = conf.FieldStringList(coFieldCategories); err != nil {
		return
	}
	if c.KetchPurposes, err = conf.FieldStringList(coFieldPurposes); err != nil {
		return
	}
	providers, err := conf.FieldObjectList(coFieldProviders)
	if err != nil {
		return
	}
	for i, provider := range providers {
		block, err := blockFromParsed(provider)
		if err != nil {
			return c, fmt.Errorf("field %s.%s, entry %d: %w", FieldConsent, coFieldProviders, i+1, err)
		}
		c.Blocks = append(c.Blocks, block)
	}
	return
}

func blockFromParsed(conf *service.ParsedConfig) (b consent.Block, err error) {
	name, err := conf.FieldString(coFieldProvider)
	if err != nil {
		return b, err
	}
	// The linter does not mind capitals, and events do.
	at := slices.IndexFunc(consent.Providers, func(p consent.Provider) bool { return strings.EqualFold(string(p), name) })
	if at < 0 {
		return b, fmt.Errorf("field %s has an unknown value %q", coFieldProvider, name)
	}
	b.Provider = consent.Providers[at]
	if b.IDs, err = conf.FieldStringList(coFieldIDs); err != nil || !conf.Contains(coFieldStrategy) {
		return b, err
	}
	b.Strategy, err = parsed.OneOf(conf, coFieldStrategy, strategies)
	return b, err
}
