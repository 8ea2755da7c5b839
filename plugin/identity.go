package plugin

import (
	"runtime/debug"
	"strings"

	"github.com/gofrs/uuid/v5"
)

// libraryName is what calls and requests name as their sender, where nobody
// else did before. It is the path of this module, too.
const libraryName = "benthos-segment"

// version returns the release that this module was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path == libraryName && isRelease(module.Version) {
			return module.Version
		}
	}
	return "devel"
}

// isRelease tells a tag from what Go makes up for a build without one.
func isRelease(version string) bool {
	return version != "" && version != "(devel)" &&
		!strings.HasPrefix(version, "v0.0.0-") && !strings.Contains(version, "+")
}

// newID returns an id for a call that has nothing to derive one from. UUIDs
// of version 7 sort by time, which warehouses like.
func newID() string {
	return uuid.Must(uuid.NewV7()).String()
}
