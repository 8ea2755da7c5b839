package quickstart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Reported: with CDPATH set, the demo went elsewhere.
func TestTheDemoFindsItsFilesWhateverCDPATHIs(t *testing.T) {
	script, err := os.ReadFile("demo.sh")
	require.NoError(t, err)
	root, elsewhere := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
	}
	write(filepath.Join(root, "examples/quickstart/demo.sh"), string(script))
	for folder, says := range map[string]string{root: "the right one", elsewhere: "the wrong one"} {
		write(filepath.Join(folder, "examples/quickstart/events.ndjson"), "")
		write(filepath.Join(folder, "bin/benthos-segment"), "#!/bin/sh\necho "+says+"\nexit 1\n")
	}
	demo := exec.CommandContext(t.Context(), "examples/quickstart/demo.sh")
	demo.Dir = root
	demo.Env = append(os.Environ(), "CDPATH="+elsewhere)

	said, err := demo.CombinedOutput()

	require.Error(t, err)
	assert.Contains(t, string(said), "The sandbox did not start: the right one")
}
