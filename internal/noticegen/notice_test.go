package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noticePath = filepath.Join("..", "..", "NOTICE")

func TestTheNoticeSaysWhatIsLinked(t *testing.T) {
	assert.NoError(t, run(t.Context(), []string{"-check", noticePath}, &bytes.Buffer{}))
}

func TestANoticeThatIsStaleIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "NOTICE")
	held, err := os.ReadFile(noticePath)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(held, []byte("github.com/twmb/franz-go/pkg/kmsg"), nil, 1), 0o600))
	assert.ErrorContains(t, run(t.Context(), []string{"-check", path}, &bytes.Buffer{}), "run make docs")
	assert.ErrorContains(t, run(t.Context(), []string{"-check", path + "-absent"}, &bytes.Buffer{}), "run make docs")
}

func TestWhatTheLicencesAskForIsHandedOn(t *testing.T) {
	text := notice([]module{
		{path: "a", licences: []string{"MIT"}, texts: []string{"the text"}},
		{path: "b", licences: []string{"MIT", "BSD"}, texts: []string{"the text", "another"}, notices: []string{"the notice"}},
	})
	assert.Regexp(t, `(?m)^    b +MIT, BSD$`, string(text))
	assert.Contains(t, string(text), "Notice of b\n\nthe notice\n")
	assert.Contains(t, string(text), "MIT, of\n\n    a\n    b\n\nthe text\n")
	assert.Contains(t, string(text), "BSD, of\n\n    b\n\nanother\n")
}

func TestALicenceIsKnownByItsWords(t *testing.T) {
	for text, want := range map[string]string{
		"GNU General\nPublic License":              "GPL",
		"Eclipse Public License - v 2.0 (EPL-2.0)": "EPL-2.0",
		"Redpanda Community License Agreement":     "RCL",
		"Mozilla Public License, version 2.0":      "MPL-2.0",
		"All rights reserved.":                     "unknown: all rights reserved.",
	} {
		assert.Equal(t, want, nameLicence(text))
	}
}
