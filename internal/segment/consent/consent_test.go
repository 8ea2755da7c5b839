package consent_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment/consent"
)

func needs(provider consent.Provider, strategy consent.Strategy, ids ...string) consent.Block {
	return consent.Block{Provider: provider, IDs: ids, Strategy: strategy}
}

func blocks(all ...consent.Block) consent.Config { return consent.Config{Blocks: all} }

// The numbers are those of vectors that were measured by running the decision of
// RudderStack's server (rudderlabs/rudder-server f2655fbb, processor/consent.go),
// the names without a number those of its edges.
func TestTheVerdictsAreThoseOfRudderStack(t *testing.T) {
	const refused, sent = true, false
	legacy := consent.Config{OneTrustCategories: []string{"C1"}, KetchPurposes: []string{"P1"}}
	ketchLegacy := consent.Config{KetchPurposes: []string{"P1", "P2"}}
	oneTrustC1 := blocks(needs("oneTrust", consent.And, "C1"))
	custom12 := blocks(needs("custom", consent.And, "C1", "C2"))
	for _, row := range []struct {
		name, event string
		conf        consent.Config
		want        bool
	}{
		{
			"1 and, one of two denied", `{"provider":"oneTrust","resolutionStrategy":"and","deniedConsentIds":["C2"],"allowedConsentIds":["C1"]}`,
			blocks(needs("oneTrust", consent.And, "C1", "C2")), refused,
		},
		{
			"2 or, one of two denied", `{"provider":"ketch","resolutionStrategy":"or","deniedConsentIds":["C1"]}`,
			blocks(needs("ketch", consent.And, "C1", "C2")), sent,
		},
		{
			"3 or, all denied and more", `{"provider":"iubenda","resolutionStrategy":"or","deniedConsentIds":["C2","C1","C9"]}`,
			blocks(needs("iubenda", consent.And, "C1", "C2")), refused,
		},
		{
			"4 custom goes by its own and", `{"provider":"custom","resolutionStrategy":"or","deniedConsentIds":["C2"]}`,
			custom12, refused,
		},
		{
			"4 custom goes by its own or", `{"provider":"custom","resolutionStrategy":"and","deniedConsentIds":["C2"]}`,
			blocks(needs("custom", consent.Or, "C1", "C2")), sent,
		},
		{
			"5 the block of another provider", `{"provider":"oneTrust","resolutionStrategy":"and","deniedConsentIds":["C1"]}`,
			blocks(needs("custom", consent.And, "C1")), sent,
		},
		{
			"6 empty ids", `{"provider":"oneTrust","resolutionStrategy":"and","allowedConsentIds":[],"deniedConsentIds":["",""]}`,
			oneTrustC1, sent,
		},
		{"7 legacy, OneTrust decides", `{"deniedConsentIds":["C1"]}`, legacy, refused},
		{"7 legacy, OneTrust decides alone", `{"deniedConsentIds":["P1"]}`, legacy, sent},
		{"8 legacy, one of two purposes", `{"deniedConsentIds":["P1"]}`, ketchLegacy, sent},
		{"8 legacy, both purposes", `{"deniedConsentIds":["P2","P1"]}`, ketchLegacy, refused},

		// rudderlabs/rudder-server#4077, the table of its description.
		{"4077 OneTrust, none of three denied", `{"deniedConsentIds":["d4","d5","d6"]}`, consent.Config{OneTrustCategories: []string{"d1", "d2", "d3"}}, sent},
		{"4077 OneTrust, two of three denied", `{"deniedConsentIds":["d1","d2","d3"]}`, consent.Config{OneTrustCategories: []string{"d1", "d2", "d5"}}, refused},
		{"4077 Ketch, none of three denied", `{"deniedConsentIds":["d1","d2","d3"]}`, consent.Config{KetchPurposes: []string{"d4", "d5", "d6"}}, sent},
		{"4077 Ketch, two of three denied", `{"deniedConsentIds":["d1","d2","d3"]}`, consent.Config{KetchPurposes: []string{"d1", "d2", "d5"}}, sent},
		{"4077 Ketch, all denied", `{"deniedConsentIds":["d1","d2","d3","d4","d5"]}`, consent.Config{KetchPurposes: []string{"d1", "d2", "d3"}}, refused},

		{
			"a block is final", `{"provider":"oneTrust","deniedConsentIds":["C1"]}`,
			consent.Config{Blocks: []consent.Block{needs("oneTrust", consent.And, "C5")}, OneTrustCategories: []string{"C1"}},
			sent,
		},
		{
			"a block without ids is no block", `{"provider":"oneTrust","deniedConsentIds":["C1"]}`,
			consent.Config{Blocks: []consent.Block{needs("oneTrust", consent.And, "")}, OneTrustCategories: []string{"C1"}},
			refused,
		},
		{"no provider has no block", `{"deniedConsentIds":["C1"]}`, blocks(needs("", consent.And, "C1"), needs("ketch", consent.And, "P1")), sent},
		{"a blank provider has no block", `{"provider":"","deniedConsentIds":["C1"]}`, blocks(needs("", consent.And, "C1"), needs("ketch", consent.And, "P1")), sent},
		{"custom has no legacy", `{"provider":"custom","deniedConsentIds":["C1"]}`, legacy, sent},
		{"iubenda has no legacy", `{"provider":"iubenda","deniedConsentIds":["C1","P1"]}`, legacy, sent},
		{"the legacy of Ketch", `{"provider":"ketch","deniedConsentIds":["P1"]}`, legacy, refused},
		{"the legacy of OneTrust alone for Ketch", `{"provider":"ketch","deniedConsentIds":["C1"]}`, consent.Config{OneTrustCategories: []string{"C1"}}, sent},
		{
			"OR is and", `{"provider":"ketch","resolutionStrategy":"OR","deniedConsentIds":["C1"]}`,
			blocks(needs("ketch", consent.And, "C1", "C2")), refused,
		},
		{"a provider in other letters", `{"provider":"onetrust","deniedConsentIds":["C1"]}`, oneTrustC1, sent},
		{"an id in other letters", `{"provider":"oneTrust","deniedConsentIds":["c1"]}`, oneTrustC1, sent},
		{"an id with blanks", `{"provider":"oneTrust","deniedConsentIds":[" C1 "]}`, oneTrustC1, sent},
		{"custom without a strategy", `{"provider":"custom","deniedConsentIds":["C2"]}`, custom12, refused},
		{"an object of ids", `{"provider":"oneTrust","deniedConsentIds":{"0":"C1"}}`, oneTrustC1, sent},
		{"a text for ids", `{"provider":"oneTrust","deniedConsentIds":"C1"}`, oneTrustC1, sent},
		{"a number among the ids", `{"provider":"oneTrust","deniedConsentIds":["C1",7]}`, oneTrustC1, sent},
		{"null among the ids", `{"provider":"oneTrust","deniedConsentIds":["C1",null]}`, oneTrustC1, refused},
		{"both allowed and denied", `{"provider":"oneTrust","deniedConsentIds":["C1"],"allowedConsentIds":["C1"]}`, oneTrustC1, refused},
		{"of two blocks the last counts", `{"provider":"oneTrust","deniedConsentIds":["C1"]}`, blocks(needs("oneTrust", consent.And, "C1"), needs("oneTrust", consent.And, "C2")), sent},
		{"of two blocks the last with ids", `{"provider":"oneTrust","deniedConsentIds":["C1"]}`, blocks(needs("oneTrust", consent.And, "C1"), needs("oneTrust", consent.And, "")), refused},
		{"a provider of a number is none", `{"provider":7,"deniedConsentIds":["C1"]}`, legacy, refused},
		{"a provider of a number has no block", `{"provider":7,"deniedConsentIds":["C1"]}`, oneTrustC1, sent},
		{"a provider of null is none", `{"provider":null,"deniedConsentIds":["C1"]}`, legacy, refused},
		{"a strategy of a number is and", `{"provider":"ketch","resolutionStrategy":7,"deniedConsentIds":["C1"]}`, blocks(needs("ketch", consent.And, "C1", "C2")), refused},
		{"allowed ids of the wrong kind", `{"provider":"oneTrust","allowedConsentIds":{"0":"C2"},"deniedConsentIds":["C1"]}`, oneTrustC1, sent},
		{"allowed ids of null", `{"provider":"oneTrust","allowedConsentIds":null,"deniedConsentIds":["C1"]}`, oneTrustC1, refused},
		{"no allowed ids are needed", `{"provider":"oneTrust","deniedConsentIds":["C9"]}`, oneTrustC1, sent},
		{"no list", `{"provider":"oneTrust"}`, oneTrustC1, sent},
		{"a list of null", `{"provider":"oneTrust","deniedConsentIds":null}`, oneTrustC1, sent},
		{"a list", `["C1"]`, oneTrustC1, sent},
		{"a text", `"C1"`, oneTrustC1, sent},
		{"null", `null`, oneTrustC1, sent},
		{"nothing", ``, oneTrustC1, sent},
		{"names and ids with escapes", `{"\u0070rovider":"one\u0054rust","deniedConsentIds":["\u00431"]}`, oneTrustC1, refused},
		{"of duplicates the last counts", `{"provider":"oneTrust","deniedConsentIds":["C1"],"deniedConsentIds":[]}`, oneTrustC1, sent},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule := consent.NewRule(row.conf)
			require.NotNil(t, rule)
			assert.Equal(t, row.want, rule.Refuses([]byte(row.event)))
		})
	}
}

func TestWithoutIDsThereIsNoRule(t *testing.T) {
	assert.Nil(t, consent.NewRule(consent.Config{}))
	assert.Nil(t, consent.NewRule(consent.Config{
		Blocks: []consent.Block{needs("oneTrust", consent.And, "")}, OneTrustCategories: []string{""}, KetchPurposes: []string{""},
	}))
}

func TestADecisionCostsNoAllocation(t *testing.T) {
	rule := consent.NewRule(blocks(needs("oneTrust", consent.And, "C0002", "C0004")))
	event := []byte(`{"provider":"oneTrust","resolutionStrategy":"and","allowedConsentIds":["C0001"],"deniedConsentIds":["C0003","C0005"]}`)
	assert.Zero(t, testing.AllocsPerRun(100, func() { rule.Refuses(event) }))
}
