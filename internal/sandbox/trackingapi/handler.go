// Package trackingapi answers as Segment's HTTP Tracking API does: it takes
// requests apart, says what Segment would discard and why, and puts everything
// into the inbox.
package trackingapi

import (
	"net/http"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/sandbox/workspace"
	"benthos-segment/internal/segment"
)

// Settings are what can be chosen about the API.
type Settings struct {
	// Strict answers 400 to a request that holds anything Segment would discard.
	Strict bool
	// WriteKeys are the only write keys that are accepted. Empty accepts all.
	WriteKeys []string
	// Plan is the tracking plan that calls are judged by, or nil.
	Plan segment.Plan
	// MaxCallBytes bounds one call, alone or in a batch, MaxBatchBytes the body
	// of a batch, and MaxBatchCalls the calls in it.
	MaxCallBytes  int
	MaxBatchBytes int
	MaxBatchCalls int
	// MaxBodyBytes is how much of any body is read, MaxBodyMemory how much of
	// all bodies is kept at once.
	MaxBodyBytes  int64
	MaxBodyMemory int64
	// BodyTimeout is shown to senders whose body did not arrive. Whoever serves
	// the API sees to it.
	BodyTimeout time.Duration
}

// TokenChecker says which access tokens are valid.
type TokenChecker interface {
	Accepts(token string) bool
}

// Handler serves the Tracking API.
type Handler struct {
	settings  Settings
	inbox     *inbox.Inbox
	faults    *faults.List
	workspace *workspace.Workspace
	// tokens is nil if calls need no access token.
	tokens TokenChecker
	bodies *ingest.BodyReader
	cors   *ingest.CORS
}

// New returns a handler that records requests in the inbox, lets faults strike
// them, and has the workspace count what came. Calls need an access token if
// tokens is not nil.
func New(settings Settings, box *inbox.Inbox, list *faults.List, space *workspace.Workspace, tokens TokenChecker) *Handler {
	keep := int64(max(settings.MaxBatchBytes, settings.MaxCallBytes))
	anyPage, _ := ingest.NewCORS([]string{"*"}) // which is an origin
	return &Handler{
		settings: settings, cors: anyPage, inbox: box, faults: list, workspace: space, tokens: tokens,
		bodies: ingest.NewBodyReader(keep, settings.MaxBodyBytes, settings.MaxBodyMemory),
	}
}

// Route finds what a path is for. SDKs that are set to an address with a slash at
// its end ask for //v1/batch.
func Route(path string) (route ingest.Route, known bool) { return ingest.RouteOf(ingest.Clean(path)) }

// ServeHTTP answers one request. It routes by hand because http.ServeMux answers
// an unclean path with a redirect, which is the last thing that a sender under
// test should get.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Senders in a browser need this, and it gives nothing away: a page of
	// another origin may send, as to Segment, and reads nothing but what it knows.
	h.cors.Write(w.Header(), r)
	isolate(w)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	route, known := Route(r.URL.Path)
	if known && route.Allows(r.Method) && h.serveWithoutCalls(w, r, route) {
		return
	}
	a := newArrival(r)
	if a.refusal = a.take(route, known, r); a.refusal == nil {
		defer h.read(a, r).Release()
	}
	if fault := h.faults.Strike(a.req, a.calls); fault != nil {
		h.strike(w, r, a, fault)
		return
	}
	h.decide(w, a)
}

// decide does what Segment does.
func (h *Handler) decide(w http.ResponseWriter, a *arrival) {
	if a.refusal == nil {
		h.keep(a, http.StatusOK, a.calls)
		if a.route.Kind == ingest.Pixel {
			answer.Bytes(w, http.StatusOK, "image/gif", ingest.Picture)
			return
		}
		answer.JSON(w, http.StatusOK, success)
		return
	}
	a.req.Refusal = a.refusal.Message
	if a.refusal.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	h.keep(a, a.refusal.status, nil)
	answer.JSON(w, a.refusal.status, a.refusal.failure)
}

// keep puts the request and the calls that it brought into the inbox. The
// calls move to memory of their own, because the body's is used again.
func (h *Handler) keep(a *arrival, status int, accepted []inbox.Call) {
	a.req.Status = status
	total := 0
	for i := range accepted {
		total += accepted[i].Size
	}
	memory := make([]byte, 0, total)
	for i := range accepted {
		start := len(memory)
		memory = append(memory, accepted[i].Raw...)
		accepted[i].Raw = memory[start:len(memory):len(memory)]
	}
	h.inbox.Add(a.req, accepted)
	h.workspace.Note(a.req, accepted)
}

// failure is the body of an answer that accepts nothing. Segment documents none;
// code and message are what its Python SDK reads.
type failure struct {
	Success bool   `json:"success"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// success is the body that Segment gives for nearly everything.
var success = struct {
	Success bool `json:"success"`
}{true}

// isolate keeps an answer of the Tracking API from being a page of the sandbox's
// origin, which may use the control API: a fault answers with any body and any
// header.
func isolate(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}
