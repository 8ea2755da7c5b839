package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/e2e/trial"
)

func TestMain(m *testing.M) { trial.Main(m) }

func TestEveryPartHasItsTableAndSaysWhatCannotHold(t *testing.T) {
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, p := range parts {
		assert.False(t, names[p.Name], "%s is there twice", p.Name)
		names[p.Name] = true
		assert.Contains(t, string(text), "<!-- e2e:"+p.Name+" -->")
		assert.NotNil(t, p.Versions, p.Name)
		for _, r := range p.Rounds {
			assert.False(t, r.Breaks != 0 && r.Note == "", "%s, %s: a note has to say why a promise cannot hold", p.Name, r.Name)
			assert.NotContains(t, r.Note+r.Name, "|", "it is in a table")
			assert.False(t, strings.HasSuffix(r.Name, "."), r.Name)
		}
	}
}

func TestAPatternThatMatchesNoPartIsAnError(t *testing.T) {
	_, err := matching("no such part")
	require.ErrorContains(t, err, `no part is named like "no such part"`)
	_, err = matching("(")
	assert.ErrorContains(t, err, "-part is not a pattern")
}
