package files

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever doubts a release builds its commit and compares.
func TestTheSameCommitGivesTheSameBytes(t *testing.T) {
	if _, err := os.Stat(filepath.Join(repository, ".git")); err != nil {
		require.Empty(t, os.Getenv("CI"), "CI has a clone")
		t.Skip("this is no clone")
	}
	said, err := exec.CommandContext(t.Context(), filepath.Join(repository, "packaging/reproducible"), "./cmd/segment-sandbox").CombinedOutput()
	require.NoError(t, err, string(said))
	assert.Regexp(t, `^the same bytes from two folders: [0-9a-f]{64} \./cmd/segment-sandbox\n$`, string(said))
}
