package house

import (
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrow says what the packages below a folder may import of this repository,
// by folders as well.
type arrow struct {
	from string
	to   []string
}

// arrows go one way: cmd → plugin → delivery, front door and queue → what a call
// and a request are. The first that a package is below counts.
var arrows = []arrow{
	{"internal/segment", nil},
	{"internal/ingest", []string{"internal/segment"}},
	{"internal/tracking", []string{"internal/segment", "internal/ingest"}},
	{"internal/gateway", []string{"internal/segment", "internal/ingest"}},
	{"internal/journal", []string{"internal/segment", "internal/ingest"}},
	{"internal/publicapi", nil},
	{"internal/metrics", nil},
	{"internal/sandbox", []string{"internal/segment", "internal/ingest"}},
	{"internal/recorder", []string{"internal/sandbox", "internal/segment", "internal/ingest"}},
	{"plugin/segmenttest", []string{"internal/sandbox"}},
	{"plugin", []string{"internal/metrics", "internal/recorder", "internal/tracking", "internal/gateway", "internal/journal", "internal/publicapi", "internal/segment", "internal/ingest"}},
	{"cmd", []string{"plugin", "internal/sandbox", "internal/tracking/wire", "internal/publicapi", "internal/segment", "internal/ingest", "examples/quickstart"}},
	{"examples", []string{"plugin"}},
	{"internal/docsgen", []string{"plugin", "internal/metrics", "internal/segment"}},
	{"internal/noticegen", nil},
	{"internal/llmsgen", nil},
	{"internal/guarantees", nil},
	{"internal/house", nil},
	{"internal/streamtest", nil},
	{"internal/torture", []string{"internal/sandbox", "internal/segment"}},
	{"internal/e2e", []string{"internal/torture/metrics", "internal/torture/ordeal", "internal/torture/disk", "internal/torture/topic", "internal/sandbox", "internal/segment"}},
	{"packaging", nil},
	{"internal/monitoring", nil},
	{"internal/sdktest", []string{"internal/sandbox/pagetest"}},
	{"bench", nil},
	{"config", nil},
}

// knowsBenthos are the folders whose code may know the engine. Its connectors
// and its types are nowhere else, but in tests.
var knowsBenthos = []string{"cmd", "plugin", "examples", "internal/docsgen", "internal/streamtest", "internal/torture", "internal/e2e", "bench"}

func importsOf(t *testing.T, file string) (paths []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.ImportsOnly)
	require.NoError(t, err)
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		paths = append(paths, imported)
	}
	return paths
}

// isBelow says whether a folder is another one or in it.
func isBelow(folder, above string) bool {
	return folder == above || strings.HasPrefix(folder, above+"/")
}

// isTest says whether a file is compiled for tests alone.
func isTest(file string) bool {
	return strings.HasSuffix(file, "_test.go") || isBelow(path.Dir(file), "internal/sandbox/pagetest")
}

func TestNoImportGoesAgainstTheArrows(t *testing.T) {
	module := modulePath(t)
	for _, file := range tracked(t, ".go") {
		if isTest(file) {
			continue
		}
		folder := path.Dir(file)
		at := slices.IndexFunc(arrows, func(a arrow) bool { return isBelow(folder, a.from) })
		if !assert.GreaterOrEqual(t, at, 0, "no arrow starts at %s: say in this test what it may import", folder) {
			continue
		}
		for _, imported := range importsOf(t, file) {
			to, isOurs := strings.CutPrefix(imported, module+"/")
			if !isOurs || isBelow(to, arrows[at].from) {
				continue
			}
			mayImport := slices.ContainsFunc(arrows[at].to, func(allowed string) bool { return isBelow(to, allowed) })
			assert.True(t, mayImport, "%s imports %s", file, to)
		}
	}
}

// A package that tests use is one that what is shipped does not. The recorder
// shows its calls by the sandbox's API and page.
func TestOnlyCommandsAndTestsUseTheSandbox(t *testing.T) {
	module := modulePath(t)
	for _, file := range tracked(t, ".go") {
		folder := path.Dir(file)
		mayUse := isTest(file) || slices.ContainsFunc(
			[]string{"internal/sandbox", "internal/recorder", "cmd", "plugin/segmenttest", "internal/torture", "internal/e2e", "internal/sdktest"},
			func(above string) bool { return isBelow(folder, above) },
		)
		if mayUse {
			continue
		}
		for _, imported := range importsOf(t, file) {
			assert.False(t, isBelow(imported, module+"/internal/sandbox"), "%s imports %s", file, imported)
			assert.False(t, isBelow(imported, module+"/plugin/segmenttest"), "%s imports %s", file, imported)
			assert.False(t, isBelow(imported, module+"/internal/streamtest"), "%s imports %s", file, imported)
		}
	}
}

func TestOnlyPluginAndCommandsKnowBenthos(t *testing.T) {
	for _, file := range tracked(t, ".go") {
		folder := path.Dir(file)
		if isTest(file) || slices.ContainsFunc(knowsBenthos, func(above string) bool { return isBelow(folder, above) }) {
			continue
		}
		for _, imported := range importsOf(t, file) {
			assert.False(t, strings.HasPrefix(imported, "github.com/redpanda-data/"), "%s imports %s", file, imported)
		}
	}
}

// The sandbox alone is small because it has no engine.
func TestTheSandboxAloneHasNoEngine(t *testing.T) {
	linked := list(t, top, "-deps", "./cmd/segment-sandbox")
	require.Contains(t, linked, modulePath(t)+"/internal/sandbox")
	for _, p := range linked {
		assert.False(t, strings.HasPrefix(p, "github.com/redpanda-data/") || p == modulePath(t)+"/plugin", p)
	}
}

// impure packages read a clock that nobody handed in, the network, the disk or
// chance. What segment makes depends on what it is given and on nothing else.
var impure = []string{"context", "crypto/rand", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "syscall"}

func TestTheDomainIsPure(t *testing.T) {
	for _, file := range tracked(t, ".go") {
		if isTest(file) || !isBelow(path.Dir(file), "internal/segment") {
			continue
		}
		for _, imported := range importsOf(t, file) {
			assert.NotContains(t, impure, imported, file)
		}
		assert.NotContains(t, read(t, file), "time.Now()", file)
	}
}
