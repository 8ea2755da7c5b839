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

// Two builds with one cache compare an object with itself. Here the compiler
// itself depends on the folder.
func TestACompilerThatDependsOnTheFolderIsFound(t *testing.T) {
	folder := t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755))
	}
	script, err := os.ReadFile(filepath.Join(repository, "packaging/reproducible"))
	require.NoError(t, err)
	put("repository/packaging/reproducible", string(script))
	put("repository/go.mod", "module example.com/small\n\ngo 1.26\n")
	put("repository/cmd/small/main.go", "package main\n\nfunc text() string { return \"small\" }\n\nfunc main() { println(text()) }\n")
	put("repository/.goreleaser.yaml", "env:\n  - GOTOOLCHAIN=local\nbuilds:\n  - id: small\n    main: ./cmd/small\n    ldflags: [ \"-s -w\" ]\n")
	toolchain, err := exec.LookPath("go")
	require.NoError(t, err)
	put("bin/go", "#!/bin/sh\ncase $1 in build) shift; exec "+toolchain+" build -toolexec '"+folder+"/tool' \"$@\" ;; *) exec "+toolchain+" \"$@\" ;; esac\n")
	const knowsNothing = "#!/bin/sh\nexec \"$@\"\n"
	const inlinesInOneFolder = `#!/bin/sh
case $PWD:$1:$2 in
*/longer/*/compile:-V=full) ;;
*/longer/*/compile:*) tool=$1; shift; exec "$tool" -l "$@" ;;
esac
exec "$@"
`
	in := func(name string, args ...string) (said string, err error) {
		run := exec.CommandContext(t.Context(), name, args...)
		run.Dir = filepath.Join(folder, "repository")
		run.Env = append(os.Environ(), "PATH="+filepath.Join(folder, "bin")+":"+os.Getenv("PATH"),
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@localhost")
		out, err := run.CombinedOutput()
		return string(out), err
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "small"}} {
		said, err := in("git", args...)
		require.NoError(t, err, said)
	}

	put("tool", knowsNothing)
	said, err := in("packaging/reproducible", "./cmd/small")
	assert.NoError(t, err, said)
	assert.Contains(t, said, "the same bytes from two folders: ")
	put("tool", inlinesInOneFolder)
	said, err = in("packaging/reproducible", "./cmd/small")
	assert.Error(t, err)
	assert.Contains(t, said, "./cmd/small of the same commit differs from folder to folder")
}
