package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

// Transport returns a transport that hands requests to the sandbox without a
// socket, whatever host they are for. Cut connections become the error that a
// reset one gives. It is what testing/synctest needs: no goroutine of it ever
// waits for the network.
func (s *Sandbox) Transport() http.RoundTripper { return inProcess{s} }

type inProcess struct{ handler http.Handler }

var _ http.RoundTripper = inProcess{}

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer := &recorder{header: http.Header{}}
	if cut := answer.serve(t.handler, serverSide(r)); cut {
		return nil, cutError(r)
	}
	// A client that gave up does not see what was answered too late.
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return answer.response(r), nil
}

// serverSide returns the request as a server would see it.
func serverSide(r *http.Request) *http.Request {
	seen := r.Clone(r.Context())
	if seen.Body == nil {
		seen.Body = http.NoBody
	}
	if seen.Host == "" {
		seen.Host = r.URL.Host
	}
	seen.RequestURI = r.URL.RequestURI()
	seen.RemoteAddr = "127.0.0.1:0"
	return seen
}

func cutError(r *http.Request) error {
	if err := r.Context().Err(); err != nil {
		return err
	}
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// recorder is a response writer that keeps what is written. It cannot be
// hijacked, so that cutting shows as http.ErrAbortHandler.
type recorder struct {
	header http.Header
	sent   http.Header
	status int
	body   bytes.Buffer
}

func (rec *recorder) serve(h http.Handler, r *http.Request) (cut bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			cut = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(rec, r)
	return false
}

func (rec *recorder) Header() http.Header { return rec.header }

func (rec *recorder) WriteHeader(status int) {
	if rec.status != 0 {
		return
	}
	rec.status = status
	rec.sent = rec.header.Clone()
}

func (rec *recorder) Write(p []byte) (int, error) {
	rec.WriteHeader(http.StatusOK)
	return rec.body.Write(p)
}

func (rec *recorder) response(r *http.Request) *http.Response {
	rec.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", rec.status, http.StatusText(rec.status)),
		StatusCode:    rec.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        rec.sent,
		Body:          io.NopCloser(&rec.body),
		ContentLength: int64(rec.body.Len()),
		Request:       r,
	}
}
