// Package sandbox is a local stand-in of Segment's HTTP Tracking API: it answers
// as Segment does, keeps what it received, says what Segment would have
// discarded and why, and fails on request. A page shows every call as it
// arrives.
//
// What is known about the real service decides the answers. The limits are those of
// https://www.twilio.com/docs/segment/connections/sources/catalog/libraries/server/http-api,
// measured in bytes after decompression; a wrong write key is not detected; a
// call that breaks a rule is answered with 200 and discarded.
//
// Its rooms: trackingapi takes requests in, inbox keeps them, faults says which
// ones fail, controlapi and page show everything, tokens grants access, and guard
// keeps foreign pages away. Beside it, publicapi answers as Segment's Public API
// does about a workspace. Package segmenttest makes it a test server.
package sandbox

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/controlapi"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/guard"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/sandbox/page"
	"benthos-segment/internal/sandbox/publicapi"
	"benthos-segment/internal/sandbox/tokens"
	"benthos-segment/internal/sandbox/trackingapi"
	"benthos-segment/internal/sandbox/workspace"
)

// Sandbox is one stand-in of the Tracking API. It is safe for use by several
// goroutines.
type Sandbox struct {
	// Inbox holds what was received, Faults what fails.
	Inbox  *inbox.Inbox
	Faults *faults.List
	// Workspace has the sources, and what was counted of them.
	Workspace *workspace.Workspace
	// Tokens grants access tokens; nil without Config.OAuth.
	Tokens *tokens.Authority

	handler http.Handler
}

// New returns a sandbox that is not served anywhere yet.
func New(cfg Config) *Sandbox {
	cfg = cfg.withDefaults()
	s := &Sandbox{Inbox: inbox.New(cfg.inbox()), Faults: &faults.List{}, Workspace: workspace.New(cfg.WriteKeys)}
	s.Inbox.Restore(cfg.Held)
	var checker trackingapi.TokenChecker
	if cfg.OAuth != nil {
		s.Tokens = tokens.New(*cfg.OAuth)
		checker = s.Tokens
	}
	tracking := trackingapi.New(cfg.tracking(), s.Inbox, s.Faults, s.Workspace, checker)
	s.handler = ingest.WithBodyTimeout(cfg.BodyTimeout, s.route(tracking, s.control(cfg, tracking)))
	return s
}

// control serves the control API and the page to this machine.
func (s *Sandbox) control(cfg Config, tracking *trackingapi.Handler) http.Handler {
	mux := http.NewServeMux()
	page.Register(mux)
	mux.Handle(publicapi.Prefix+"/", publicapi.New(s.Workspace, s.Faults))
	controlapi.Config{
		Inbox: s.Inbox, Faults: s.Faults, Workspace: s.Workspace, Reset: s.Reset, Import: tracking.Import,
		Run: cfg.Run, Version: cfg.Version, ReplayTo: cfg.ReplayTo, MaxCalls: cfg.MaxCalls,
	}.Register(mux)
	return guard.Hosts{Names: cfg.Hosts, AnyAddress: cfg.AnyAddress}.Guard(controlapi.WithJSONErrors(mux))
}

// route serves what SDKs call, and everything under /v1/, by tracking, the
// authorization server under /token, if there is one, and the rest by control.
func (s *Sandbox) route(tracking, control http.Handler) http.Handler {
	token := control
	if s.Tokens != nil {
		token = guard.OwnOrigin(s.Tokens)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case isOfSDKs(r.URL.Path):
			tracking.ServeHTTP(w, r)
		case r.URL.Path == "/token":
			token.ServeHTTP(w, r)
		default:
			control.ServeHTTP(w, r)
		}
	})
}

func isOfSDKs(path string) bool {
	_, known := trackingapi.Route(path)
	return known || strings.HasPrefix(path, "/v1/")
}

// ServeHTTP serves the sandbox.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Server returns an http.Server for the sandbox with the time-outs and bounds
// that a server of hostile bytes needs. Its Shutdown ends long polls, delays and
// bodies that are still arriving.
func (s *Sandbox) Server() *http.Server {
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	server.RegisterOnShutdown(cancel)
	return server
}

// Reset forgets every call, request, message id, counter and fault. Sequence
// numbers continue, so that a reader's cursor stays valid. The sources that the
// workspace was given stay.
func (s *Sandbox) Reset() {
	s.Faults.Clear()
	s.Inbox.Reset()
	s.Workspace.Reset()
}
