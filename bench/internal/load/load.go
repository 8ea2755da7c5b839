// Package load is many clients that post to a front door, as fast as it answers
// or at a steady rate. It shares the processor with what it measures, so it does
// as little as it can.
package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Plan says what is sent.
type Plan struct {
	Address, WriteKey string
	// File has the events, one a line, which are sent over and over, so many in each
	// request.
	File   string
	Events int
	IsGzip bool
	// Connections is how many requests are under way at a time, at the most.
	Connections int
	// Lasts is how long it goes on. What is answered in the first WarmUp has no part
	// in the times.
	Lasts, WarmUp time.Duration
	// Rate is requests a second. Zero is as many as are answered.
	Rate float64
}

// Result is what was answered 200. Any other answer is an error.
type Result struct {
	Requests int
	Took     time.Duration
	// P50 and P99 are from the moment at which a request was due until it was
	// answered.
	P50, P99 time.Duration
}

// Run sends until the time is over, and waits for the answers.
func Run(p Plan) (Result, error) {
	requests, err := requestsOf(p)
	if err != nil {
		return Result{}, err
	}
	run := &run{plan: p, requests: requests, start: time.Now()}
	var clients errgroup.Group
	for range p.Connections {
		clients.Go(run.client)
	}
	err = clients.Wait()
	result := Result{Requests: run.answered, Took: time.Since(run.start)}
	slices.Sort(run.times)
	if n := len(run.times); n > 0 {
		result.P50, result.P99 = run.times[n/2], run.times[n*99/100]
	}
	return result, err
}

type run struct {
	plan Plan
	// Each is complete, with its headers.
	requests [][]byte
	start    time.Time
	next     atomic.Int64

	mu       sync.Mutex
	answered int
	times    []time.Duration
}

// due waits until it is the turn of the next request. It returns which one that
// is and since when it is due, and false when the time is over.
func (r *run) due() (request []byte, at time.Time, isOn bool) {
	n := r.next.Add(1) - 1
	at = time.Now()
	if r.plan.Rate > 0 {
		at = r.start.Add(time.Duration(float64(n) / r.plan.Rate * float64(time.Second)))
		time.Sleep(time.Until(at))
	}
	return r.requests[n%int64(len(r.requests))], at, at.Sub(r.start) < r.plan.Lasts
}

// client is one connection.
func (r *run) client() error {
	conn, err := net.Dial("tcp", r.plan.Address)
	if err != nil {
		return fmt.Errorf("connecting to the front door: %w", err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	var times []time.Duration
	answered := 0
	for {
		request, at, isOn := r.due()
		if !isOn {
			break
		}
		if err := exchange(conn, answers, request); err != nil {
			return err
		}
		answered++
		if at.Sub(r.start) >= r.plan.WarmUp {
			times = append(times, time.Since(at))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered += answered
	r.times = append(r.times, times...)
	return nil
}

func exchange(conn net.Conn, answers *bufio.Reader, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return fmt.Errorf("sending a request: %w", err)
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the front door answered %s", answer.Status)
	}
	return nil
}
