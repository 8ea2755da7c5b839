// Package sink is the far end of the benchmarks: a server that takes requests
// as cheaply as it can, and says afterwards what was in them.
package sink

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Report is what arrived since the last reset.
type Report struct {
	Requests int
	// WireBytes is all that came over the connections, headers included.
	WireBytes int64
	// Events counts each event once, Duplicates those that came again.
	Events     int
	Duplicates int
	// EventsPerSecond is the rate from the first byte to the request that
	// completed 95 %: the last batch of a file waits for company, and that is
	// no part of the rate.
	EventsPerSecond float64
	// Took is from the first byte to the last request.
	Took time.Duration
}

// Sink is the server. Counting waits until somebody asks for the report, so
// that it does not compete with the sender for the processor.
type Sink struct {
	mu       sync.Mutex
	requests []*request
	latency  atomic.Int64
	wire     atomic.Int64
	first    atomic.Int64
}

// request is one POST that was answered.
type request struct {
	body   []byte
	isGzip bool
	at     time.Time
	// answered is when the answer left, zero until then.
	answered time.Time
}

// Serve listens on a free port of the loopback, prints its address and serves
// until the process ends.
func Serve(said io.Writer) error {
	// Most of the memory is bodies that stay; collecting often finds nothing.
	debug.SetGCPercent(400)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sink := &Sink{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", sink.take)
	mux.HandleFunc("POST /control/reset", sink.reset)
	mux.HandleFunc("GET /control/report", sink.report)
	mux.HandleFunc("GET /control/answers", sink.answers)
	// The Go SDK of RudderStack asks how many nodes there are.
	mux.HandleFunc("GET /cluster-info", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"nodeCount":1}`)
	})
	fmt.Fprintf(said, "http://%s\n", listener.Addr())
	return http.Serve(&counted{Listener: listener, sink: sink}, mux)
}

func (s *Sink) take(w http.ResponseWriter, r *http.Request) {
	body, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	taken := request{body: body, isGzip: r.Header.Get("Content-Encoding") == "gzip", at: time.Now()}
	place := &taken
	s.mu.Lock()
	s.requests = append(s.requests, place)
	s.mu.Unlock()
	if latency := time.Duration(s.latency.Load()); latency > 0 {
		time.Sleep(latency)
	}
	s.mu.Lock()
	place.answered = time.Now()
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"success":true}`)
}

func read(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(r.Body)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

func (s *Sink) reset(w http.ResponseWriter, r *http.Request) {
	latency, err := time.ParseDuration(r.URL.Query().Get("latency"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.requests = nil
	s.mu.Unlock()
	s.latency.Store(int64(latency))
	s.wire.Store(0)
	s.first.Store(0)
}

func (s *Sink) report(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	requests := s.requests
	s.mu.Unlock()
	report, err := count(requests, time.Unix(0, s.first.Load()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	report.WireBytes = s.wire.Load()
	_ = json.NewEncoder(w).Encode(report)
}

// counted counts the bytes of every connection, and notes the first one.
type counted struct {
	net.Listener
	sink *Sink
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: conn, sink: c.sink}, nil
}

type countedConn struct {
	net.Conn
	sink *Sink
}

func (c *countedConn) Read(to []byte) (int, error) {
	n, err := c.Conn.Read(to)
	if n > 0 {
		c.sink.wire.Add(int64(n))
		if c.sink.first.Load() == 0 {
			c.sink.first.CompareAndSwap(0, time.Now().UnixNano())
		}
	}
	return n, err
}
