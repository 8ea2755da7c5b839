package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tallied is a server that notes which events came, in order, and clients that
// note which were answered.
type tallied struct {
	mu       sync.Mutex
	answered map[string]bool
	came     map[string]int
	first    []string
}

func (l *tallied) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	lines := bufio.NewScanner(req.Body)
	l.mu.Lock()
	defer l.mu.Unlock()
	for lines.Scan() {
		l.came[lines.Text()]++
		if l.came[lines.Text()] == 1 {
			l.first = append(l.first, lines.Text())
		}
	}
}

// missing counts the events that were answered with 200 and never came.
func (l *tallied) missing() (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for event := range l.answered {
		if l.came[event] == 0 {
			count++
		}
	}
	return count
}

// inOrder fails where the events of a client came in another order than they
// were sent. A client sends one when the one before was answered.
func (l *tallied) inOrder(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	last := map[string]int{}
	for _, event := range l.first {
		name, text, _ := strings.Cut(event, " ")
		var number int
		_, err := fmt.Sscan(text, &number)
		require.NoError(t, err)
		assert.Greater(t, number, last[name], event)
		last[name] = number
	}
}

// post sends events until one is not answered with 200.
func (l *tallied) post(url, client string, number *int) {
	for {
		*number++
		event := fmt.Sprintf("%s %d", client, *number)
		res, err := http.Post(url, "text/plain", strings.NewReader(event))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return
		}
		l.mu.Lock()
		l.answered[event] = true
		l.mu.Unlock()
	}
}

// Whatever was answered with 200 arrives, in the order of each client, although
// the process is killed again and again.
func TestTheJournalSurvivesKills(t *testing.T) {
	l := &tallied{answered: map[string]bool{}, came: map[string]int{}}
	server := httptest.NewServer(l)
	defer server.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	config := pipeline(t, fmt.Sprintf(`
http: {enabled: false}
input:
  http_server: {address: %q, path: /in}
buffer:
  journal: {path: %q}
output:
  http_client:
    url: %q
    verb: POST
    max_in_flight: 1
    batching: {count: 50, period: 5ms, processors: [{archive: {format: lines}}]}
`, address, filepath.Join(t.TempDir(), "queue"), server.URL))

	const clients, kills = 8, 5
	numbers := make([]int, clients)
	for round := range kills {
		p := begin(t, "run", config)
		p.awaitText("Receiving HTTP messages")
		var posting sync.WaitGroup
		for c := range clients {
			posting.Go(func() { l.post("http://"+address+"/in", fmt.Sprintf("client%d", c), &numbers[c]) })
		}
		before := l.count()
		require.Eventually(t, func() bool { return l.count() > before+200+37*round }, 30*time.Second, time.Millisecond)
		require.NoError(t, p.Process.Kill())
		<-p.ended
		posting.Wait()
	}
	p := begin(t, "run", config)
	// Where all came before the last kill, nothing else holds the signal back
	// until the process can take it.
	p.awaitText("Launching")
	require.Eventually(t, func() bool { return l.missing() == 0 }, 30*time.Second, 10*time.Millisecond, lazily(p.said))
	require.NoError(t, p.interrupt())
	require.Zero(t, p.code())
	assert.Contains(t, p.said(), "0 events stay on disk")
	l.inOrder(t)
	t.Logf("%d answered, %d came, %d kills", len(l.answered), len(l.first), kills)
}

func (l *tallied) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.answered)
}

// The error of a second process says who has the queue.
func TestASecondProcessIsToldWhoHasTheQueue(t *testing.T) {
	config := pipeline(t, fmt.Sprintf(`
http: {enabled: false}
input: {generate: {interval: 1h, mapping: 'root = "a"'}}
buffer: {journal: {path: %q}}
output: {drop: {}}
`, filepath.Join(t.TempDir(), "queue")))
	first := begin(t, "run", config)
	first.awaitText("Launching")
	second := begin(t, "run", config)
	assert.NotZero(t, second.code())
	assert.Contains(t, second.said(), "field path")
	assert.Contains(t, second.said(), fmt.Sprintf("in use by process %d", first.Process.Pid))
	require.NoError(t, first.interrupt())
	assert.Zero(t, first.code())
}
