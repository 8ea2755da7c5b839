package sandbox_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module = "benthos-segment/"
	root   = "../.."
)

// rooms are the packages that make up the sandbox, with the packages of this
// module that each may import. All arrows point down this list.
var rooms = map[string][]string{
	"plugin/segmenttest": {"internal/sandbox", "internal/sandbox/faults", "internal/sandbox/inbox", "internal/sandbox/tokens"},
	"internal/sandbox": {
		"internal/ingest", "internal/sandbox/controlapi", "internal/sandbox/faults", "internal/sandbox/guard",
		"internal/sandbox/inbox", "internal/sandbox/page", "internal/sandbox/tokens", "internal/sandbox/trackingapi",
		"internal/segment",
	},
	"internal/sandbox/trackingapi": {"internal/ingest", "internal/sandbox/answer", "internal/sandbox/faults", "internal/sandbox/inbox", "internal/segment"},
	"internal/sandbox/controlapi":  {"internal/ingest", "internal/sandbox/answer", "internal/sandbox/faults", "internal/sandbox/inbox", "internal/segment"},
	"internal/sandbox/guard":       {"internal/sandbox/answer"},
	"internal/sandbox/tokens":      {"internal/sandbox/answer"},
	"internal/sandbox/page":        {},
	"internal/sandbox/faults":      {"internal/ingest", "internal/sandbox/inbox"},
	"internal/sandbox/inbox":       {"internal/ingest", "internal/segment"},
	"internal/sandbox/answer":      {},
	"internal/ingest":              {},
}

// withoutHTTP are the rooms that know nothing about HTTP. None knows Benthos.
var (
	withoutHTTP    = []string{"internal/sandbox/inbox", "internal/sandbox/faults"}
	withoutBenthos = "github.com/redpanda-data/"
)

// importsOf returns the imports of a package without its tests.
func importsOf(t *testing.T, dir string) (imports []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, dir)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			imports = append(imports, path)
		}
	}
	return imports
}

func TestNoRoomImportsAgainstTheArrows(t *testing.T) {
	for room, allowed := range rooms {
		for _, path := range importsOf(t, room) {
			if ours, isOurs := strings.CutPrefix(path, module); isOurs {
				assert.Contains(t, allowed, ours, "%s imports %s", room, ours)
			}
			assert.False(t, strings.HasPrefix(path, withoutBenthos), "%s imports %s", room, path)
			if slices.Contains(withoutHTTP, room) {
				assert.NotEqual(t, "net/http", path, "%s knows HTTP", room)
			}
		}
	}
}

// The binary has the sandbox as a command, tests have it through segmenttest, and
// the torture serves it itself.
func TestNobodyElseUsesTheSandbox(t *testing.T) {
	users := []string{"cmd/benthos-segment", "plugin/segmenttest", "internal/torture", "internal/sandbox"}
	eachGoFile(t, func(dir, path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") || slices.ContainsFunc(users, func(u string) bool { return dir == u || strings.HasPrefix(dir, u+"/") }) {
			return
		}
		assert.NotContains(t, string(text), `"`+module+`internal/sandbox`, path)
	})
}

func TestRoomsStaySmall(t *testing.T) {
	const maxLines, maxFiles = 350, 20
	files := map[string]int{}
	eachGoFile(t, func(dir, path string, text []byte) {
		if _, isRoom := rooms[dir]; !isRoom && !strings.HasPrefix(dir, "internal/sandbox/pagetest") {
			return
		}
		assert.LessOrEqual(t, bytes.Count(text, []byte("\n")), maxLines, path)
		if !strings.HasSuffix(path, "_test.go") {
			files[dir]++
		}
	})
	for dir, n := range files {
		assert.LessOrEqual(t, n, maxFiles, dir)
	}
	assert.Greater(t, len(files), len(rooms)-1, "every room was looked at")
}

// eachGoFile visits the Go files of the repository, those of its other modules
// too.
func eachGoFile(t *testing.T, visit func(dir, path string, text []byte)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".git")) {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(filepath.Dir(relative)), filepath.ToSlash(relative), text)
		return nil
	}))
}
