package guarantees_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// proveDeafConnections: a connection of HTTP/2 is shared by many requests, and
// outlives those that time out on it. One that answers none of them is left for a
// new one: after the first where no other request uses it, after two at the most.
// https://github.com/golang/go/issues/36026
// https://github.com/dfinity/ic/pull/10455
func proveDeafConnections(t *testing.T) {
	for name, test := range map[string]struct {
		trial
		// most is how many attempts may fail. On a busy machine a few more than
		// those of the deaf connection do.
		most int64
	}{
		"one person": {trial{calls: 10, people: 1, atMost: 1}, 4},
		// They share the connection, and fail together.
		"20 requests": {trial{output: fields{"parallel_requests": 20}}, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.unseen, test.duplicates = true, true
			r := &result{trial: test.withDefaults(), sb: segmenttest.NewInProcess(t)}
			r.given = r.givenCalls()
			s := serveDeaf(t, r.sb, answersOnce)
			p := start(t, streamtest.WithDeadLetter(segmentOutput(s.url, fields{
				"tls": fields{"root_cas": s.ca.pem()}, "timeout": "1s", "max_request_calls": requestCalls,
			}, test.output)))
			p.accept(t, []given{{payload: `{"type":"page","userId":"first","messageId":"first"}`}})
			r.sb.Reset()
			p.counts.Reset()

			p.accept(t, r.given)

			r.finish(t, p)
			assert.GreaterOrEqual(t, r.counts["segment_requests error"], int64(1))
			assert.LessOrEqual(t, r.counts["segment_requests error"], test.most)
			<-s.ended // or the connection would stay for ever
		})
	}
	t.Run("no word of HTTP/2", func(t *testing.T) {
		t.Parallel()
		sb := segmenttest.NewInProcess(t)
		s := serveDeaf(t, sb, func(conn net.Conn, _ http.Handler) { _, _ = io.Copy(io.Discard, conn) })
		p := start(t, segmentOutput(s.url, fields{"tls": fields{"root_cas": s.ca.pem()}, "timeout": "1s"}))

		p.accept(t, trial{calls: 10, people: 1}.givenCalls())

		p.stop(t)
		assert.Equal(t, 10, sb.Summary().Unique)
		assert.GreaterOrEqual(t, p.counts.Sums()["segment_requests error"], int64(1))
		<-s.ended
	})
}

// answersOnce serves one request. After it, only pings are answered, by the
// server itself.
func answersOnce(conn net.Conn, next http.Handler) {
	var requests atomic.Int32
	(&http2.Server{}).ServeConn(conn, &http2.ServeConnOpts{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == 1 {
				next.ServeHTTP(w, r)
				return
			}
			<-r.Context().Done()
		},
	)})
}

// deaf is a server of HTTP/2 whose first connection does not behave.
type deaf struct {
	url   string
	ca    *authority
	ended chan struct{}
}

func serveDeaf(t *testing.T, next http.Handler, first func(net.Conn, http.Handler)) *deaf {
	t.Helper()
	ca := newAuthority(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{ca.sign(t, serverCertificate())}, NextProtos: []string{"h2"},
	})
	require.NoError(t, err)
	s := &deaf{url: "https://" + listener.Addr().String(), ca: ca, ended: make(chan struct{})}
	var serving sync.WaitGroup
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(t, conn, n, next, first) })
		}
	})
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { _ = listener.Close() })
	return s
}

func (s *deaf) serve(t *testing.T, conn net.Conn, n int, next http.Handler, first func(net.Conn, http.Handler)) {
	defer conn.Close()
	// The server looks at what was agreed on.
	if conn.(*tls.Conn).HandshakeContext(t.Context()) != nil {
		return
	}
	if n == 0 {
		first(conn, next)
		close(s.ended)
		return
	}
	(&http2.Server{}).ServeConn(conn, &http2.ServeConnOpts{Handler: next})
}
