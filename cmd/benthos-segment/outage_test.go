package main

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// manyPipeline sends many events in small requests.
const manyPipeline = `
http: {enabled: false}
input:
  generate:
    interval: ""
    count: 600
    mapping: 'root = {"type": "track", "event": "E%d".format(counter()), "userId": "u%d".format(random_int(max: 9)), "timestamp": now()}'
output:
  segment:
    write_key: a-key
    endpoint: $ENDPOINT
    batching: {count: 10, period: 10ms}
    retry: {initial_interval: 5ms, max_interval: 50ms}
`

// serve serves on a listener until the function that it returns cuts all
// connections, as the death of the process would.
func serve(t *testing.T, handler http.Handler, listener net.Listener) (kill func()) {
	server, ended := &http.Server{Handler: handler}, make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	}
}

// doomed is a sandbox that takes one request after the other until it has
// accepted so many calls. It does not answer the last of these requests: it waits
// for its death.
type doomed struct {
	sandbox *segmenttest.Server
	calls   int
	// dying is closed when it has them, dead when it was killed.
	dying, dead chan struct{}

	mu sync.Mutex
	// unanswered is how many calls the last request had.
	unanswered int
}

func (d *doomed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unanswered > 0 {
		panic(http.ErrAbortHandler)
	}
	before := d.sandbox.Summary().Calls
	answer := httptest.NewRecorder()
	d.sandbox.ServeHTTP(answer, r)
	after := d.sandbox.Summary().Calls
	if after >= d.calls {
		d.unanswered = after - before
		close(d.dying)
		<-d.dead
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
	_ = http.NewResponseController(w).Flush() // all of it is away before the next request is taken
}

func TestNothingIsLostWhenTheServerDiesAndComesBack(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	first := &doomed{sandbox: sb, calls: 100, dying: make(chan struct{}), dead: make(chan struct{})}
	kill := serve(t, first, listener)
	// On a busy machine, what waits would go in a few large requests.
	p := begin(t, "run", "--set", "output.segment.max_request_calls=50",
		pipeline(t, strings.ReplaceAll(manyPipeline, "$ENDPOINT", "http://"+address)))
	select {
	case <-first.dying:
	case <-time.After(time.Minute):
		require.Fail(t, "it has not got so far", p.said())
	}
	kill()
	close(first.dead)
	require.Less(t, sb.Summary().Unique, 600, "it dies in the middle")

	listener, err = net.Listen("tcp", address)
	require.NoError(t, err)
	for range 3 {
		// It is on its way up and answers nobody.
		conn, err := listener.Accept()
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	kill = serve(t, sb, listener)
	defer kill()

	require.Zero(t, p.code(), p.said())
	sum := sb.Summary()
	assert.Equal(t, 600, sum.Unique, sum)
	assert.Zero(t, sum.Discarded)
	// Only a request whose answer was lost is sent again.
	assert.Equal(t, first.unanswered, sum.Duplicates)
	names := map[string]bool{}
	for _, call := range sb.Calls(segmenttest.Filter{}) {
		names[call.Name] = true
	}
	for n := range 600 {
		assert.True(t, names[fmt.Sprintf("E%d", n+1)], n+1)
	}
}

func TestAProcessThatIsStoppedWhileHeldEndsWell(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusUnauthorized)
	p := begin(t, "run", pipeline(t, "shutdown_timeout: 2s\n"+strings.ReplaceAll(manyPipeline, "$ENDPOINT", sb.URL)))
	p.awaitText("holding calls")
	require.NoError(t, p.interrupt())
	assert.Zero(t, p.code(), p.said())
	// Reported: a Ctrl-C that says nothing for twenty seconds.
	assert.Regexp(t, `Stopping: waiting for \d[\d,]* calls?, because the last attempt met status 401\. This takes 1s at the most, by shutdown_timeout; `+
		`what is not accepted by then is given back to the input`, p.said())
	assert.Empty(t, sb.Calls())
	// Reported: a Ctrl-C that ends with "segment undelivered -" and no sentence, and
	// one whose last words are lost among the engine's, which are one for each batch.
	assert.Regexp(t, `level=error msg="Stopped: \d[\d,]* messages were not delivered within shutdown_timeout, because the last attempt met status 401\. `+
		`The input has them back, [^\n]*\n$`, p.said(), "the last line says what and why")
	assert.Equal(t, 1, strings.Count(p.said(), "10 of 10 messages were not sent, the first with: segment undelivered -: "), "one line has the reason")
	assert.NotZero(t, strings.Count(p.said(), "10 of 10 messages were not sent, for the same reason"))
}

func TestStreamsModeSaysWhatItGaveUp(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusUnauthorized)
	stream := strings.NewReplacer("http: {enabled: false}", "", "$ENDPOINT", sb.URL).Replace(manyPipeline)
	p, _ := beginStreams(t, stream, "--set", "shutdown_timeout=2s")
	p.awaitText("holding calls")
	require.NoError(t, p.interrupt())
	assert.Zero(t, p.code(), p.said())
	assert.Contains(t, p.said(), "Stopping: waiting for ")
	assert.Regexp(t, `Stopped: \d[\d,]* messages were not delivered within shutdown_timeout, because the last attempt met status 401\.`, p.said())
}

// A stop that waits for nothing says nothing of it, and one that comes to its end
// in time does not say that it gave up.
func TestAStopSaysOnlyWhatItWaitsFor(t *testing.T) {
	sb := segmenttest.New(t)
	p := begin(t, "run", pipeline(t, strings.ReplaceAll(endlessPipeline, "$ENDPOINT", sb.URL)))
	require.Eventually(t, func() bool { return sb.Summary().Calls > 0 }, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, p.interrupt())
	assert.Zero(t, p.code(), p.said())
	assert.NotContains(t, p.said(), "Stopping:")
	assert.NotContains(t, p.said(), "Stopped:")
}

// endlessPipeline sends an event every now and then.
const endlessPipeline = `
http: {enabled: false}
input:
  generate:
    interval: 50ms
    mapping: 'root = {"type": "page", "userId": "u", "timestamp": now()}'
output:
  segment:
    write_key: a-key
    endpoint: $ENDPOINT
    batching: {count: 10, period: 10ms}
`
