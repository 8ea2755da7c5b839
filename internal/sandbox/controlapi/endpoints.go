// Package controlapi serves the control API of a sandbox: what it holds, as
// lists, files and events, what is wrong with it, and the faults.
package controlapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/sandbox/workspace"
)

// Config is what the API shows and changes.
type Config struct {
	Inbox  *inbox.Inbox
	Faults *faults.List
	// Workspace is what the Public API tells of.
	Workspace *workspace.Workspace
	// Reset forgets everything.
	Reset func()
	// Import records calls as one request with a write key that was accepted.
	Import func(key string, calls []json.RawMessage) *inbox.Request
	// Run tells this sandbox from the one before a restart, whose sequence
	// numbers mean other calls.
	Run     string
	Version string
	// ReplayTo is the only place that calls are sent on to, empty for none.
	ReplayTo string
	// MaxCalls is how many calls the inbox holds.
	MaxCalls int
	// OfOutput says that the inbox is an output's, for reading only.
	OfOutput bool
}

// endpoint is one of the API. Routing, the answers to wrong methods and the
// OpenAPI document are made from the table of endpoints.
type endpoint struct {
	method, path string
	// what says in a few words what it is for.
	what   string
	params []string
	serve  func(w http.ResponseWriter, r *http.Request, q *query)
}

// ServeHTTP refuses a query that is malformed or not understood, and a body that
// nobody reads, before anything is done: without its filter, a request means
// every call.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.RawQuery, e.params)
	if err == nil && e.method != http.MethodGet {
		err = q.noneIsEmpty()
	}
	if err == nil && r.ContentLength != 0 && !e.takesBody() {
		err = errNoBody
	}
	if err != nil {
		answer.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	e.serve(w, r, q)
}

// errNoBody refuses a filter that is in the wrong place.
var errNoBody = errors.New("this endpoint takes no body: put filters into the query, as curl -G does")

// takesBody reports whether the endpoint reads the body of a request.
func (e endpoint) takesBody() bool {
	return e.method == http.MethodPut || e.method == http.MethodPost && slices.Contains([]string{"/api/v1/faults", "/api/v1/assert", "/api/v1/import"}, e.path)
}

// filterParams are those that query.filter reads.
var filterParams = []string{
	"q", "type", "user", "event", "group", "message_id", "write_key", "path", "text", "violation", "warning", "plan", "duplicate", "accepted", "since", "until",
}

func filtered(more ...string) []string { return slices.Concat(filterParams, more) }

// endpoints returns the table. Each handler has only what it needs.
func (cfg Config) endpoints() []endpoint {
	var (
		calls    = callsAPI{cfg.Inbox, cfg.Run, cfg.Version}
		requests = requestsAPI{cfg.Inbox}
		faults   = faultsAPI{cfg.Faults}
		events   = eventsAPI{cfg.Inbox, cfg.Faults, greeting{cfg.Run, cfg.MaxCalls, cfg.Version, cfg.ReplayTo, cfg.OfOutput}}
		replay   = replayAPI{cfg.Inbox, cfg.ReplayTo}
		imports  = importAPI{cfg.Import}
		metrics  = metricsAPI{cfg.Inbox, cfg.Faults}
		space    = workspaceAPI{cfg.Workspace}
		about    = aboutAPI{cfg.Version, cfg.endpoints}
	)
	reset := func(w http.ResponseWriter, _ *http.Request, _ *query) {
		cfg.Reset()
		answer.JSON(w, http.StatusOK, map[string]bool{"reset": true})
	}
	return []endpoint{
		{"GET", "/api/v1/calls", "the calls held", filtered("limit", "order", "raw"), calls.list},
		{"DELETE", "/api/v1/calls", "delete calls", filtered(), calls.remove},
		{"GET", "/api/v1/calls/{seq}", "one call with its violations, warnings and attempts", nil, calls.one},
		{"GET", "/api/v1/calls/{seq}/raw", "the bytes of one call", nil, calls.raw},
		{"GET", "/api/v1/events", "the calls as they arrive, as server-sent events", filtered("after"), events.serve},
		{"GET", "/api/v1/requests", "the requests held", []string{"since", "limit", "order", "message_id", "status", "brief"}, requests.list},
		{"GET", "/api/v1/requests/{seq}", "one request", nil, requests.one},
		{"GET", "/api/v1/summary", "counters", nil, calls.summary},
		{"GET", "/api/v1/violations", "violations, warnings and findings of the tracking plan by kind, with how to fix them", filtered(), calls.violations},
		{"GET", "/api/v1/person", "all ids of a person, what links them, traits and calls", []string{"id"}, calls.person},
		{"GET", "/api/v1/wait", "wait for calls", filtered("count", "timeout"), calls.wait},
		{"GET", "/api/v1/assert", "check order and duplicates", filtered(), calls.assert},
		{"POST", "/api/v1/assert", "check order, duplicates and missing ids", filtered(), calls.assert},
		{"GET", "/api/v1/export", "calls as a file", filtered("format"), calls.export},
		{"POST", "/api/v1/import", "take calls in from a file", []string{"write_key"}, imports.serve},
		{"POST", "/api/v1/replay", "send calls to the place that --replay-to names", filtered(), replay.serve},
		{"GET", "/api/v1/faults", "the faults", nil, faults.list},
		{"POST", "/api/v1/faults", "inject a fault", nil, faults.add},
		{"PUT", "/api/v1/faults", "replace all faults", nil, faults.replace},
		{"DELETE", "/api/v1/faults", "end all faults", nil, faults.clear},
		{"DELETE", "/api/v1/faults/{id}", "end one fault", nil, faults.remove},
		{"GET", "/api/v1/faults/presets", "faults with a name", nil, faults.presets},
		{"GET", "/api/v1/workspace", "the sources that the Public API tells of", nil, space.show},
		{"PUT", "/api/v1/workspace", "set the sources", nil, space.replace},
		{"POST", "/api/v1/reset", "forget everything", nil, reset},
		{"GET", "/api/v1/healthz", "whether it runs", nil, about.health},
		{"GET", "/api/v1/readyz", "whether it accepts calls", nil, about.health},
		{"GET", "/api/v1/version", "its version", nil, about.showVersion},
		{"GET", "/api/v1/openapi.json", "this API as an OpenAPI document", nil, about.openAPI},
		{"GET", "/healthz", "whether it runs", nil, about.health},
		{"GET", "/readyz", "whether it accepts calls", nil, about.health},
		{"GET", "/version", "its version", nil, about.showVersion},
		{"GET", "/openapi.json", "this API as an OpenAPI document", nil, about.openAPI},
		{"GET", "/metrics", "counters for Prometheus", nil, metrics.serve},
	}
}

// Register adds the API to a mux.
func (cfg Config) Register(mux *http.ServeMux) {
	for _, e := range cfg.endpoints() {
		mux.Handle(e.method+" "+e.path, e)
	}
}

// WithJSONErrors answers in JSON what the mux has no pattern for. The mux itself
// would answer in plain text, or with a redirect.
func WithJSONErrors(mux *http.ServeMux) http.Handler {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		for _, method := range methods {
			probe := &http.Request{Method: method, Host: r.Host, URL: r.URL}
			if _, pattern := mux.Handler(probe); pattern != "" {
				answer.Error(w, http.StatusMethodNotAllowed, r.URL.Path+" does not accept "+r.Method+", it accepts "+method)
				return
			}
		}
		answer.Error(w, http.StatusNotFound, "there is nothing at this path: calls go to /v1/…, the page is at /, and /api/v1/openapi.json lists the control API")
	})
}
