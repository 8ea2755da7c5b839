package check

import (
	"fmt"
	"slices"
	"strings"

	"benthos-segment/internal/segment/consent"
)

// The names that RudderStack's older settings have in the output.
const (
	olderOneTrust = "one_trust_cookie_categories"
	olderKetch    = "ketch_consent_purposes"
)

// consentRule reads the values of the flag: PROVIDER=ID each. An id alone, as it
// is left of PROVIDER=ID,ID, belongs to the provider before it.
func consentRule(values []string) (*consent.Rule, error) {
	var conf consent.Config
	name := ""
	for _, value := range values {
		id := value
		if provider, first, isNamed := strings.Cut(value, "="); isNamed {
			name, id = provider, first
		}
		if name == "" || id == "" {
			return nil, fmt.Errorf("--%s must be a provider with its ids, as in oneTrust=C0002,C0004, not %q", flagConsent, value)
		}
		if err := addConsent(&conf, name, id); err != nil {
			return nil, err
		}
	}
	return consent.NewRule(conf), nil
}

func addConsent(conf *consent.Config, name, id string) error {
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
			flagConsent, name, olderOneTrust, olderKetch)
	}
	at := slices.IndexFunc(conf.Blocks, func(b consent.Block) bool { return b.Provider == block.Provider })
	if at < 0 {
		conf.Blocks = append(conf.Blocks, block)
		at = len(conf.Blocks) - 1
	}
	conf.Blocks[at].IDs = append(conf.Blocks[at].IDs, id)
	return nil
}
