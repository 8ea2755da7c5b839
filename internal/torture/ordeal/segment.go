package ordeal

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/sandbox/inbox"
)

// Segment is the stand-in of Segment that outlives the processes which deliver
// to it. It knows them apart by the path that each of them sends to.
type Segment struct {
	*sandbox.Sandbox
	Url    string
	server *http.Server
	done   chan struct{}

	mu       sync.Mutex
	log      []Acceptance
	read     uint64
	arrived  map[Step]bool
	under    int
	requests map[int]int
	changed  chan struct{}
	// watch is called with every request twice: when it has come in, and when
	// its calls are accepted and the answer is not yet on its way.
	watch func(process, request int, answered bool)
	// jitter is the longest that a request is kept before it is accepted, and
	// its answer afterwards.
	jitter time.Duration
	rng    *rand.Rand
	broken error
	// keep is handed what is accepted before anybody is told, nil for nothing.
	keep func([]Acceptance) error
}

// Stride makes the stand-in slow enough that at any moment there are requests
// on their way, and some of them accepted and not answered.
const Stride = 20 * time.Millisecond

// room is more than any round needs: an inbox with gaps could prove nothing.
const room = 2_000_000

// NewSegment makes a stand-in that keeps each request for as long as jitter at
// most, and its answer as well.
func NewSegment(seed uint64, jitter time.Duration) *Segment {
	return &Segment{
		Sandbox: sandbox.New(sandbox.Config{
			MaxCalls: room, MaxBytes: 4 << 30, MaxRequests: room, MaxMessageIDs: room,
		}),
		arrived:  map[Step]bool{},
		requests: map[int]int{},
		changed:  make(chan struct{}),
		jitter:   jitter,
		rng:      rand.New(rand.NewPCG(seed, 0)),
	}
}

// Serve listens on a port of the loopback interface, 0 for any.
func (s *Segment) Serve(port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("listening for calls: %w", err)
	}
	s.ServeOn(listener, nil)
	return nil
}

// ServeOn takes requests from a listener, over TLS and HTTP/2 where it gets a
// certificate.
func (s *Segment) ServeOn(listener net.Listener, certificate *tls.Certificate) {
	s.Url = "http://" + listener.Addr().String()
	s.server = s.Server()
	s.server.Handler = s
	// It would report each connection that is cut.
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	serve := s.server.Serve
	if certificate != nil {
		s.Url = "https://" + listener.Addr().String()
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		serve = func(l net.Listener) error { return s.server.ServeTLS(l, "", "") }
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		_ = serve(listener) // always http.ErrServerClosed, after close
	}()
}

func (s *Segment) Close() {
	_ = s.server.Close()
	<-s.done
}

// Endpoint is what a process has to deliver to.
func (s *Segment) Endpoint(process int) string {
	return fmt.Sprintf("%s/process/%d", s.Url, process)
}

// ServeHTTP lets the sandbox answer, and keeps the books.
func (s *Segment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ours := strings.CutPrefix(r.URL.Path, "/process/")
	name, path, _ := strings.Cut(rest, "/")
	process, err := strconv.Atoi(name)
	if !ours || err != nil {
		s.Sandbox.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // The sender died in the middle of its request.
	}
	r.URL.Path, r.Body = "/"+path, io.NopCloser(bytes.NewReader(body))
	nth, pauses, watch := s.enter(process)
	defer s.leave()
	watch(process, nth, false)
	// Whoever sent it may be gone by now. A server may notice that, or not.
	if !Wait(r.Context(), pauses[0]) && nth%2 == 0 {
		return
	}
	answer := httptest.NewRecorder()
	s.accept(process, func() { s.Sandbox.ServeHTTP(answer, r) })
	watch(process, nth, true)
	Wait(r.Context(), pauses[1])
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // to a sender that may be dead
}

// Wait passes d and returns false where ctx ended before.
func Wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Segment) enter(process int) (nth int, pauses [2]time.Duration, watch func(int, int, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under++
	s.requests[process]++
	if s.jitter > 0 {
		pauses[0] = time.Duration(s.rng.Int64N(int64(s.jitter)))
		pauses[1] = time.Duration(s.rng.Int64N(int64(s.jitter)))
	}
	watch = s.watch
	if watch == nil {
		watch = func(int, int, bool) {}
	}
	return s.requests[process], pauses, watch
}

func (s *Segment) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under--
	s.tell()
}

// accept lets one request in at a time, so that the calls which the sandbox
// has since then are those of the request. Nothing waits in there: the body is
// read already, and faults of the sandbox that delay are not used.
func (s *Segment) accept(process int, handle func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	handle()
	first := len(s.log)
	calls, _ := s.Inbox.Matching(context.Background(), &inbox.Filter{Since: s.read}) // which only its context can end
	for _, call := range calls {
		s.read = call.Seq
		where, err := StepOf(call.Raw)
		if err != nil {
			s.broken = err
		}
		s.arrived[where] = true
		s.log = append(s.log, Acceptance{Step: where, ID: call.MessageID, Process: process})
	}
	if s.keep != nil {
		s.broken = errors.Join(s.broken, s.keep(s.log[first:]))
	}
	s.tell()
}

func (s *Segment) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Watched has f called with the requests from now on.
func (s *Segment) Watched(f func(process, request int, answered bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch = f
}

// Await waits until n different events have arrived.
func (s *Segment) Await(ctx context.Context, n int) error {
	return s.Until(ctx, func() bool { return len(s.arrived) >= n })
}

// Quiet waits until no request is being served: what a dead process has sent
// is either accepted by then or never will be.
func (s *Segment) Quiet(ctx context.Context) error {
	return s.Until(ctx, func() bool { return s.under == 0 })
}

func (s *Segment) Until(ctx context.Context, reached func() bool) error {
	for {
		s.mu.Lock()
		ok, changed, broken := reached(), s.changed, s.broken
		s.mu.Unlock()
		if ok || broken != nil {
			return broken
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for calls: %w\n%s", ctx.Err(), s.Inbox.Summary())
		}
	}
}

// Has says whether an event has arrived, count how many have.
func (s *Segment) Has(e Step) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived[e]
}

func (s *Segment) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrived)
}

// Accepted returns what was accepted so far, in order.
func (s *Segment) Accepted() []Acceptance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Acceptance(nil), s.log...)
}
