package tail_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
	"go.uber.org/goleak"

	"benthos-segment/cmd/benthos-segment/internal/tail"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// box is a sandbox that is served at an address.
type box struct {
	t   *testing.T
	url string
	*http.Server
}

func serve(t *testing.T, address string) *box {
	t.Helper()
	var listener net.Listener
	require.Eventually(t, func() (isOpen bool) {
		var err error
		listener, err = net.Listen("tcp", address)
		return err == nil
	}, 30*time.Second, 10*time.Millisecond)
	b := &box{t: t, url: "http://" + listener.Addr().String(), Server: sandbox.New(sandbox.Config{}).Server()}
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(listener) }()
	t.Cleanup(func() {
		b.stop()
		assert.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	return b
}

func (b *box) stop() { assert.NoError(b.t, b.Close()) }

// receive lets calls arrive.
func (b *box) receive(calls ...string) {
	b.t.Helper()
	body := `{"batch":[` + strings.Join(calls, ",") + `]}`
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/v1/batch", strings.NewReader(body))
	require.NoError(b.t, err)
	req.SetBasicAuth("the-write-key-of-tests", "")
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	require.NoError(b.t, res.Body.Close())
	require.Equal(b.t, http.StatusOK, res.StatusCode)
}

// watch is a run of the command.
type watch struct {
	t        *testing.T
	out, err streamtest.Log
	stop     context.CancelFunc
	ended    chan error
}

func begin(t *testing.T, args ...string) *watch {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watch{t: t, stop: stop, ended: make(chan error, 1)}
	app := &cli.App{
		Commands: []*cli.Command{tail.Command()}, Writer: &w.out, ErrWriter: &w.err,
		ExitErrHandler: func(*cli.Context, error) {},
	}
	go func() { w.ended <- app.RunContext(ctx, append([]string{"benthos-segment", "tail"}, args...)) }()
	t.Cleanup(stop)
	return w
}

func (w *watch) await(log *streamtest.Log, text string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return strings.Contains(log.String(), text) }, 30*time.Second, 5*time.Millisecond,
		"it never says %q", text)
}

// end waits for the end, and returns the exit code and the error.
func (w *watch) end() (code int, text string) {
	w.t.Helper()
	err := <-w.ended
	if err != nil {
		text = err.Error()
	}
	return int(command.CodeOf(err)), text
}

func TestCallsAreShownAsTheyArrive(t *testing.T) {
	b := serve(t, "127.0.0.1:0")
	b.receive(`{"type":"page","name":"Old","userId":"42","messageId":"m0"}`)
	w := begin(t, "--url", b.url)
	w.await(&w.out, "Old")
	w.await(&w.err, "Following "+b.url)

	b.receive(
		`{"type":"track","event":"Order Completed","userId":"42","messageId":"m1"}`,
		`{"type":"track","userId":"43","messageId":"m2"}`,
		`{"type":"alias","userId":"44","previousId":"before","messageId":"m3"}`,
		`{"type":"group","anonymousId":"somebody","groupId":"acme","messageId":"m4"}`,
		`{"type":"page","name":"Odd","userId":"45","messageId":"m5","timestamp":"soon"}`,
	)
	b.receive(`{"type":"track","event":"Order Completed","userId":"42","messageId":"m1"}`)

	w.await(&w.out, "     7 ")
	w.stop()
	code, text := w.end()
	assert.Zero(t, code, text)
	lines := strings.Split(w.out.String(), "\n")
	assert.Regexp(t, `^     1 \d\d:\d\d:\d\d\.\d{3} page     Old {29} 42$`, lines[0])
	assert.Regexp(t, `^     2 .* track    Order Completed {17} 42$`, lines[1])
	assert.Regexp(t, `^     3 .* track +43 discarded$`, lines[2])
	assert.Regexp(t, `^       ✗ event_not_defined event: .+`, lines[3])
	assert.Regexp(t, `^     4 .* alias    before → {24} 44$`, lines[4])
	assert.Regexp(t, `^     5 .* group    acme {28} anonymous somebody$`, lines[5])
	assert.Regexp(t, `^     6 .* page     Odd {29} 45$`, lines[6])
	assert.Regexp(t, `^       ! timestamp_unparseable timestamp: .+`, lines[7])
	assert.Regexp(t, `^     7 .* track    Order Completed {17} 42 duplicate$`, lines[8])
	assert.NotContains(t, w.out.String(), "\x1b", "there is no terminal")
}

func TestOnlyCallsThatMatchAreShownAndNoMoreThanAsked(t *testing.T) {
	b := serve(t, "127.0.0.1:0")
	b.receive(`{"type":"page","name":"Old","userId":"42"}`, `{"type":"track","event":"Order Old","userId":"42"}`)
	w := begin(t, "--url", b.url, "--filter", `type:track event:"Order*" -user:43`, "--limit", "3", "--last", "1")
	w.await(&w.out, "Order Old")

	b.receive(
		`{"type":"track","event":"Order A","userId":"43"}`, `{"type":"track","event":"Order B","userId":"42"}`,
		`{"type":"page","name":"Order C","userId":"42"}`, `{"type":"track","event":"Order D","userId":"42"}`,
		`{"type":"track","event":"Order E","userId":"42"}`,
	)

	code, text := w.end()
	require.Zero(t, code, text)
	lines := strings.Split(strings.TrimSpace(w.out.String()), "\n")
	require.Len(t, lines, 3)
	for n, name := range []string{"Order Old", "Order B", "Order D"} {
		assert.Contains(t, lines[n], name)
	}
}

