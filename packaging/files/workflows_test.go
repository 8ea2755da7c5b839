package files

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheWorkflowsAreValidAndCallWhatIsHere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repository, ".github/workflows/*.yml"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	var said bytes.Buffer
	linter, err := actionlint.NewLinter(&said, &actionlint.LinterOptions{Shellcheck: "", Pyflakes: ""})
	require.NoError(t, err)
	found, err := linter.LintFiles(files, nil)
	require.NoError(t, err)
	assert.Empty(t, found, said.String())

	for file, calls := range map[string]string{"ci.yml": "run: .ci/run\n", "release.yml": "run: make release\n"} {
		text, err := os.ReadFile(filepath.Join(repository, ".github/workflows", file))
		require.NoError(t, err)
		assert.Contains(t, string(text), calls)
	}
}
