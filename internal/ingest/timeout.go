package ingest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// leftoverTimeout is how long the server may read what a handler did not read of
// a body. It reads a little of it, so that the client sees the answer.
const leftoverTimeout = time.Second

// WithBodyTimeout ends requests whose body does not arrive within d, and those
// that are still waiting for it when the server shuts down.
//
// http.Server.ReadTimeout does only half of that: reading a body does not end
// with the context of its request, so that slow bodies delay a shutdown.
func WithBodyTimeout(d time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		conn := http.NewResponseController(w)
		// If no deadline can be set, there is no socket, as in some tests.
		if conn.SetReadDeadline(time.Now().Add(d)) != nil {
			next.ServeHTTP(w, r)
			return
		}
		body := &timedBody{ReadCloser: r.Body, conn: conn}
		unwatch := context.AfterFunc(r.Context(), body.giveUp)
		defer func() {
			unwatch()
			if !body.ended.Load() {
				_ = conn.SetReadDeadline(time.Now().Add(leftoverTimeout))
			}
		}()
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// timedBody is a body whose connection has a deadline until it has been read.
type timedBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	ended atomic.Bool
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		// The server clears the deadline by itself then, and waits for the client
		// to go.
		b.ended.Store(true)
	}
	return n, err
}

// giveUp ends a read that is waiting.
func (b *timedBody) giveUp() {
	if !b.ended.Load() {
		_ = b.conn.SetReadDeadline(time.Now())
	}
}
