package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sort"
	"strings"
	"time"
)

// TB is what New needs of a *testing.T, so that a binary with a sandbox in it
// does not carry the testing package.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Context() context.Context
}

// TestServer is a sandbox for one test, gone when the test ends.
type TestServer struct {
	*Sandbox
	// URL is where it listens, such as http://127.0.0.1:41234.
	URL string
	// WaitTimeout is how long Wait is patient: 10 seconds.
	WaitTimeout time.Duration

	t      TB
	client *http.Client
}

// New starts a sandbox on a free port of the loopback interface. It takes at
// most one Config.
func New(t TB, cfg ...Config) *TestServer {
	t.Helper()
	ts := newTestServer(t, cfg)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("sandbox: listening on loopback: %v", err)
	}
	server := ts.Server()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // always http.ErrServerClosed, after Close
	}()
	transport := &http.Transport{}
	ts.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-done
	})
	ts.URL = "http://" + listener.Addr().String()
	return ts
}

// NewInProcess makes a sandbox that no socket leads to: only Client and
// Transport reach it. It is for tests in a testing/synctest bubble.
func NewInProcess(t TB, cfg ...Config) *TestServer {
	t.Helper()
	ts := newTestServer(t, cfg)
	ts.client = &http.Client{Transport: ts.Transport()}
	ts.URL = "http://127.0.0.1"
	return ts
}

func newTestServer(t TB, cfg []Config) *TestServer {
	t.Helper()
	if len(cfg) > 1 {
		t.Fatalf("sandbox: got %d configs, takes one", len(cfg))
	}
	handler := NewHandler(append(cfg, Config{})[0])
	return &TestServer{Sandbox: handler, WaitTimeout: 10 * time.Second, t: t}
}

// Client returns a client whose requests reach the sandbox.
func (ts *TestServer) Client() *http.Client { return ts.client }

// Wait blocks until at least n calls that meet the filters came in, discarded
// and duplicate ones included, and returns them in order of arrival. It fails
// the test when they do not come, or came and made room already.
func (ts *TestServer) Wait(n int, filters ...Filter) []Call {
	ts.t.Helper()
	filter := ts.oneOf(filters)
	matched, reached := ts.store.await(ts.t.Context(), ts.WaitTimeout, filter, n)
	if !reached {
		ts.t.Fatalf("sandbox: waited %s for %d calls, got %d\n%s", ts.WaitTimeout, n, matched, ts.Summary())
	}
	calls := ts.Sandbox.Calls(filter)
	if len(calls) < n {
		ts.t.Fatalf("sandbox: %d calls came, but only %d are still held: raise MaxCalls and MaxBytes in Config", matched, len(calls))
	}
	return calls
}

// Calls returns the calls held that meet the filter, in order of arrival.
func (ts *TestServer) Calls(filters ...Filter) []Call {
	ts.t.Helper()
	return ts.Sandbox.Calls(ts.oneOf(filters))
}

func (ts *TestServer) oneOf(filters []Filter) Filter {
	ts.t.Helper()
	if len(filters) > 1 {
		ts.t.Fatalf("sandbox: got %d filters, takes one", len(filters))
	}
	return append(filters, Filter{})[0]
}

// Fail answers requests with status, from now on and until told otherwise. It
// strikes at once, so inject and alter faults before there is traffic:
//
//	sb.Fail(503).Times(3)
//	sb.Fail(429).RetryAfter("2").Match(sandbox.Match{User: "42"})
func (ts *TestServer) Fail(status int) *Injected {
	ts.t.Helper()
	return ts.inject(Fault{Status: status})
}

// Drop cuts the connection of requests without accepting anything.
func (ts *TestServer) Drop() *Injected {
	ts.t.Helper()
	return ts.inject(Fault{Drop: true})
}

// LostAck accepts the calls of requests and cuts the connection before the
// answer.
func (ts *TestServer) LostAck() *Injected {
	ts.t.Helper()
	return ts.inject(Fault{LostAck: true})
}

// Delay keeps requests waiting before they are treated as ever.
func (ts *TestServer) Delay(d time.Duration) *Injected {
	ts.t.Helper()
	return ts.inject(Fault{Delay: d})
}

func (ts *TestServer) inject(f Fault) *Injected {
	ts.t.Helper()
	id, err := ts.Inject(f)
	if err != nil {
		ts.t.Fatalf("sandbox: injecting a fault: %v", err)
	}
	return &Injected{ts: ts, id: id}
}

// Injected is a fault in place. Its methods alter it and return it.
type Injected struct {
	ts *TestServer
	id int
}

func (in *Injected) alter(change func(*Fault)) *Injected {
	in.ts.t.Helper()
	if err := in.ts.faults.change(in.id, change); err != nil {
		in.ts.t.Fatalf("sandbox: altering a fault: %v", err)
	}
	return in
}

// Times lets the fault strike n times.
func (in *Injected) Times(n int) *Injected {
	in.ts.t.Helper()
	return in.alter(func(f *Fault) { f.Times = n })
}

// Probability lets the fault strike a share p of the requests that match, the
// same ones for the same seed.
func (in *Injected) Probability(p float64, seed uint64) *Injected {
	in.ts.t.Helper()
	return in.alter(func(f *Fault) { f.Probability, f.Seed = p, seed })
}

// RetryAfter sends the header of that name, whatever it says.
func (in *Injected) RetryAfter(value string) *Injected {
	in.ts.t.Helper()
	return in.alter(func(f *Fault) { f.RetryAfter = value })
}

// Header sends a header, such as the Location of a redirect.
func (in *Injected) Header(name, value string) *Injected {
	in.ts.t.Helper()
	return in.alter(func(f *Fault) {
		header := map[string]string{name: value}
		for n, v := range f.Header {
			if n != name {
				header[n] = v
			}
		}
		f.Header = header
	})
}

// Body answers with this body instead of one that says what struck.
func (in *Injected) Body(body string) *Injected {
	in.ts.t.Helper()
	return in.alter(func(f *Fault) { f.Body = body })
}

// Delay waits before the fault strikes.
func (in *Injected) Delay(d time.Duration) *Injected {
	in.ts.t.Helper()
	return in.alter(func(f *Fault) { f.Delay = d })
}

// Match strikes only requests with at least one call that meets m.
func (in *Injected) Match(m Match) *Injected {
	in.ts.t.Helper()
	return in.alter(func(f *Fault) { f.Match = m })
}

// Hits returns how often the fault struck.
func (in *Injected) Hits() int {
	state, _ := in.ts.faults.state(in.id)
	return state.Hits
}

// Remove ends the fault.
func (in *Injected) Remove() { in.ts.RemoveFault(in.id) }

// String is a summary in two lines, for the messages of failing tests.
func (s Summary) String() string {
	return fmt.Sprintf("%d calls: %d accepted (%d duplicates), %d discarded %s, warnings %s; %d in refused requests\n%d requests: %s",
		s.Calls, s.Accepted, s.Duplicates, s.Discarded, tally(s.Violations), tally(s.Warnings), s.Refused,
		s.Requests, tally(s.RequestsByStatus))
}

func tally(counts map[string]int) string {
	parts := make([]string, 0, len(counts))
	for name, n := range counts {
		parts = append(parts, fmt.Sprintf("%s×%d", name, n))
	}
	sort.Strings(parts)
	return "[" + strings.Join(parts, " ") + "]"
}
