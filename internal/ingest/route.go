package ingest

import (
	"net/http"
	"strings"
)

// Kind is what a route is for.
type Kind uint8

const (
	// Event takes one event as its body. Its type is that of the path.
	Event Kind = iota + 1
	// Batch takes an object whose member "batch" is an array of events.
	Batch
	// Pixel takes one event in the query and answers with a picture.
	Pixel
	// Settings asks for what an SDK of Segment needs to start.
	Settings
	// SourceConfig asks for what an SDK of RudderStack needs to start.
	SourceConfig
	// Metrics takes what an SDK reports about itself. It has no events.
	Metrics
	// Health asks whether the process is alive, Ready whether it accepts events.
	Health
	Ready
)

// World says whose SDKs know a route. A route may belong to both worlds.
type World uint8

const (
	Segment World = 1 << iota
	RudderStack
)

// Route is one path that SDKs call.
type Route struct {
	// Path is the path without a trailing slash. If a write key is a part of the
	// path, {key} replaces it.
	Path string
	Kind Kind
	// Worlds are the worlds whose SDKs call it.
	Worlds World
	// Type is the type that the path gives its event, such as "track". It is
	// empty if the events name their own.
	Type string
	// Key is the write key in the path.
	Key string
}

// Of reports whether SDKs of that world know the route.
func (r Route) Of(world World) bool { return r.Worlds&world != 0 }

// Allows reports whether the route accepts the method. Preflights (OPTIONS) are
// left to the server.
func (r Route) Allows(method string) bool {
	for _, allowed := range r.Methods() {
		if method == allowed {
			return true
		}
	}
	return false
}

// Methods returns the methods that the route accepts, for the header Allow.
func (r Route) Methods() []string {
	switch r.Kind {
	case Event, Batch, Metrics:
		return []string{http.MethodPost}
	case Health, Ready:
		return []string{http.MethodGet, http.MethodHead}
	default:
		return []string{http.MethodGet}
	}
}

const both = Segment | RudderStack

// routes are all routes without a write key in their path. What each SDK calls is
// in its public source; if several spellings exist, all are here.
var routes = index([]Route{
	{Path: "/v1/identify", Kind: Event, Worlds: both, Type: "identify"},
	{Path: "/v1/track", Kind: Event, Worlds: both, Type: "track"},
	{Path: "/v1/page", Kind: Event, Worlds: both, Type: "page"},
	{Path: "/v1/screen", Kind: Event, Worlds: both, Type: "screen"},
	{Path: "/v1/group", Kind: Event, Worlds: both, Type: "group"},
	{Path: "/v1/alias", Kind: Event, Worlds: both, Type: "alias"},
	{Path: "/v1/merge", Kind: Event, Worlds: RudderStack, Type: "merge"},
	// Segment's SDK for browsers saves bytes.
	{Path: "/v1/i", Kind: Event, Worlds: Segment, Type: "identify"},
	{Path: "/v1/t", Kind: Event, Worlds: Segment, Type: "track"},
	{Path: "/v1/p", Kind: Event, Worlds: Segment, Type: "page"},
	{Path: "/v1/s", Kind: Event, Worlds: Segment, Type: "screen"},
	{Path: "/v1/g", Kind: Event, Worlds: Segment, Type: "group"},
	{Path: "/v1/a", Kind: Event, Worlds: Segment, Type: "alias"},

	{Path: "/v1/batch", Kind: Batch, Worlds: both},
	{Path: "/v1/import", Kind: Batch, Worlds: both},
	{Path: "/v1/b", Kind: Batch, Worlds: Segment},
	{Path: "/beacon/v1/batch", Kind: Batch, Worlds: RudderStack},
	// React Native behind a proxy, and Kotlin and C# with a host without /v1.
	{Path: "/v1/batch/b", Kind: Batch, Worlds: Segment},
	{Path: "/batch/b", Kind: Batch, Worlds: Segment},
	{Path: "/batch", Kind: Batch, Worlds: Segment},
	{Path: "/b", Kind: Batch, Worlds: Segment},

	{Path: "/pixel/v1/track", Kind: Pixel, Worlds: RudderStack, Type: "track"},
	{Path: "/pixel/v1/page", Kind: Pixel, Worlds: RudderStack, Type: "page"},
	{Path: "/v1/pixel/identify", Kind: Pixel, Worlds: Segment, Type: "identify"},
	{Path: "/v1/pixel/track", Kind: Pixel, Worlds: Segment, Type: "track"},
	{Path: "/v1/pixel/page", Kind: Pixel, Worlds: Segment, Type: "page"},
	{Path: "/v1/pixel/screen", Kind: Pixel, Worlds: Segment, Type: "screen"},
	{Path: "/v1/pixel/group", Kind: Pixel, Worlds: Segment, Type: "group"},
	{Path: "/v1/pixel/alias", Kind: Pixel, Worlds: Segment, Type: "alias"},

	// React Native asks there without a key.
	{Path: "/v1/projects", Kind: Settings, Worlds: Segment},
	{Path: "/projects", Kind: Settings, Worlds: Segment},
	{Path: "/sourceConfig", Kind: SourceConfig, Worlds: RudderStack},
	{Path: "/v1/m", Kind: Metrics, Worlds: Segment},
	{Path: "/rsaMetrics", Kind: Metrics, Worlds: RudderStack},
	{Path: "/health", Kind: Health, Worlds: both},
	{Path: "/ready", Kind: Ready, Worlds: both},
})

func index(list []Route) map[string]Route {
	byPath := make(map[string]Route, len(list))
	for _, route := range list {
		byPath[route.Path] = route
	}
	return byPath
}

// RouteOf finds the route of a path, with or without the trailing slash that
// Java's SDK adds.
func RouteOf(path string) (route Route, known bool) {
	path = strings.TrimSuffix(path, "/")
	if route, known = routes[path]; known {
		return route, true
	}
	return settingsRoute(path)
}

const keyPlace = "{key}"

// settingsRoute reads /projects/{key}/settings. React Native appends its path to
// an address that is configured for the settings, so that parts of the path may
// be there twice.
func settingsRoute(path string) (route Route, known bool) {
	before, settings := strings.CutSuffix(path, "/settings")
	at := strings.LastIndexByte(before, '/')
	if !settings || at < 0 {
		return Route{}, false
	}
	prefix, key := before[:at], before[at+1:]
	switch prefix {
	case "/v1/projects", "/projects", "/v1/projects/projects", "/projects/projects":
	default:
		return Route{}, false
	}
	if key == "" {
		return Route{}, false
	}
	return Route{Path: prefix + "/" + keyPlace + "/settings", Kind: Settings, Worlds: Segment, Key: key}, true
}

// HidePathKeys returns a path with hide applied to what may be a write key: every
// part after "projects" that is not a word of a route, even if the path is not a
// route.
func HidePathKeys(path string, hide func(key string) string) string {
	_, _, holdsKey := strings.Cut(path+"/", "/projects/")
	if !holdsKey {
		return path
	}
	parts := strings.Split(path, "/")
	seen := false
	for i, part := range parts {
		if seen && part != "" && part != "projects" && part != "settings" {
			parts[i] = hide(part)
		}
		seen = seen || part == "projects"
	}
	return strings.Join(parts, "/")
}

// Clean returns a path with every run of slashes reduced to one. SDKs that append
// their path to an address with a trailing slash ask for //v1/batch.
func Clean(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
