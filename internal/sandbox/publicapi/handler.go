// Package publicapi answers as Segment's Public API does, as far as a sandbox has
// something to show: sources, tracking plans, and what was counted of the calls
// that arrived.
//
// https://docs.segmentapis.com has the API. Where its pages say nothing, what
// Segment's own clients send and expect decides.
package publicapi

import (
	"net/http"
	"slices"
	"strconv"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/sandbox/workspace"
)

// Prefix is where the API is on the sandbox. Segment has a host for it.
const Prefix = "/public-api"

// Handler serves the API below Prefix.
type Handler struct {
	workspace *workspace.Workspace
	faults    *faults.List
	limits    limits
	mux       *http.ServeMux
}

// New returns a handler for a workspace. A fault strikes what it is asked if it
// matches the path of it, or Prefix for all of them.
func New(w *workspace.Workspace, list *faults.List) *Handler {
	h := &Handler{workspace: w, faults: list, mux: http.NewServeMux()}
	for _, e := range h.endpoints() {
		h.mux.Handle("GET "+Prefix+e.path, h.guarded(e))
	}
	return h
}

// endpoint is one of the API.
type endpoint struct {
	path string
	// part is what a workspace may be without, empty for what all have.
	part string
	// perMinute is how often a token may ask. Segment publishes few limits; the
	// others are above 600.
	perMinute int
	// isPaged says that it wants to know how many things a page may have.
	isPaged bool
	serve   func(r *http.Request, p params) (any, *refusal)
}

const usualLimit = 600

func (h *Handler) endpoints() []endpoint {
	const overview, volume, plans, settings = "delivery-overview", "events-volume", "tracking-plans", "settings"
	return []endpoint{
		{"/{$}", "", usualLimit, false, h.root},
		{"/sources", "", usualLimit, false, h.sources},
		{"/sources/{id}", "", usualLimit, false, h.source},
		{"/sources/{id}/settings", settings, usualLimit, false, h.settings},
		{"/sources/{id}/connected-destinations", "", usualLimit, true, h.destinations},
		{"/delivery-overview/{step}", overview, usualLimit, false, h.delivery},
		{"/events/volume", volume, 60, false, h.volume},
		{"/tracking-plans", plans, usualLimit, true, h.plans},
		{"/tracking-plans/{id}", plans, usualLimit, false, h.plan},
		{"/tracking-plans/{id}/rules", plans, 200, true, h.rules},
		{"/tracking-plans/{id}/sources", plans, usualLimit, true, h.planSources},
		{"/echo", "", usualLimit, false, h.echo},
	}
}

// ServeHTTP answers one question.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := h.mux.Handler(r); pattern == "" {
		write(w, nil, &refusal{status: http.StatusNotFound, Type: typeRequest, Message: "the Public API of the sandbox has nothing at this path"})
		return
	}
	h.mux.ServeHTTP(w, r)
}

// guarded serves an endpoint to whoever may ask it, and not too often.
func (h *Handler) guarded(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.strike(w, r) {
			return
		}
		data, refused := h.ask(w.Header(), r, e)
		write(w, data, refused)
	})
}

func (h *Handler) ask(header http.Header, r *http.Request, e endpoint) (any, *refusal) {
	settings := h.workspace.Settings()
	_, token := ingest.Authorization(r.Header)
	switch {
	case token == "":
		return nil, &refusal{status: http.StatusUnauthorized, Type: typeRequest, Message: "a token is needed: send Authorization: Bearer and the token"}
	case len(settings.Tokens) > 0 && !slices.Contains(settings.Tokens, token):
		return nil, &refusal{status: http.StatusForbidden, Type: typeRequest, Message: "the token is invalid"}
	case slices.Contains(settings.Without, e.part):
		return nil, &refusal{status: http.StatusForbidden, Type: typeRequest, Message: "the workspace or the token does not have access to this"}
	}
	limit := e.perMinute
	if settings.RequestsPerMinute > 0 {
		limit = settings.RequestsPerMinute
	}
	if refused := h.limits.take(header, token+" "+e.path, limit); refused != nil {
		return nil, refused
	}
	p, refused := paramsOf(r, e.isPaged)
	if refused != nil {
		return nil, refused
	}
	return e.serve(r, p)
}

// strike does what a fault says, and reports whether that was all.
func (h *Handler) strike(w http.ResponseWriter, r *http.Request) bool {
	fault := h.faults.StrikePath(r.URL.Path, Prefix)
	if fault == nil {
		return false
	}
	if !fault.Wait(r.Context()) || fault.Drop || fault.LostAck || fault.Truncate {
		panic(http.ErrAbortHandler)
	}
	if fault.Status == 0 {
		return false // It was only a delay.
	}
	for name, value := range fault.Header {
		w.Header().Set(name, value)
	}
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	if fault.Body != "" {
		answer.Bytes(w, fault.Status, "application/json", []byte(fault.Body))
		return true
	}
	write(w, nil, &refusal{status: fault.Status, Type: typeRequest, Message: "an injected fault: " + fault.Effect()})
	return true
}

// typeRequest and typeInput are the types of errors that have been seen.
const (
	typeRequest = "RequestError"
	typeInput   = "input-validation"
)

// refusal is an answer that has errors in place of data.
type refusal struct {
	status  int
	Type    string `json:"type"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Data    any    `json:"data,omitempty"`
	Status  int    `json:"status,omitempty"`
}

func invalid(field, message string) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, Type: typeInput, Message: message, Field: field}
}

func notFound(what, id string) *refusal {
	return &refusal{
		status: http.StatusNotFound, Type: typeRequest, Status: http.StatusNotFound,
		Message: "there is no " + what + " " + strconv.Quote(inbox.Clip(id, 100)),
	}
}

func write(w http.ResponseWriter, data any, refused *refusal) {
	if refused != nil {
		answer.JSON(w, refused.status, map[string][]*refusal{"errors": {refused}})
		return
	}
	answer.JSON(w, http.StatusOK, map[string]any{"data": data})
}
