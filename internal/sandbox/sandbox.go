// Package sandbox is a local stand-in of Segment's HTTP Tracking API: it
// answers as Segment does, keeps what it was sent, says what Segment would
// have thrown away and why, and fails on request.
//
// In tests it reads like net/http/httptest:
//
//	sb := sandbox.New(t)
//	sb.Fail(http.StatusTooManyRequests).Times(10)
//	send(sb.URL)
//	calls := sb.Wait(3)
//
// Under testing/synctest, where a socket would stop the fake clock,
// NewInProcess does the same without one.
//
// What is known of the real service, and what is not, decides the answers: the
// limits are those of
// https://www.twilio.com/docs/segment/connections/sources/catalog/libraries/server/http-api,
// measured in bytes after decompression; a wrong write key is not detected; a
// call that breaks a rule is answered with 200 and discarded.
package sandbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
)

// Config holds what can be chosen about a sandbox. The zero value is the real
// service as far as it is known, with room for 10,000 calls.
type Config struct {
	// Strict answers 400 to a request that holds anything Segment would
	// discard, and accepts nothing of it. Otherwise such a call is answered
	// with 200 and recorded as discarded, as Segment does.
	Strict bool
	// WriteKeys are the only write keys that are let in; others get a 401,
	// which Segment never gives. Empty lets every key in.
	WriteKeys []string
	// OAuth, if set, makes the Tracking API ask for access tokens, and the
	// sandbox grant them.
	OAuth *OAuth
	// Hosts are further host names under which the control API may be called.
	// Loopback names always may.
	Hosts []string
	// AnyAddress lets the control API be called by any IP address, for a sandbox
	// that other machines reach. No foreign page comes by an address: only a name
	// can be made to lead elsewhere.
	AnyAddress bool

	// ReplayTo is the only place that calls are ever sent on to, such as
	// https://api.segment.io. Empty sends them nowhere.
	ReplayTo string
	// Version is shown as the sandbox's own.
	Version string

	// MaxCalls and MaxBytes bound the calls that are kept; the oldest make
	// room. Zero means 10,000 calls and 64 MiB.
	MaxCalls int
	MaxBytes int64
	// MaxRequests bounds the journal of requests, which may take MaxBytes on
	// its own account. Zero means 10,000.
	MaxRequests int
	// MaxMessageIDs is how many message ids are remembered at least to tell
	// duplicates, also after their calls have made room. Zero means 1,000,000.
	MaxMessageIDs int

	// MaxCallBytes bounds one call, alone or in a batch, MaxBatchBytes the
	// body of a batch, and MaxBatchCalls the calls in it. Zero means Segment's
	// 32 KiB, 500 KiB and 2,500.
	MaxCallBytes  int
	MaxBatchBytes int
	MaxBatchCalls int
	// MaxBodyBytes is how much of any body is read, before and after
	// decompression; what is beyond the limits above is not kept, though. Zero
	// means 5 MiB.
	MaxBodyBytes int64
	// MaxBodyMemory bounds the bodies that are in memory at once. A request that
	// would go beyond it is answered with 503. Zero means 64 MiB.
	MaxBodyMemory int64
	// BodyTimeout is how long a body may take to arrive. Zero means 30 seconds.
	BodyTimeout time.Duration
}

func (c Config) withDefaults() Config {
	c.MaxCalls = cmp.Or(c.MaxCalls, 10_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	c.MaxRequests = cmp.Or(c.MaxRequests, 10_000)
	c.MaxMessageIDs = cmp.Or(c.MaxMessageIDs, 1_000_000)
	c.MaxCallBytes = cmp.Or(c.MaxCallBytes, 32*1024)
	c.MaxBatchBytes = cmp.Or(c.MaxBatchBytes, 500*1024)
	c.MaxBatchCalls = cmp.Or(c.MaxBatchCalls, 2_500)
	c.Version = cmp.Or(c.Version, "unknown")
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 5<<20)
	c.MaxBodyMemory = cmp.Or(c.MaxBodyMemory, 64<<20)
	c.BodyTimeout = cmp.Or(c.BodyTimeout, 30*time.Second)
	return c
}

// Sandbox is one stand-in of the Tracking API with its store and its faults.
// It is safe for use by several goroutines.
type Sandbox struct {
	cfg Config
	// run tells this sandbox from the one that was there before a restart,
	// whose sequence numbers mean other calls.
	run     string
	store   *store
	faults  *faults
	bodies  *ingest.BodyReader
	handler http.Handler
	// authority is nil without OAuth.
	authority *authority
}

// NewHandler returns a sandbox that is not served anywhere yet. Tests want New
// or NewInProcess instead.
func NewHandler(cfg Config) *Sandbox {
	cfg = cfg.withDefaults()
	s := &Sandbox{
		cfg: cfg, run: rand.Text()[:8], store: newStore(cfg), faults: &faults{},
		bodies: ingest.NewBodyReader(int64(max(cfg.MaxBatchBytes, cfg.MaxCallBytes)), cfg.MaxBodyBytes, cfg.MaxBodyMemory),
	}
	control := guard(cfg, s.controlAPI())
	token := control
	if cfg.OAuth != nil {
		s.authority = newAuthority(*cfg.OAuth)
		token = refuseForeign(s.authority)
	}
	s.handler = ingest.WithBodyTimeout(cfg.BodyTimeout, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/"):
			s.serveTracking(w, r)
		case r.URL.Path == "/token":
			token.ServeHTTP(w, r)
		default:
			control.ServeHTTP(w, r)
		}
	}))
	return s
}

// ServeHTTP serves the Tracking API under /v1/, the control API under
// /api/v1/, and with OAuth the authorization server under /token.
//
// The Tracking API is routed by hand because http.ServeMux answers an unclean
// path with a redirect, which is the last thing a sender under test should get.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Server returns an http.Server for the sandbox with the time-outs and bounds
// that a server of hostile bytes needs. Its Shutdown ends long-polls and
// delays at once.
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
// numbers go on where they were, so that a reader's cursor stays good.
func (s *Sandbox) Reset() {
	s.faults.clear()
	s.store.reset()
}
