package ingest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/ingest"
)

func TestEveryPathThatAnSDKCallsHasItsRoute(t *testing.T) {
	const segment, rudder, both = ingest.Segment, ingest.RudderStack, ingest.Segment | ingest.RudderStack
	routes := map[string]ingest.Route{
		"/v1/merge":            {Path: "/v1/merge", Kind: ingest.Event, Worlds: rudder, Type: "merge"},
		"/v1/batch":            {Path: "/v1/batch", Kind: ingest.Batch, Worlds: both},
		"/v1/import/":          {Path: "/v1/import", Kind: ingest.Batch, Worlds: both},
		"/v1/b":                {Path: "/v1/b", Kind: ingest.Batch, Worlds: segment},
		"/v1/batch/b":          {Path: "/v1/batch/b", Kind: ingest.Batch, Worlds: segment},
		"/batch/b":             {Path: "/batch/b", Kind: ingest.Batch, Worlds: segment},
		"/batch":               {Path: "/batch", Kind: ingest.Batch, Worlds: segment},
		"/b":                   {Path: "/b", Kind: ingest.Batch, Worlds: segment},
		"/beacon/v1/batch":     {Path: "/beacon/v1/batch", Kind: ingest.Batch, Worlds: rudder},
		"/pixel/v1/track":      {Path: "/pixel/v1/track", Kind: ingest.Pixel, Worlds: rudder, Type: "track"},
		"/pixel/v1/page":       {Path: "/pixel/v1/page", Kind: ingest.Pixel, Worlds: rudder, Type: "page"},
		"/v1/m":                {Path: "/v1/m", Kind: ingest.Metrics, Worlds: segment},
		"/rsaMetrics":          {Path: "/rsaMetrics", Kind: ingest.Metrics, Worlds: rudder},
		"/sourceConfig/":       {Path: "/sourceConfig", Kind: ingest.SourceConfig, Worlds: rudder},
		"/v1/projects":         {Path: "/v1/projects", Kind: ingest.Settings, Worlds: segment},
		"/projects":            {Path: "/projects", Kind: ingest.Settings, Worlds: segment},
		"/health":              {Path: "/health", Kind: ingest.Health, Worlds: both},
		"/ready":               {Path: "/ready", Kind: ingest.Ready, Worlds: both},
		"/projects/k/settings": {Path: "/projects/{key}/settings", Kind: ingest.Settings, Worlds: segment, Key: "k"},
		"/v1/projects/k/settings/": {
			Path: "/v1/projects/{key}/settings", Kind: ingest.Settings, Worlds: segment, Key: "k",
		},
		"/v1/projects/projects/k/settings": {
			Path: "/v1/projects/projects/{key}/settings", Kind: ingest.Settings, Worlds: segment, Key: "k",
		},
		"/projects/projects/k/settings": {
			Path: "/projects/projects/{key}/settings", Kind: ingest.Settings, Worlds: segment, Key: "k",
		},
	}
	for _, name := range []string{"identify", "track", "page", "screen", "group", "alias"} {
		full, short, pixel := "/v1/"+name, "/v1/"+name[:1], "/v1/pixel/"+name
		routes[full] = ingest.Route{Path: full, Kind: ingest.Event, Worlds: both, Type: name}
		routes[short] = ingest.Route{Path: short, Kind: ingest.Event, Worlds: segment, Type: name}
		routes[pixel] = ingest.Route{Path: pixel, Kind: ingest.Pixel, Worlds: segment, Type: name}
	}
	for path, want := range routes {
		route, known := ingest.RouteOf(path)
		assert.True(t, known, path)
		assert.Equal(t, want, route, path)
	}
	for _, path := range []string{
		"", "/", "/v1", "/v1/", "/v1/nope", "/v1//batch", "/v1/v1/batch", "/V1/batch", "/v1/batch//", "/v1/projects//settings",
		"/v1/projects/k", "/settings", "/k/settings", "/a/projects/k/settings", "/v1/projects/a/b/settings", "/transform", "/cluster-info",
	} {
		_, known := ingest.RouteOf(path)
		assert.False(t, known, path)
	}
}

func TestARouteSaysWhichMethodsItTakes(t *testing.T) {
	for path, want := range map[string][]string{
		"/v1/track":               {http.MethodPost},
		"/v1/b":                   {http.MethodPost},
		"/v1/m":                   {http.MethodPost},
		"/v1/pixel/track":         {http.MethodGet},
		"/sourceConfig":           {http.MethodGet},
		"/v1/projects/k/settings": {http.MethodGet},
		"/health":                 {http.MethodGet, http.MethodHead},
		"/ready":                  {http.MethodGet, http.MethodHead},
	} {
		route, _ := ingest.RouteOf(path)
		assert.Equal(t, want, route.Methods(), path)
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			assert.Equal(t, contains(want, method), route.Allows(method), "%s %s", method, path)
		}
	}
}

func contains(list []string, text string) bool {
	for _, entry := range list {
		if entry == text {
			return true
		}
	}
	return false
}

// An SDK that appends its path to an address with a trailing slash asks for
// //v1/batch: rudder-sdk-go, rudder-php-sdk.
func TestRunsOfSlashesBecomeOne(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/batch": "/v1/batch", "//v1/batch": "/v1/batch", "/a///v1//batch/": "/a/v1/batch/", "": "", "//": "/",
	} {
		assert.Equal(t, want, ingest.Clean(path))
	}
}

func TestKeysInPathsAreHidden(t *testing.T) {
	hide := func(key string) string { return "<" + key + ">" }
	for path, want := range map[string]string{
		"/v1/projects/k/settings":          "/v1/projects/<k>/settings",
		"/v1/projects/projects/k/settings": "/v1/projects/projects/<k>/settings",
		"/projects/k":                      "/projects/<k>",
		"/v1/projects/k/setings":           "/v1/projects/<k>/<setings>",
		"/v1/projects":                     "/v1/projects",
		"/v1/projects/":                    "/v1/projects/",
		"/v1/track":                        "/v1/track",
		"/v1/myprojects/k":                 "/v1/myprojects/k",
	} {
		assert.Equal(t, want, ingest.HidePathKeys(path, hide))
	}
}
