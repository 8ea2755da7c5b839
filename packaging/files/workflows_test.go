package files

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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

// A tag of an action can be moved to other code, as tj-actions/changed-files#2463
// tells, and a release is made with a token that may write.
func TestEveryActionIsNamedByItsCommit(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repository, ".github/workflows/*.yml"))
	require.NoError(t, err)
	uses := regexp.MustCompile(`(?m)\buses: +(\S+)(.*)$`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range uses.FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(found[1], "./") {
				continue
			}
			count++
			assert.Regexp(t, pinned, found[1]+found[2], file)
		}
	}
	assert.Greater(t, count, 3)
}

// sigstore/cosign#3149: the disk of a hosted machine is too small for the builds of
// all platforms, and ends a release in its middle.
func TestAReleaseMakesRoomFirst(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, ".github/workflows/release.yml"))
	require.NoError(t, err)
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct {
				Name string `yaml:"name"`
				Run  string `yaml:"run"`
			} `yaml:"steps"`
		} `yaml:"jobs"`
	}
	require.NoError(t, yaml.Unmarshal(text, &workflow))
	steps := workflow.Jobs["release"].Steps
	require.NotEmpty(t, steps)
	assert.Equal(t, "Make room", steps[0].Name)
	script := strings.ReplaceAll(steps[0].Run, "sudo rm -rf", ":")
	for free, want := range map[string]string{"35": "::error::A release needs 36 GB on the disk, and 35 GB are free.", "36": ""} {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "df"), []byte("#!/bin/sh\ncase $1 in -h) ;; *) printf 'Avail\\n  "+free+"G\\n' ;; esac\n"), 0o755))
		room := exec.CommandContext(t.Context(), "bash", "-e", "-c", script)
		room.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))
		said, err := room.CombinedOutput()
		assert.Equal(t, want != "", err != nil, free)
		assert.Equal(t, want, strings.TrimSpace(string(said)))
	}
}

// What is handed out was started: make release does not only pack it.
func TestAReleaseStartsWhatItMade(t *testing.T) {
	for _, target := range []string{"release", "release-snapshot"} {
		recipe, err := exec.CommandContext(t.Context(), "make", "-C", repository, "-n", target, "-o", "has-remote", "-o", "release-tools").CombinedOutput()
		require.NoError(t, err, string(recipe))
		_, after, isMade := strings.Cut(string(recipe), "packaging/beside\n")
		require.True(t, isMade, string(recipe))
		assert.Contains(t, after, "packaging/start dist\n", target)
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
