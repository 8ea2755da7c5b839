package sandbox_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// rooms are the packages that make up the sandbox, with the packages of this
// module that each may import. All arrows point down this list.
var rooms = map[string][]string{
	"plugin/segmenttest": {"internal/sandbox", "internal/sandbox/faults", "internal/sandbox/inbox", "internal/sandbox/publicapi", "internal/sandbox/tokens", "internal/sandbox/workspace"},
	"internal/sandbox": {
		"internal/ingest", "internal/sandbox/controlapi", "internal/sandbox/faults", "internal/sandbox/guard",
		"internal/sandbox/inbox", "internal/sandbox/page", "internal/sandbox/publicapi", "internal/sandbox/tokens",
		"internal/sandbox/trackingapi", "internal/sandbox/workspace", "internal/segment",
	},
	"internal/sandbox/trackingapi": {
		"internal/ingest", "internal/sandbox/answer", "internal/sandbox/faults", "internal/sandbox/inbox",
		"internal/sandbox/workspace", "internal/segment",
	},
	"internal/sandbox/controlapi": {
		"internal/ingest", "internal/sandbox/answer", "internal/sandbox/faults", "internal/sandbox/inbox",
		"internal/sandbox/workspace", "internal/segment",
	},
	"internal/sandbox/publicapi": {
		"internal/ingest", "internal/sandbox/answer", "internal/sandbox/faults", "internal/sandbox/inbox", "internal/sandbox/workspace",
	},
	"internal/sandbox/disk":      {"internal/sandbox/inbox"},
	"internal/sandbox/workspace": {"internal/ingest", "internal/sandbox/inbox", "internal/segment", "internal/segment/plan"},
	"internal/sandbox/guard":     {"internal/sandbox/answer"},
	"internal/sandbox/tokens":    {"internal/sandbox/answer"},
	"internal/sandbox/page":      {},
	"internal/sandbox/faults":    {"internal/ingest", "internal/sandbox/inbox"},
	"internal/sandbox/inbox":     {"internal/ingest", "internal/segment"},
	"internal/sandbox/answer":    {},
	"internal/ingest":            {"internal/segment/jsonscan"},
}

// withoutHTTP are the rooms that know nothing about HTTP.
var withoutHTTP = []string{"internal/sandbox/inbox", "internal/sandbox/faults", "internal/sandbox/workspace"}

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
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(mod), "\n")
	module := strings.TrimPrefix(first, "module ") + "/"
	for room, allowed := range rooms {
		for _, path := range importsOf(t, room) {
			if ours, isOurs := strings.CutPrefix(path, module); isOurs {
				assert.Contains(t, allowed, ours, "%s imports %s", room, ours)
			}
			if slices.Contains(withoutHTTP, room) {
				assert.NotEqual(t, "net/http", path, "%s knows HTTP", room)
			}
		}
	}
}
