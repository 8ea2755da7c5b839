package house

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever makes a go.work by CONTRIBUTING.md has all modules in it.
func TestEveryModuleIsNamed(t *testing.T) {
	text := read(t, "CONTRIBUTING.md")
	_, workspace, isThere := strings.Cut(strings.Join(strings.Fields(text), " "), "`go work init ")
	require.True(t, isThere)
	workspace, _, _ = strings.Cut(workspace, "`")
	var modules []string
	for _, file := range tracked(t, "go.mod") {
		module := path.Dir(file)
		assert.True(t, module == "." || strings.Contains(text, "`"+module+"/`"), "CONTRIBUTING.md does not name %s", module)
		if module != "internal/tools" {
			modules = append(modules, module)
		}
	}
	assert.ElementsMatch(t, modules, strings.Fields(workspace))
}
