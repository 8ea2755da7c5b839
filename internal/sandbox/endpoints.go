package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// endpoint is one of the control API. Routing, the answers to wrong methods and
// the description for machines are made of this table.
type endpoint struct {
	method, path string
	// what says in a few words what it is for.
	what   string
	params []string
	serve  func(w http.ResponseWriter, r *http.Request, q *query)
}

// ServeHTTP refuses a query that is malformed or not understood, before
// anything is done: without the part that cannot be read, a filter means
// everything.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.RawQuery, e.params)
	if err == nil && e.method != http.MethodGet {
		err = q.noneIsEmpty()
	}
	if err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	e.serve(w, r, q)
}

// filterParams are those that query.filter reads.
var filterParams = []string{
	"q", "type", "user", "event", "group", "message_id", "write_key", "path", "text", "violation", "warning", "duplicate", "accepted", "since",
}

func filtered(more ...string) []string { return slices.Concat(filterParams, more) }

func (s *Sandbox) endpoints() []endpoint {
	return []endpoint{
		{"GET", "/api/v1/calls", "the calls that are held", filtered("limit", "order", "raw"), s.serveCalls},
		{"DELETE", "/api/v1/calls", "delete calls", filtered(), s.serveNoCalls},
		{"GET", "/api/v1/calls/{seq}", "one call with its violations and attempts", nil, s.serveCall},
		{"GET", "/api/v1/calls/{seq}/raw", "the bytes of one call", nil, s.serveRaw},
		{"GET", "/api/v1/events", "the calls as they come, as server-sent events", filtered("after"), s.serveEvents},
		{"GET", "/api/v1/requests", "the journal of requests", []string{"since", "limit", "order", "message_id"}, s.serveRequests},
		{"GET", "/api/v1/requests/{seq}", "one request", nil, s.serveRequest},
		{"GET", "/api/v1/summary", "counters", nil, s.serveSummary},
		{"GET", "/api/v1/violations", "violations and warnings by kind, with how to fix them", filtered(), s.serveViolations},
		{"GET", "/api/v1/person", "all ids of a person, what links them, traits and calls", []string{"id"}, s.servePerson},
		{"GET", "/api/v1/wait", "wait for calls", filtered("count", "timeout"), s.serveWait},
		{"GET", "/api/v1/assert", "check order and duplicates", filtered(), s.serveAssert},
		{"POST", "/api/v1/assert", "check order, duplicates and missing ids", filtered(), s.serveAssert},
		{"GET", "/api/v1/export", "calls as a file", filtered("format"), s.serveExport},
		{"POST", "/api/v1/replay", "send calls to the place that --replay-to names", filtered(), s.serveReplay},
		{"GET", "/api/v1/faults", "the faults in place", nil, s.serveFaults},
		{"POST", "/api/v1/faults", "put a fault in place", nil, s.serveNewFault},
		{"PUT", "/api/v1/faults", "put these faults in place of all others", nil, s.serveTheseFaults},
		{"DELETE", "/api/v1/faults", "end all faults", nil, s.serveNoFaults},
		{"DELETE", "/api/v1/faults/{id}", "end one fault", nil, s.serveNoFault},
		{"GET", "/api/v1/faults/presets", "faults that people ask for by name", nil, servePresets},
		{"POST", "/api/v1/reset", "forget everything", nil, s.serveReset},
		{"GET", "/api/v1/healthz", "whether it runs", nil, serveHealth},
		{"GET", "/api/v1/readyz", "whether it takes calls", nil, serveHealth},
		{"GET", "/api/v1/version", "which version it is", nil, s.serveVersion},
		{"GET", "/api/v1/openapi.json", "this API for machines", nil, s.serveOpenAPI},
		{"GET", "/healthz", "whether it runs", nil, serveHealth},
		{"GET", "/readyz", "whether it takes calls", nil, serveHealth},
		{"GET", "/version", "which version it is", nil, s.serveVersion},
		{"GET", "/openapi.json", "this API for machines", nil, s.serveOpenAPI},
		{"GET", "/metrics", "counters for Prometheus", nil, s.serveMetrics},
	}
}

// controlAPI serves the page and what it shows, and takes faults.
func (s *Sandbox) controlAPI() http.Handler {
	mux := http.NewServeMux()
	for _, e := range s.endpoints() {
		mux.Handle(e.method+" "+e.path, e)
	}
	servePage(mux)
	return withJSONErrors(mux)
}

// withJSONErrors answers what no pattern fits, as the mux itself would answer
// in plain text or with a redirect.
func withJSONErrors(mux *http.ServeMux) http.Handler {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		for _, method := range methods {
			probe := &http.Request{Method: method, Host: r.Host, URL: r.URL}
			if _, pattern := mux.Handler(probe); pattern != "" {
				answerError(w, http.StatusMethodNotAllowed, r.Method+" is not for "+r.URL.Path+", "+method+" is")
				return
			}
		}
		answerError(w, http.StatusNotFound, "there is nothing at this path: calls go to /v1/…, the page is at /, and /api/v1/openapi.json lists the control API")
	})
}

func (s *Sandbox) serveVersion(w http.ResponseWriter, _ *http.Request, _ *query) {
	answerJSON(w, http.StatusOK, map[string]string{"version": s.cfg.Version})
}

// serveOpenAPI describes the API as far as the table knows it. What the
// answers look like is best seen by asking.
func (s *Sandbox) serveOpenAPI(w http.ResponseWriter, _ *http.Request, _ *query) {
	type parameter struct {
		Name     string            `json:"name"`
		In       string            `json:"in"`
		Required bool              `json:"required"`
		Schema   map[string]string `json:"schema"`
	}
	type operation struct {
		Summary    string                       `json:"summary"`
		Parameters []parameter                  `json:"parameters,omitempty"`
		Responses  map[string]map[string]string `json:"responses"`
	}
	paths := map[string]map[string]operation{}
	for _, e := range s.endpoints() {
		op := operation{Summary: e.what, Responses: map[string]map[string]string{"200": {"description": "done"}}}
		for _, name := range []string{"seq", "id"} {
			if strings.Contains(e.path, "{"+name+"}") {
				op.Parameters = append(op.Parameters, parameter{name, "path", true, map[string]string{"type": "integer"}})
			}
		}
		for _, name := range e.params {
			op.Parameters = append(op.Parameters, parameter{name, "query", false, map[string]string{"type": "string"}})
		}
		if paths[e.path] == nil {
			paths[e.path] = map[string]operation{}
		}
		paths[e.path][strings.ToLower(e.method)] = op
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]string{"title": "Segment sandbox", "version": s.cfg.Version},
		"paths":   paths,
	})
}
