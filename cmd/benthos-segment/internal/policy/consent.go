// Package policy has the flags of commands that handle events without a
// configuration, by which they keep to what persons have refused and to a tracking
// plan, as the fields consent and tracking_plan of the output do.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"benthos-segment/internal/segment/consent"
)

// The names of the flags.
const (
	FlagConsent = "consent"
	FlagPlan    = "plan"
)

// Names lists them.
var Names = []string{FlagConsent, FlagPlan}

// The names that RudderStack's older settings have in the output.
const (
	olderOneTrust = "one_trust_cookie_categories"
	olderKetch    = "ketch_consent_purposes"
)

// strategies are the names of the strategies in the output.
var strategies = map[consent.Strategy]string{consent.And: "and", consent.Or: "or"}

// ConsentFlag returns the flag that lists the ids whose consent is needed.
func ConsentFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: FlagConsent, Usage: "skip events whose persons have denied an id, like the field consent of the output: `PROVIDER=ID,ID`, such as oneTrust=C0002; repeatable"}
}

// Consent reads that flag: PROVIDER=ID each. An id alone, as it is left of
// PROVIDER=ID,ID, belongs to the provider before it.
func Consent(c *cli.Context) (conf consent.Config, err error) {
	name := ""
	for _, value := range c.StringSlice(FlagConsent) {
		id := value
		if provider, first, isNamed := strings.Cut(value, "="); isNamed {
			name, id = provider, first
		}
		if name == "" || id == "" {
			return conf, fmt.Errorf("--%s must be a provider with its ids, as in oneTrust=C0002,C0004, not %q", FlagConsent, value)
		}
		if err := add(&conf, name, id); err != nil {
			return conf, err
		}
	}
	return conf, nil
}

func add(conf *consent.Config, name, id string) error {
	switch name {
	case olderOneTrust:
		conf.OneTrustCategories = append(conf.OneTrustCategories, id)
		return nil
	case olderKetch:
		conf.KetchPurposes = append(conf.KetchPurposes, id)
		return nil
	}
	block := consent.Block{Provider: consent.Provider(name)}
	switch name {
	case string(consent.Custom) + ":or":
		block = consent.Block{Provider: consent.Custom, Strategy: consent.Or}
	case string(consent.Custom) + ":and":
		block = consent.Block{Provider: consent.Custom, Strategy: consent.And}
	}
	if !slices.Contains(consent.Providers, block.Provider) {
		return fmt.Errorf("--%s names the provider %q: it must be oneTrust, ketch, iubenda, custom, custom:and, custom:or, %s or %s",
			FlagConsent, name, olderOneTrust, olderKetch)
	}
	at := slices.IndexFunc(conf.Blocks, func(b consent.Block) bool { return b.Provider == block.Provider })
	if at < 0 {
		conf.Blocks = append(conf.Blocks, block)
		at = len(conf.Blocks) - 1
	}
	conf.Blocks[at].IDs = append(conf.Blocks[at].IDs, id)
	return nil
}

// ConsentField returns the field consent of the output for a configuration, nil
// where nothing is needed.
func ConsentField(conf consent.Config) map[string]any {
	field := map[string]any{}
	var providers []any
	for _, b := range conf.Blocks {
		entry := map[string]any{"provider": string(b.Provider), "ids": b.IDs}
		if b.Provider == consent.Custom {
			entry["resolution_strategy"] = strategies[b.Strategy]
		}
		providers = append(providers, entry)
	}
	if providers != nil {
		field["providers"] = providers
	}
	if ids := conf.OneTrustCategories; len(ids) > 0 {
		field[olderOneTrust] = ids
	}
	if ids := conf.KetchPurposes; len(ids) > 0 {
		field[olderKetch] = ids
	}
	if len(field) == 0 {
		return nil
	}
	return field
}
