package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
)

const (
	// idle is how many connections a busy site has.
	idle = 10_000
	// room is for so many that none has to end with its answer.
	room = idle*4/3 + 100
	// idleBytes is what the documents say that each costs.
	idleBytes = 20 << 10
)

// A process needs a file for each end of a connection, so that the server is one of
// its own. Go raises the limit of open files of both as far as it may.
func TestTenThousandIdleConnectionsLetOthersIn(t *testing.T) {
	if gateway.Connections(room) < room {
		t.Skipf("left out: a process may open fewer than %d files here, and its limit cannot be raised", room)
	}
	server := startChild(t)
	before := server.memory()
	for range idle {
		conn, err := net.Dial("tcp", server.address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		// It was of use once, and is kept open.
		_, err = io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.False(t, resp.Close)
	}
	assert.LessOrEqual(t, (server.memory()-before)/idle, idleBytes, "bytes of a connection")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+server.address+"/v1/track", strings.NewReader(track))
		require.NoError(t, err)
		req.SetBasicAuth("wk", "")
		resp, err := (&http.Client{Transport: transport}).Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusOK, resp.StatusCode)
	}
}

// child is a gateway in a process of its own.
type child struct {
	t       *testing.T
	address string
	ask     io.Writer
	said    *bufio.Reader
}

const isChild = "GATEWAY_TEST_CHILD"

func startChild(t *testing.T) *child {
	t.Helper()
	command := exec.CommandContext(context.Background(), os.Args[0], "-test.run=^TestServeAsAChild$")
	command.Env = append(os.Environ(), isChild+"=1")
	command.Stderr = os.Stderr
	ask, err := command.StdinPipe()
	require.NoError(t, err)
	said, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = ask.Close() // It ends then.
		_, _ = io.Copy(io.Discard, said)
		assert.NoError(t, command.Wait())
	})
	c := &child{t: t, ask: ask, said: bufio.NewReader(said)}
	c.address = c.line()
	return c
}

func (c *child) line() string {
	c.t.Helper()
	line, err := c.said.ReadString('\n')
	require.NoError(c.t, err)
	return strings.TrimSpace(line)
}

// memory is what its heap and its stacks take.
func (c *child) memory() (bytes int) {
	c.t.Helper()
	_, err := io.WriteString(c.ask, "memory\n")
	require.NoError(c.t, err)
	_, err = fmt.Sscan(c.line(), &bytes)
	require.NoError(c.t, err)
	return bytes
}

// It is no test, but what the one above starts.
func TestServeAsAChild(t *testing.T) {
	if os.Getenv(isChild) == "" {
		return
	}
	g, err := gateway.New(settings(t, &seen{}))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := g.Serve(listener, nil, room, func(err error) { assert.NoError(t, err) })
	var pipeline sync.WaitGroup
	pipeline.Go(func() {
		for {
			batch, err := g.Read(context.Background())
			if err != nil {
				return
			}
			batch.Settle(nil)
		}
	})
	fmt.Println(listener.Addr())
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		var used runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&used)
		fmt.Println(used.HeapAlloc + used.StackInuse)
	}
	require.NoError(t, server.Close(t.Context()))
	pipeline.Wait()
}
