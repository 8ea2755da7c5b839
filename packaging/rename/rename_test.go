package main

import (
	"bytes"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var whole = flag.Bool("whole", false, "build and test more of the renamed copy: minutes")

const (
	root = "../.."
	name = "example.com/some.owner/segment-for-benthos"
)

// run runs a program in a folder and returns what it prints.
func runIn(t *testing.T, folder string, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-trimpath", "GOWORK=off")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "%s %v: %s%s", program, args, out, said.String())
	return string(out)
}

// clone copies what git has or would add.
func clone(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	files, err := filesOf(root)
	require.NoError(t, err)
	for _, file := range files {
		copyFile(t, filepath.Join(root, file), filepath.Join(folder, file))
	}
	runIn(t, folder, "git", "init", "--quiet")
	return folder
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	source, err := os.Open(from)
	if os.IsNotExist(err) {
		return // It is deleted, and git does not know yet.
	}
	require.NoError(t, err)
	defer source.Close()
	info, err := source.Stat()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, info.Mode().Perm())
	require.NoError(t, err)
	_, err = io.Copy(target, source)
	require.NoError(t, err)
	require.NoError(t, target.Close())
}

// modulesOf lists the folders that have a go.mod.
func modulesOf(t *testing.T, folder string) (modules []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "go.mod" {
			modules = append(modules, filepath.Dir(path))
		}
		return err
	}))
	return modules
}

// The name of the module is in one place, from which everything else follows.
func TestARenamedModuleIsWhole(t *testing.T) {
	folder := clone(t)
	old := strings.TrimSpace(runIn(t, folder, "go", "list", "-m"))
	var said bytes.Buffer
	require.NoError(t, run([]string{"-root", folder, name}, &said))
	assert.Contains(t, said.String(), "files name the module "+name+" now")

	modules := modulesOf(t, folder)
	require.Greater(t, len(modules), 5)
	for _, module := range modules {
		packages := runIn(t, module, "go", "list", "-e", "-test", "-deps", "-f", "{{with .Error}}{{.}}{{end}}{{.ImportPath}}", "./...")
		for line := range strings.Lines(packages) {
			assert.False(t, strings.HasPrefix(line, old+"/") || strings.Contains(line, "is not in std"), "%s: %s", module, line)
		}
	}
	runIn(t, folder, "go", "test", "./internal/house")
	assertProfileIsRenamed(t, filepath.Join(folder, profilePath), old)

	// What is called so but is not the module keeps its name.
	for file, text := range map[string]string{
		"internal/segment/messageid.go":                  `"benthos-segment messageId 1"`,
		"plugin/identity.go":                             `const libraryName = "benthos-segment"`,
		"README.md":                                      "bin/benthos-segment sandbox",
		"docs/journal.md":                                "/var/lib/benthos-segment/queue",
		"examples/custom-binary/README.md":               "-replace " + name + "=../benthos-segment",
		"examples/pipeline-test/go.mod":                  "replace " + name + " => ../..",
		"cmd/benthos-segment/internal/verify/examine.go": `UserAgent: "benthos-segment/"`,
	} {
		written, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		assert.Contains(t, string(written), text, file)
	}
	if *whole {
		runIn(t, folder, "go", "vet", "./plugin/...", "./cmd/segment-sandbox")
		runIn(t, folder, "go", "test", "./plugin", "./internal/sandbox/...")
	}

	require.NoError(t, run([]string{"-root", folder, "github.com/zz/x"}, &said))
	assert.Equal(t, "github.com/zz/x", strings.TrimSpace(runIn(t, folder, "go", "list", "-m")))
	runIn(t, folder, "go", "list", "./plugin/...")
	assertIsTidy(t, modules)
}

// assertIsTidy looks at every go.mod as .ci/lint does. A path on this host belongs
// among the other modules, and not before them.
func assertIsTidy(t *testing.T, modules []string) {
	t.Helper()
	for _, module := range modules {
		tidy := exec.CommandContext(t.Context(), "go", "mod", "tidy", "-diff")
		tidy.Dir, tidy.Env = module, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		said, err := tidy.CombinedOutput()
		assert.NoError(t, err, "%s: %s", module, said)
	}
}

func assertProfileIsRenamed(t *testing.T, path, old string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	samples, err := profile.ParseData(data)
	require.NoError(t, err)
	ours := 0
	for _, f := range samples.Function {
		assert.False(t, strings.HasPrefix(f.Name, old+"/"), f.Name)
		if strings.HasPrefix(f.Name, name+"/") {
			ours++
		}
	}
	assert.Greater(t, ours, 50)
}

func TestANameThatCannotBeFetchedIsRefused(t *testing.T) {
	for _, args := range [][]string{{}, {""}, {"a", "b"}, {"benthos-segment"}, {"https://example.com/x"}, {"example.com/a b"}, {"example.com/x/"}} {
		assert.ErrorContains(t, run(append([]string{"-root", root}, args...), io.Discard), "benthos-segment", "%v", args)
	}
}
