package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/torture/ordeal"
)

// segment is a stand-in of Segment that is out now and then, and in trouble
// with some requests at any time.
type segment struct {
	*sandbox.Sandbox
	ledger *ledger
	url    string
	server *http.Server
	done   chan struct{}

	// accepting is held while the calls of one request are noted.
	accepting sync.Mutex
	read      uint64

	mu     sync.Mutex
	rng    *rand.Rand
	outage *outage
	over   chan struct{}
	broken error
	counts map[string]int
}

// An outage is a way of being out.
type outage struct {
	name string
	// status is answered to every request, 0 is no answer at all.
	status     int
	retryAfter string
	// closed: nobody listens.
	closed bool
}

// outages come one after the other, each for a 25th of the time: minutes, in an
// hour.
var outages = []outage{
	{name: "connections refused", closed: true},
	{name: "503", status: http.StatusServiceUnavailable},
	{name: "silence"},
	{name: "429 with Retry-After", status: http.StatusTooManyRequests, retryAfter: "10"},
}

const outageShare = 25

// quirks happen to one of so many requests, each of them.
const quirkOf = 100

// held is what the inbox keeps: more than a request has.
const held = 5000

func newSegment(l *ledger, seed uint64) *segment {
	return &segment{
		Sandbox: sandbox.New(sandbox.Config{MaxCalls: held, MaxRequests: 100}),
		ledger:  l, rng: rand.New(rand.NewPCG(seed, 0)), counts: map[string]int{},
	}
}

func (s *segment) open() error {
	address := "127.0.0.1:0"
	if s.url != "" {
		address = s.url[len("http://"):]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listening for calls: %w", err)
	}
	s.url = "http://" + listener.Addr().String()
	s.server = s.Server()
	s.server.Handler = s
	done := make(chan struct{})
	s.done = done
	go func() {
		defer close(done)
		_ = s.server.Serve(listener) // always http.ErrServerClosed, after close
	}()
	return nil
}

func (s *segment) close() {
	_ = s.server.Close()
	<-s.done
}

// suffer has the outages happen, evenly, until the time is over.
func (s *segment) suffer(lasts context.Context, whole time.Duration) error {
	each := whole / outageShare
	apart := whole/time.Duration(len(outages)+1) - each
	for _, o := range outages {
		if !ordeal.Wait(lasts, apart) {
			return nil
		}
		s.enter(&o)
		if o.closed {
			s.close()
		}
		ordeal.Wait(lasts, each)
		if o.closed {
			if err := s.open(); err != nil {
				return err
			}
		}
		s.enter(nil)
	}
	return nil
}

// enter begins an outage, or ends it.
func (s *segment) enter(o *outage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o == nil {
		close(s.over)
	} else {
		s.over = make(chan struct{})
		s.counts["outages"]++
	}
	s.outage = o
}

func (s *segment) isOut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outage != nil
}

// quirk is what happens to a request.
type quirk struct {
	name string
	// status is answered in the place of the sandbox.
	status int
	// before and after it is accepted, the connection may end.
	dropBefore, dropAfter bool
	delay                 time.Duration
}

var quirks = []quirk{
	{name: "429", status: http.StatusTooManyRequests},
	{name: "503", status: http.StatusServiceUnavailable},
	{name: "connections that ended before a request was accepted", dropBefore: true},
	{name: "connections that ended before the answer", dropAfter: true},
	{name: "answers that took two seconds", delay: 2 * time.Second},
}

// draw says what happens to the next request.
func (s *segment) draw() (q quirk, o *outage, over <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outage != nil {
		return q, s.outage, s.over
	}
	if n := s.rng.IntN(quirkOf); n < len(quirks) {
		q = quirks[n]
		s.counts[q.name]++
	}
	return q, nil, nil
}

// ServeHTTP lets the sandbox answer, unless something happens.
func (s *segment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // its sender is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	q, o, over := s.draw()
	switch {
	case o != nil && o.status == 0:
		select {
		case <-over:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case o != nil:
		if o.retryAfter != "" {
			w.Header().Set("Retry-After", o.retryAfter)
		}
		w.WriteHeader(o.status)
		return
	case q.dropBefore:
		panic(http.ErrAbortHandler)
	case q.status != 0:
		w.WriteHeader(q.status)
		return
	}
	ordeal.Wait(r.Context(), q.delay)
	answer := s.accept(r)
	if q.dropAfter {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // to a sender that may be gone
}

// accept lets one request in at a time, so that what the sandbox has since then
// is of that request.
func (s *segment) accept(r *http.Request) *httptest.ResponseRecorder {
	s.accepting.Lock()
	defer s.accepting.Unlock()
	answer := httptest.NewRecorder()
	s.Sandbox.ServeHTTP(answer, r)
	calls, _ := s.Inbox.Matching(context.Background(), &inbox.Filter{Since: s.read}) // which only its context can end
	for _, call := range calls {
		s.read = call.Seq
		step, err := ordeal.StepOf(call.Raw)
		if err != nil {
			s.breaks(err)
		}
		s.ledger.accept(step, call.MessageID)
	}
	return answer
}

func (s *segment) breaks(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = errors.Join(s.broken, err)
}
