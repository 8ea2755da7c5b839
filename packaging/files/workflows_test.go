package files

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
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

// Nothing is published of a tag that the tests have not passed on.
func TestAReleaseNeedsTheTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, ".github/workflows/release.yml"))
	require.NoError(t, err)
	var workflow struct {
		Jobs map[string]struct {
			Uses  string `yaml:"uses"`
			Needs string `yaml:"needs"`
		} `yaml:"jobs"`
	}
	require.NoError(t, yaml.Unmarshal(text, &workflow))
	assert.Equal(t, "ci", workflow.Jobs["release"].Needs)
	assert.Equal(t, "./.github/workflows/ci.yml", workflow.Jobs["ci"].Uses)
}