func TestOldCallsAreLeftOut(t *testing.T) {
	b := serve(t, "127.0.0.1:0")
	b.receive(`{"type":"page","name":"Old","userId":"42"}`)
	w := begin(t, "--url", b.url+"/?q=x#list", "--last", "0", "--limit", "1")
	w.await(&w.err, "Following")

	b.receive(`{"type":"page","name":"New","userId":"42"}`)

	code, text := w.end()
	require.Zero(t, code, text)
	assert.NotContains(t, w.out.String(), "Old")
}

func TestJSONHasTheWholeCall(t *testing.T) {
	b := serve(t, "127.0.0.1:0")
	w := begin(t, "--url", b.url, "--json", "--limit", "2")
	w.await(&w.err, "Following")

	b.receive(`{"type":"track","event":"Order","userId":"42","properties":{"n":9007199254740993}}`, `{"type":"track","userId":"43"}`)

	code, text := w.end()
	require.Zero(t, code, text)
	lines := strings.Split(strings.TrimSpace(w.out.String()), "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, lines[0], `"raw":{"type":"track","event":"Order","userId":"42","properties":{"n":9007199254740993}}`)
	assert.Contains(t, lines[0], `"write_key":"the…"`)
	var second struct {
		Accepted   bool
		Violations []struct{ Code, Message string }
	}
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &second))
	require.Len(t, second.Violations, 1)
	assert.Equal(t, "event_not_defined", second.Violations[0].Code)
	assert.NotContains(t, w.out.String()+w.err.String(), "the-write-key-of-tests")
}

// teamclaude#248: whoever sends a call chooses its name, and a terminal obeys the
// control characters in it.
func TestNamesCannotGiveOrdersToTheTerminal(t *testing.T) {
	b := serve(t, "127.0.0.1:0")
	b.receive(`{"type":"track","event":"\u001b]0;title\u0007\u202eevil","userId":"\u009b2J"}`)
	w := begin(t, "--url", b.url, "--limit", "1")

	code, text := w.end()

	require.Zero(t, code, text)
	assert.Contains(t, w.out.String(), `\u001b]0;title\u0007\u202eevil`)
	assert.Contains(t, w.out.String(), `\u009b2J`)
	assert.NotContains(t, w.out.String(), "\x1b")
	assert.NotContains(t, w.out.String(), "\u009b")
}

// vector#8873 and loki#3387: after a restart of the other side, nothing was shown
// any more, or the command ended.
func TestARestartIsWaitedFor(t *testing.T) {
	b := serve(t, "127.0.0.1:0")
	b.receive(`{"type":"page","name":"First","userId":"42"}`, `{"type":"page","name":"Second","userId":"42"}`)
	w := begin(t, "--url", b.url)
	w.await(&w.out, "Second")
	w.await(&w.err, "Following")

	b.stop()
	w.await(&w.err, "Lost "+b.url)
	again := serve(t, strings.TrimPrefix(b.url, "http://"))
	again.receive(`{"type":"page","name":"Third","userId":"42"}`)

	w.await(&w.out, "Third")
	w.await(&w.err, "Connected again.")
	again.receive(`{"type":"page","name":"Fourth","userId":"42"}`)
	w.await(&w.out, "Fourth")
	w.stop()
	code, text := w.end()
	assert.Zero(t, code, text)
	assert.Equal(t, 1, strings.Count(w.out.String(), "Third"))
	assert.Equal(t, 1, strings.Count(w.out.String(), "Second"))
}

// A restart between the first look and the stream has a number that says nothing
// about the new calls.
func TestTheStreamIsAskedForByTheRunOfTheFirstLook(t *testing.T) {
	asked := make(chan *http.Request, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/calls") {
			w.Header().Set("ETag", `"RUN-3-1-42"`)
			_, _ = w.Write([]byte(`{"calls":[]}`))
			return
		}
		asked <- r
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte("event: hello\nid: NEW-0-0\ndata: {\"run\":\"NEW\"}\n\n"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	w := begin(t, "--url", server.URL)
	w.await(&w.err, "It was restarted there")
	w.stop()
	code, text := w.end()
	assert.Zero(t, code, text)
	first := <-asked
	assert.Equal(t, "RUN-3-42", first.Header.Get("Last-Event-ID"))
	assert.Empty(t, first.URL.Query().Get("since"))
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	b := serve(t, "127.0.0.1:0")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	t.Cleanup(other.Close)
	absent := httptest.NewServer(http.NotFoundHandler())
	absent.Close()
	missing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(missing.Close)
	for name, given := range map[string]struct {
		args []string
		says string
	}{
		"a filter":         {[]string{"--url", b.url, "--filter", "colour:red"}, "--filter: unknown filter colour:"},
		"nobody there":     {[]string{"--url", absent.URL}, "nothing answers at " + absent.URL},
		"another service":  {[]string{"--url", other.URL}, "neither a sandbox nor the outcomes of an output"},
		"another path":     {[]string{"--url", missing.URL}, "neither a sandbox nor the outcomes of an output"},
		"no URL":           {[]string{"--url", "ftp://x"}, "--url must be a URL"},
		"a password":       {[]string{"--url", "http://u:p@127.0.0.1"}, "no user or password"},
		"an argument":      {[]string{"type:track"}, "--filter"},
		"a negative limit": {[]string{"--limit", "-1"}, "--limit must be"},
		"a large past":     {[]string{"--last", "10001"}, "--last must be"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, given.args...)
			code, text := w.end()
			assert.Equal(t, 2, code)
			assert.Contains(t, text, given.says)
		})
	}
}
