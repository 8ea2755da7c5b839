// Package segmenttest lets a Go test deliver to Segment without Segment: a
// server that answers as the HTTP Tracking API does, keeps what it received,
// says what Segment would have discarded and why, and fails on request. It reads
// like net/http/httptest:
//
//	func TestEverythingArrives(t *testing.T) {
//		server := segmenttest.New(t)
//		server.Fail(http.StatusTooManyRequests).RetryAfter("1").Times(2)
//
//		runPipeline(t, server.URL) // output: segment: endpoint: …
//
//		calls := server.Wait(3)
//		assert.Equal(t, "Order Completed", calls[0].Name)
//		assert.Zero(t, server.Summary().Discarded)
//	}
//
// New listens on a free port. Under testing/synctest, where a socket would stop
// the fake clock, NewInProcess does the same without one.
//
// The server is the sandbox of the command `benthos-segment sandbox`: its control
// API and its page are at URL, too.
package segmenttest

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/sandbox/publicapi"
)

// Server is a stand-in of Segment for one test. It ends with the test.
type Server struct {
	// URL is where it listens, such as http://127.0.0.1:41234. It is the value
	// for the field endpoint of the output.
	URL string
	// WaitTimeout is how long Wait waits: 10 seconds, unless it is changed.
	WaitTimeout time.Duration

	t       testing.TB
	sandbox *sandbox.Sandbox
	client  *http.Client
}

// New starts a server on a free port of the loopback interface. It takes at most
// one Config.
func New(t testing.TB, cfg ...Config) *Server {
	t.Helper()
	s := newServer(t, cfg)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("segmenttest: listening on loopback: %v", err)
	}
	server := s.sandbox.Server()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // always http.ErrServerClosed, after Close
	}()
	transport := &http.Transport{}
	s.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-done
	})
	s.URL = "http://" + listener.Addr().String()
	return s
}

// NewInProcess returns a server without a socket: only Client reaches it. It is
// for tests in a testing/synctest bubble.
func NewInProcess(t testing.TB, cfg ...Config) *Server {
	t.Helper()
	s := newServer(t, cfg)
	s.client = &http.Client{Transport: inProcess{s.sandbox}}
	s.URL = "http://127.0.0.1"
	return s
}

func newServer(t testing.TB, cfg []Config) *Server {
	t.Helper()
	if len(cfg) > 1 {
		t.Fatalf("segmenttest: got %d configs, takes one", len(cfg))
	}
	return &Server{t: t, sandbox: sandbox.New(append(cfg, Config{})[0]), WaitTimeout: 10 * time.Second}
}

// Client returns a client whose requests reach the server. Without a socket it is
// the only way to it, whatever host a request is for.
func (s *Server) Client() *http.Client { return s.client }

// PublicAPI is the address of the stand-in of Segment's Public API.
func (s *Server) PublicAPI() string { return s.URL + publicapi.Prefix }

// SetWorkspace replaces what the Public API tells of. The counts of a source stay
// as long as it keeps its name.
func (s *Server) SetWorkspace(settings Workspace) {
	s.t.Helper()
	if err := s.sandbox.Workspace.Set(settings); err != nil {
		s.t.Fatalf("segmenttest: setting the workspace: %v", err)
	}
}

// ServeHTTP serves the stand-in, so that it can be put behind a server or a
// middleware of your own, for example with TLS.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.sandbox.ServeHTTP(w, r) }

// Wait blocks until at least n calls that match the filter have arrived,
// including discarded and duplicate ones, and returns them in order of arrival.
// It fails the test if they do not arrive, or were evicted already. It takes at
// most one filter.
func (s *Server) Wait(n int, filters ...Filter) []Call {
	s.t.Helper()
	filter := s.one(filters)
	matched, reached := s.sandbox.Inbox.Await(s.t.Context(), s.WaitTimeout, filter, n)
	if !reached {
		s.t.Fatalf("segmenttest: waited %s for %d calls, got %d\n%s", s.WaitTimeout, n, matched, s.Summary())
	}
	calls := s.Calls(filter)
	if len(calls) < n {
		s.t.Fatalf("segmenttest: %d calls arrived, but only %d are still held: raise MaxCalls and MaxBytes in Config", matched, len(calls))
	}
	return calls
}

// Calls returns the calls held that match the filter, in order of arrival. It
// takes at most one filter.
func (s *Server) Calls(filters ...Filter) []Call {
	s.t.Helper()
	filter := s.one(filters)
	held, _ := s.sandbox.Inbox.Matching(context.Background(), &filter) // which only its context can end
	calls := make([]Call, len(held))
	for i, call := range held {
		calls[i] = *call
	}
	return calls
}

func (s *Server) one(filters []Filter) Filter {
	s.t.Helper()
	if len(filters) > 1 {
		s.t.Fatalf("segmenttest: got %d filters, takes one", len(filters))
	}
	return append(filters, Filter{})[0]
}

// Requests returns the requests held, in order of arrival: every attempt, also
// those that were refused or cut, with the message ids of its calls.
func (s *Server) Requests() []Request {
	held := s.sandbox.Inbox.RequestsAfter(0)
	requests := make([]Request, len(held))
	for i, req := range held {
		requests[i] = *req
	}
	return requests
}

// Summary returns what arrived since the start or the last reset.
func (s *Server) Summary() Summary { return s.sandbox.Inbox.Summary() }

// Reset forgets every call, request, message id, counter and fault.
func (s *Server) Reset() { s.sandbox.Reset() }

// RevokeTokens makes all access tokens granted so far invalid. It needs
// Config.OAuth, as the next two do.
func (s *Server) RevokeTokens() { s.sandbox.Tokens.Revoke() }

// TokenRequests returns the requests for tokens, in order of arrival.
func (s *Server) TokenRequests() []TokenRequest { return s.sandbox.Tokens.Requests() }

// FailToken answers the next request for a token with a status and, if it is not
// empty, a Retry-After.
func (s *Server) FailToken(status int, retryAfter string) { s.sandbox.Tokens.Fail(status, retryAfter) }
