package plugin

import (
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/gofrs/uuid/v5"
)

// libraryName is what calls and requests name as their sender, where nobody
// else did before.
const libraryName = "benthos-segment"

// modulePath is the path of this module, by whatever name it is fetched.
var modulePath = strings.TrimSuffix(reflect.TypeFor[output]().PkgPath(), "/plugin")

// version returns the release that this module was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	return versionIn(info)
}

// versionIn returns the release of this module in a build.
func versionIn(info *debug.BuildInfo) string {
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path == modulePath && isRelease(module.Version) {
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
