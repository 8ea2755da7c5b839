package segmenttest

import (
	"maps"
	"time"
)

// Fail answers requests with status, until the fault is removed or used up. It
// strikes at once, so inject and alter faults before there is traffic:
//
//	server.Fail(503).Times(3)
//	server.Fail(429).RetryAfter("2").Match(segmenttest.Match{User: "42"})
//
// Of several faults that match a request, the one injected first strikes.
func (s *Server) Fail(status int) *Injected {
	s.t.Helper()
	return s.inject(Fault{Status: status})
}

// Drop cuts the connection of requests without accepting anything.
func (s *Server) Drop() *Injected {
	s.t.Helper()
	return s.inject(Fault{Drop: true})
}

// LostAck accepts the calls of requests and cuts the connection before the
// answer.
func (s *Server) LostAck() *Injected {
	s.t.Helper()
	return s.inject(Fault{LostAck: true})
}

// Delay keeps requests waiting before they are treated as usual.
func (s *Server) Delay(d time.Duration) *Injected {
	s.t.Helper()
	return s.inject(Fault{Delay: d})
}

// Inject injects any fault and returns its id.
func (s *Server) Inject(f Fault) (id int, err error) { return s.sandbox.Faults.Add(f) }

// Faults returns the faults in the order of their injection, including those
// that are used up.
func (s *Server) Faults() []FaultState { return s.sandbox.Faults.States() }

func (s *Server) inject(f Fault) *Injected {
	s.t.Helper()
	id, err := s.Inject(f)
	if err != nil {
		s.t.Fatalf("segmenttest: injecting a fault: %v", err)
	}
	return &Injected{server: s, id: id}
}

// Injected is a fault that was injected. Its methods alter it and return it.
type Injected struct {
	server *Server
	id     int
}

func (in *Injected) alter(change func(*Fault)) *Injected {
	in.server.t.Helper()
	if err := in.server.sandbox.Faults.Change(in.id, change); err != nil {
		in.server.t.Fatalf("segmenttest: altering a fault: %v", err)
	}
	return in
}

// Times lets the fault strike n times.
func (in *Injected) Times(n int) *Injected {
	in.server.t.Helper()
	return in.alter(func(f *Fault) { f.Times = n })
}

// Probability lets the fault strike a share p of the requests that match, the
// same ones for the same seed.
func (in *Injected) Probability(p float64, seed uint64) *Injected {
	in.server.t.Helper()
	return in.alter(func(f *Fault) { f.Probability, f.Seed = p, seed })
}

// RetryAfter sends the header of that name with any value.
func (in *Injected) RetryAfter(value string) *Injected {
	in.server.t.Helper()
	return in.alter(func(f *Fault) { f.RetryAfter = value })
}

// Header sends a header, such as the Location of a redirect.
func (in *Injected) Header(name, value string) *Injected {
	in.server.t.Helper()
	return in.alter(func(f *Fault) {
		header := map[string]string{}
		maps.Copy(header, f.Header) // Others may be reading that one.
		header[name] = value
		f.Header = header
	})
}

// Body answers with this body instead of one that names the fault.
func (in *Injected) Body(body string) *Injected {
	in.server.t.Helper()
	return in.alter(func(f *Fault) { f.Body = body })
}

// Delay waits before the fault strikes.
func (in *Injected) Delay(d time.Duration) *Injected {
	in.server.t.Helper()
	return in.alter(func(f *Fault) { f.Delay = d })
}

// Match strikes only requests with at least one call that matches m.
func (in *Injected) Match(m Match) *Injected {
	in.server.t.Helper()
	return in.alter(func(f *Fault) { f.Match = m })
}

// Hits returns how often the fault struck.
func (in *Injected) Hits() int {
	state, _ := in.server.sandbox.Faults.State(in.id)
	return state.Hits
}

// Remove ends the fault.
func (in *Injected) Remove() { in.server.sandbox.Faults.Remove(in.id) }
