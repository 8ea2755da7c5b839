package guarantees_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// conduct is how a connection behaves: what is done with it instead of taking
// it to the server.
type conduct func(client net.Conn, n *network)

// network is a proxy before a server. Its first connections behave as they
// are told, one after the other, and all further ones carry what they are
// given.
type network struct {
	url    string
	server string
	ending chan struct{}

	mu    sync.Mutex
	plan  []conduct
	count int
	open  map[net.Conn]bool
}

func newNetwork(t *testing.T, serverURL string, plan []conduct) *network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{
		url:    "http://" + listener.Addr().String(),
		server: strings.TrimPrefix(serverURL, "http://"),
		ending: make(chan struct{}),
		plan:   plan,
		open:   map[net.Conn]bool{},
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { n.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		close(n.ending)
		n.closeAll()
		serving.Wait()
	})
	return n
}

func (n *network) serve(conn net.Conn) {
	n.mu.Lock()
	behave := carry
	if n.count < len(n.plan) {
		behave = n.plan[n.count]
	}
	n.count++
	n.open[conn] = true
	n.mu.Unlock()
	behave(conn, n)
	n.mu.Lock()
	delete(n.open, conn)
	n.mu.Unlock()
	_ = conn.Close()
}

func (n *network) closeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for conn := range n.open {
		_ = conn.Close()
	}
}

// carry takes everything to the server and back.
func carry(client net.Conn, n *network) {
	server, err := net.Dial("tcp", n.server)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	_, _ = io.Copy(server, client)
	_ = server.Close()
	back.Wait()
}

// reset ends a connection as a crash does.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// slowly carries some 10 KB a second to the server.
func slowly(client net.Conn, n *network) {
	server, err := net.Dial("tcp", n.server)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(client, server) })
	for err == nil {
		_, err = io.CopyN(server, client, 100)
		select {
		case <-time.After(10 * time.Millisecond):
		case <-n.ending:
		}
	}
	_ = server.Close()
	back.Wait()
}

// resetAtOnce ends the connection before anything is read.
func resetAtOnce(client net.Conn, _ *network) { reset(client) }

// resetInRequest reads a part of the request.
func resetInRequest(client net.Conn, _ *network) {
	_, _ = io.CopyN(io.Discard, client, 200)
	reset(client)
}

// resetInAnswer takes the request to the server and gives back so much of the
// answer.
func resetInAnswer(length int64) conduct {
	return func(client net.Conn, n *network) {
		answer := n.exchange(client)
		_, _ = io.CopyN(client, answer, length)
		reset(client)
	}
}

// hang accepts and does nothing.
func hang(_ net.Conn, n *network) { <-n.ending }

// drip gives the answer back byte by byte, and never ends.
func drip(client net.Conn, n *network) {
	answer := n.exchange(client)
	for {
		if _, err := io.CopyN(client, answer, 1); err != nil {
			hang(client, n)
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-n.ending:
			return
		}
	}
}

// answering takes the request to the server and gives this back instead of
// what it answers.
func answering(text string) conduct {
	return func(client net.Conn, n *network) {
		_ = n.exchange(client)
		_, _ = io.WriteString(client, text)
	}
}

// exchange takes one request to the server and returns what it answers.
func (n *network) exchange(client net.Conn) io.Reader {
	req, err := http.ReadRequest(bufio.NewReader(client))
	if err != nil {
		return strings.NewReader("")
	}
	server, err := net.Dial("tcp", n.server)
	if err != nil {
		return strings.NewReader("")
	}
	defer server.Close()
	req.Close = true
	if err := req.Write(server); err != nil {
		return strings.NewReader("")
	}
	answer, _ := io.ReadAll(server)
	return strings.NewReader(string(answer))
}
