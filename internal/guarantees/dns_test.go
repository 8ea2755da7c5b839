package guarantees_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"benthos-segment/plugin/segmenttest"
)

// proveAddresses: a name that does not resolve is a failure that passes, and
// when the address behind a name changes, the next connection goes there.
func proveAddresses(t *testing.T) {
	names := newNames(t)
	sb := segmenttest.NewInProcess(t)
	first, second := net.IPv4(127, 0, 0, 2), net.IPv4(127, 0, 0, 3)
	old, port := serveOn(t, first, "0", sb)
	p := start(t, segmentOutput("http://segment:"+port))
	list := trial{calls: 200, people: 20}.givenCalls()

	ended := make(chan error, 1)
	go func() { ended <- p.send(t.Context(), messages(list[:100])) }()
	p.awaitCount(t, "segment_requests error", 3)
	names.set(first)
	require.NoError(t, <-ended)
	assert.EqualValues(t, 1, old.requests.Load())

	fresh, _ := serveOn(t, second, port, sb)
	names.set(second)
	old.close()
	p.accept(t, list[100:])

	assert.EqualValues(t, 1, fresh.requests.Load())
	assert.Equal(t, 200, sb.Summary().Unique)
	requireOrder(t, sb, list)
}

// site is one address with a server.
type site struct {
	requests atomic.Int32
	close    func()
}

func serveOn(t *testing.T, ip net.IP, port string, next http.Handler) (s *site, itsPort string) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(ip.String(), port))
	if err != nil {
		t.Skip("this machine has one loopback address only: ", err)
	}
	s = &site{}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		next.ServeHTTP(w, r)
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.close = sync.OnceFunc(func() {
		assert.NoError(t, server.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	t.Cleanup(s.close)
	_, itsPort, _ = net.SplitHostPort(listener.Addr().String())
	return s, itsPort
}

// names is a name server that knows one address for every name, or none.
type names struct {
	conn    net.PacketConn
	mu      sync.Mutex
	address net.IP
}

// newNames makes the resolver of the process ask a name server of our own.
func newNames(t *testing.T) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &names{conn: conn}
	var serving sync.WaitGroup
	serving.Go(n.serve)
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = conn.Close()
		serving.Wait()
	})
	return n
}

func (n *names) set(address net.IP) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.address = address
}

func (n *names) serve() {
	packet := make([]byte, 4096)
	for {
		length, from, err := n.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		if answer := n.answer(packet[:length]); answer != nil {
			_, _ = n.conn.WriteTo(answer, from)
		}
	}
}

func (n *names) answer(packet []byte) []byte {
	var question dnsmessage.Message
	if question.Unpack(packet) != nil || len(question.Questions) != 1 {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	asked := question.Questions[0]
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: question.ID, Response: true, Authoritative: true, RCode: dnsmessage.RCodeNameError},
		Questions: question.Questions,
	}
	if n.address != nil {
		answer.RCode = dnsmessage.RCodeSuccess
		if asked.Type == dnsmessage.TypeA {
			answer.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: asked.Name, Type: asked.Type, Class: asked.Class},
				Body:   &dnsmessage.AResource{A: [4]byte(n.address.To4())},
			}}
		}
	}
	packed, _ := answer.Pack()
	return packed
}
