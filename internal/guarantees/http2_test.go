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

// proveHTTP2: a body can be sent again, whichever way HTTP/2 says no.
func proveHTTP2(t *testing.T) {
	ca := newAuthority(t)
	conf := &tls.Config{
		Certificates: []tls.Certificate{ca.sign(t, serverCertificate())},
		NextProtos:   []string{"h2"},
	}
	for name, test := range map[string]struct {
		first   h2Conduct
		streams uint32
		fail    func(*segmenttest.Server)
	}{
		"sound":                {},
		"one stream at a time": {streams: 1},
		"GOAWAY": {first: func(framer *http2.Framer, _ uint32) error {
			return framer.WriteGoAway(0, http2.ErrCodeNo, nil)
		}},
		"GOAWAY with an error": {first: func(framer *http2.Framer, stream uint32) error {
			_ = framer.WriteGoAway(stream-1, http2.ErrCodeEnhanceYourCalm, nil)
			return io.EOF // Which ends the connection.
		}},
		"RST_STREAM, refused": {first: func(framer *http2.Framer, stream uint32) error {
			return framer.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}},
		"RST_STREAM, internal error": {first: func(framer *http2.Framer, stream uint32) error {
			return framer.WriteRSTStream(stream, http2.ErrCodeInternal)
		}},
		"RST_STREAM after the request": {fail: func(sb *segmenttest.Server) { sb.Drop().Times(3) }},
		"RST_STREAM before the answer": {fail: func(sb *segmenttest.Server) { sb.LostAck().Times(3) }},
	} {
		t.Run(name, func(t *testing.T) {
			r := &result{
				trial: trial{unseen: true, duplicates: true, atMost: 35}.withDefaults(),
				sb:    segmenttest.NewInProcess(t),
			}
			r.given = r.givenCalls()
			if test.fail != nil {
				test.fail(r.sb)
			}
			s := serveHTTP2(t, r.sb, conf, test.first, test.streams)
			p := start(t, streamtest.WithDeadLetter(segmentOutput(s.url, fields{
				"tls": fields{"root_cas": ca.pem()}, "timeout": "5s", "max_request_calls": requestCalls,
			})))
			p.accept(t, r.given)

			r.finish(t, p)
			assert.Positive(t, s.requests.Load())
			assert.Equal(t, s.requests.Load(), s.overHTTP2.Load())
		})
	}
}

// h2Conduct is what the first connection answers to its first stream.
type h2Conduct func(framer *http2.Framer, stream uint32) error

// h2Server is a server of HTTP/2 alone.
type h2Server struct {
	url                 string
	requests, overHTTP2 atomic.Int32
}

func serveHTTP2(t *testing.T, next http.Handler, conf *tls.Config, first h2Conduct, streams uint32) *h2Server {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	require.NoError(t, err)
	s := &h2Server{url: "https://" + listener.Addr().String()}
	var serving sync.WaitGroup
	var open sync.Map
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, true)
			if n == 0 && first != nil {
				serving.Go(func() { misbehave(conn, first) })
				continue
			}
			serving.Go(func() {
				// The server looks at what was agreed on.
				if conn.(*tls.Conn).HandshakeContext(t.Context()) != nil {
					return
				}
				(&http2.Server{MaxConcurrentStreams: streams}).ServeConn(conn, &http2.ServeConnOpts{Handler: s.counting(next)})
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Range(func(conn, _ any) bool { return conn.(net.Conn).Close() != nil || true })
		serving.Wait()
	})
	return s
}

func (s *h2Server) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if r.ProtoMajor == 2 {
			s.overHTTP2.Add(1)
		}
		next.ServeHTTP(w, r)
	})
}

// misbehave speaks HTTP/2, does as it is told with the first streams, and ends.
func misbehave(conn net.Conn, first h2Conduct) {
	defer conn.Close()
	if _, err := io.CopyN(io.Discard, conn, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	if framer.WriteSettings() != nil {
		return
	}
	for streams := 0; streams < 8; {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				err = framer.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			streams++
			err = first(framer, frame.StreamID)
		}
		if err != nil {
			return
		}
	}
}
