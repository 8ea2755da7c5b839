package controlapi

import (
	"net/http"
	"slices"
)

// readable are the endpoints that look at calls and requests, and change nothing.
var readable = []string{
	"/api/v1/calls", "/api/v1/calls/{seq}", "/api/v1/calls/{seq}/raw", "/api/v1/events",
	"/api/v1/requests", "/api/v1/requests/{seq}", "/api/v1/summary", "/api/v1/violations", "/api/v1/person",
	"/api/v1/wait", "/api/v1/export", "/api/v1/faults", "/api/v1/faults/presets",
	"/api/v1/healthz", "/api/v1/readyz", "/api/v1/version", "/healthz", "/readyz", "/version",
}

// RegisterReading adds to a mux what only reads, for an inbox that is no
// sandbox's. There are no faults in its list.
func (cfg Config) RegisterReading(mux *http.ServeMux) {
	for _, e := range cfg.endpoints() {
		if e.method == http.MethodGet && slices.Contains(readable, e.path) {
			mux.Handle(e.method+" "+e.path, e)
		}
	}
}
