package plugin

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever imports the module does so by its path, which make rename changes.
func TestTheVersionIsThatOfThisModule(t *testing.T) {
	other := &debug.Module{Path: "example.com/other", Version: "v9.9.9"}
	for name, test := range map[string]struct {
		main    debug.Module
		dep     *debug.Module
		version string
	}{
		"a build of somebody":   {*other, &debug.Module{Path: modulePath, Version: "v1.2.3"}, "v1.2.3"},
		"our binary":            {debug.Module{Path: modulePath, Version: "v1.2.3"}, other, "v1.2.3"},
		"no tag":                {debug.Module{Path: modulePath, Version: "v0.0.0-20261126100000-abcdefabcdef"}, other, "devel"},
		"with changes":          {debug.Module{Path: modulePath, Version: "v1.2.3+dirty"}, other, "devel"},
		"a module with our end": {debug.Module{Path: "example.com/" + modulePath, Version: "v1.2.3"}, other, "devel"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.version, versionIn(&debug.BuildInfo{Main: test.main, Deps: []*debug.Module{test.dep}}))
		})
	}
	mod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(mod), "module "+modulePath+"\n")
}
