package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheNoticeAndThePageSayWhatIsLinked(t *testing.T) {
	assert.NoError(t, run(t.Context(), []string{"-check", "-root", filepath.Join("..", "..")}, &bytes.Buffer{}))
}

func TestAFileThatIsStaleIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "NOTICE")
	f := file{path, []byte("what is linked")}
	assert.ErrorContains(t, f.check(), "run make docs")
	require.NoError(t, os.WriteFile(path, []byte("what was linked"), 0o600))
	assert.ErrorContains(t, f.check(), "run make docs")
	require.NoError(t, os.WriteFile(path, f.text, 0o600))
	assert.NoError(t, f.check())
}

// Whoever hands on the binary of make build TAGS=cloud has its notice beside it.
func TestTheNoticeOfTheCloudBinaryNamesWhatItAdds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "NOTICE")
	require.NoError(t, run(t.Context(), []string{"-tags", "cloud", path}, &bytes.Buffer{}))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, words := range []string{"github.com/aws/aws-sdk-go-v2 ", "internal/impl/mysql/input_mysql_stream.go", "Redpanda Community License Agreement"} {
		assert.Contains(t, string(text), words)
	}
	for _, args := range [][]string{{"-tags", "cloud"}, {path}, {"-tags", "cloud", path, path}} {
		assert.ErrorContains(t, run(t.Context(), args, &bytes.Buffer{}), "-tags and a file", args)
	}
}

func TestWhatTheLicencesAskForIsHandedOn(t *testing.T) {
	text := notice(binary{modules: []module{
		{path: "a", licences: []string{"MIT"}, texts: []string{"the text"}},
		{path: "b", licences: []string{"MIT", "BSD"}, texts: []string{"the text", "another"}, notices: []string{"the notice"}},
	}, excepted: []exceptedFile{{"c/d", "e.go", "RCL"}}})
	assert.Regexp(t, `(?m)^    c/d/e\.go +RCL$`, string(text))
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
