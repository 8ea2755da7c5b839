package segmenttest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
)

// inProcess is a transport that hands requests to a handler without a socket,
// whatever host they are for. A connection that is cut becomes the error that a
// reset one gives. No goroutine of it ever waits for the network, as
// testing/synctest needs it.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	cut := serve(t.handler, recorder, serverSide(r))
	// A client that gave up does not see an answer that comes too late.
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if cut {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	response := recorder.Result()
	response.Request = r
	return response, nil
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

// serve reports whether the handler cut the connection. A recorder cannot be
// hijacked, so that shows as http.ErrAbortHandler.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			cut = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}
