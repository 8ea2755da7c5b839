package files

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever doubts a release builds its commit and compares. Both are built by the Go
// that the recipe names, whatever go.mod asks for at the least.
func TestTheSameCommitGivesTheSameBytes(t *testing.T) {
	if _, err := os.Stat(filepath.Join(repository, ".git")); err != nil {
		require.Empty(t, os.Getenv("CI"), "CI has a clone")
		t.Skip("this is no clone")
	}
	said, err := exec.CommandContext(t.Context(), filepath.Join(repository, "packaging/reproducible"), "./cmd/segment-sandbox").CombinedOutput()
	require.NoError(t, err, string(said))
	recipe, err := os.ReadFile(filepath.Join(repository, ".goreleaser.yaml"))
	require.NoError(t, err)
	pinned := regexp.MustCompile(`(?m)^ *- GOTOOLCHAIN=(go\d+\.\d+\.\d+)$`).FindSubmatch(recipe)
	require.Len(t, pinned, 2)
	assert.Regexp(t, `^the same bytes from two folders: [0-9a-f]{64} \./cmd/segment-sandbox by `+regexp.QuoteMeta(string(pinned[1]))+`\n$`, string(said))
}
