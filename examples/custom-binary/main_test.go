package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A build of one's own says what ours says.
func TestItsLintIsOurs(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "my-benthos")
	said, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(said))
	for config, want := range map[string]string{
		"output: {segment: {write_key: abc}}":                      "(1,10) hint: there is no dead letter",
		"output: {segment: {write_key: abc, max_in_flight: many}}": `(1,51) field max_in_flight takes a whole number and not "many"`,
		"output: {segment: {write_key: 3141592653589793}}":         "(1,31) field write_key is read as a number",
	} {
		file := filepath.Join(folder, "pipeline.yaml")
		require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
		said, _ := exec.CommandContext(t.Context(), binary, "lint", file).CombinedOutput()
		assert.Contains(t, string(said), file+want)
		assert.NotContains(t, string(said), "3141592653589793")
	}
}
