package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// importer makes a module that imports packages of ours, as somebody would who
// builds a Benthos of his own.
func importer(t *testing.T, imports ...string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	root, err := filepath.Abs(top)
	require.NoError(t, err)
	module := modulePath(t)
	version := regexp.MustCompile(`(?m)^go .*$`).FindString(read(t, "go.mod"))
	source := "package main\n\n"
	for _, path := range imports {
		source += "import _ \"" + module + "/" + path + "\"\n"
	}
	for name, text := range map[string]string{
		"go.mod":  "module importer\n\n" + version + "\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n",
		"go.sum":  read(t, "go.sum"),
		"main.go": source + "\nfunc main() {}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return folder
}

// list runs go list there, without the network.
func list(t *testing.T, folder string, args ...string) (lines []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"-C", folder, "list", "-pgo=off"}, args...)...)
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	lines = strings.Fields(string(out))
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Whoever imports the output takes on the engine and what our own code needs,
// and nothing of what the binary, the tests and the tools are made of.
func TestImportingThePluginCostsNoConnectorAndNoTestLibrary(t *testing.T) {
	for name, test := range map[string]struct {
		imports []string
		// modules is how many are linked at most. examples/custom-binary/README.md
		// says how many there are.
		modules int
	}{
		"the output and its lint": {[]string{"plugin", "plugin/lint"}, 80},
		"the stand-in for tests":  {[]string{"plugin/segmenttest"}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			folder := importer(t, test.imports...)
			packages := list(t, folder, "-mod=mod", "-deps", "./...")
			modules := list(t, folder, "-mod=mod", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./...")
			require.Contains(t, packages, modulePath(t)+"/"+test.imports[0])

			for _, unwanted := range []string{
				"github.com/redpanda-data/connect", "github.com/stretchr/", "github.com/twmb/franz-go", "github.com/nats-io/",
				"go.uber.org/goleak", "pgregory.net/rapid", "github.com/google/pprof", modulePath(t) + "/cmd", modulePath(t) + "/internal/streamtest",
			} {
				for _, p := range slices.Concat(packages, modules) {
					assert.False(t, strings.HasPrefix(p, unwanted), "%s comes with %v", p, test.imports)
				}
			}
			assert.LessOrEqual(t, len(modules), test.modules, "%v", modules)
		})
	}
}
