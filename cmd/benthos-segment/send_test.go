package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/cmd/internal/command"
)

const sendKey = "send-write-key-of-tests"

// tally is what a sandbox has received.
type tally struct{ Calls, Unique, Duplicates, Discarded int }

func tallyOf(t *testing.T, url string) (found tally) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/summary", nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.NoError(t, json.NewDecoder(res.Body).Decode(&found))
	return found
}

// awaitCalls waits until a sandbox has received so many calls.
func awaitCalls(t *testing.T, url string, count int) {
	t.Helper()
	require.Eventually(t, func() bool { return tallyOf(t, url).Calls >= count }, time.Minute, 10*time.Millisecond)
}

// sendFile writes events without ids and times, so that all depends on their
// places.
func sendFile(t *testing.T, count int) string {
	t.Helper()
	var text strings.Builder
	for n := range count {
		fmt.Fprintf(&text, `{"type":"track","event":"Viewed","userId":"user-%d","properties":{"n":%d}}`+"\n", n%50, n)
	}
	path := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

func TestSendDelivers(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", sendKey)
	_, url := beginSandbox(t)
	path := sendFile(t, 2000)

	p := begin(t, "send", path, "--endpoint", url)

	assert.Zero(t, p.code(), lazily(p.said))
	assert.Equal(t, tally{Calls: 2000, Unique: 2000}, tallyOf(t, url))
	assert.Regexp(t, `(?m)^  calls sent +2,000 +2,000 track$`, p.out.String())
	assert.NotContains(t, p.said(), "\x1b")
	assert.NotContains(t, p.said(), sendKey)
}

func TestSendGoesOnAfterAKill(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", sendKey)
	_, url := beginSandbox(t)
	path := sendFile(t, 6000)
	line := []string{"send", path, "--endpoint", url, "--events-per-second", "2000"}
	for range 2 {
		before := checkpointed(t, path)
		p := begin(t, line...)
		require.Eventually(t, func() bool { return checkpointed(t, path) > before }, time.Minute, 10*time.Millisecond, lazily(p.said))
		require.NoError(t, p.Process.Kill())
		p.code()
	}
	before := checkpointed(t, path)
	require.Less(t, before, 6000)

	p := begin(t, line...)

	assert.Zero(t, p.code(), lazily(p.said))
	got := tallyOf(t, url)
	assert.Equal(t, 6000, got.Unique, "nothing is lost, and the ids are the same")
	assert.Contains(t, p.said(), "passing over "+command.Count(before, "settled event")+".")
	assert.Regexp(t, `(?m)^  events +`+command.Thousands(6000-before)+" ", p.said())
}

// checkpointed is how many events of a file are in its checkpoint.
func checkpointed(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path + ".checkpoint")
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	require.NoError(t, err)
	var checkpoint struct{ Files []struct{ Events int } }
	require.NoError(t, json.Unmarshal(text, &checkpoint))
	if len(checkpoint.Files) == 0 {
		return 0
	}
	return checkpoint.Files[0].Events
}

func TestSendGoesOnAfterCtrlC(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", sendKey)
	_, url := beginSandbox(t)
	path := sendFile(t, 60_000)
	p := begin(t, "send", path, "--endpoint", url, "--events-per-second", "10000")
	awaitCalls(t, url, 1000)
	require.NoError(t, p.interrupt())

	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.said(), "Stopping: waiting up to 10s")
	assert.Contains(t, p.said(), "Nothing is lost: the same command goes on from there.")

	p = begin(t, "send", path, "--endpoint", url)
	assert.Zero(t, p.code(), lazily(p.said))
	assert.Equal(t, 60_000, tallyOf(t, url).Unique)
}

func TestSendSaysThatTheKeyIsWrong(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", sendKey)
	_, url := beginSandbox(t, "--write-key", "another")
	p := begin(t, "send", "--endpoint", url, sendFile(t, 10))
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.said(), "status 401")
	assert.Contains(t, p.said(), "Check SEGMENT_WRITE_KEY")
	assert.Contains(t, p.said(), "Nothing is lost")
}

func TestSendWithoutAServerStopsAtOnceWhenItIsToldTwice(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", sendKey)
	p := begin(t, "send", "--endpoint", "http://127.0.0.1:1", sendFile(t, 10))
	p.awaitText("annot deliver to Segment")
	require.NoError(t, p.interrupt())
	p.awaitText("Ctrl-C again stops at once")
	require.NoError(t, p.interrupt())
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.said(), "Nothing is lost")
}

// A dry run must not even look a name up or open a connection.
func TestADryRunOpensNoConnection(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", "")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepted := make(chan error, 1)
	go func() {
		_, err := listener.Accept()
		accepted <- err
	}()

	p := begin(t, "send", "--dry-run", "--endpoint", "http://"+listener.Addr().String(), sendFile(t, 10))

	assert.Zero(t, p.code(), lazily(p.said))
	assert.Regexp(t, `^request 1: 10 calls, [\d,]+ bytes, [\d,]+ bytes compressed\n`, p.out.String())
	assert.Contains(t, p.out.String(), "Dry run: nothing was sent.")
	require.NoError(t, listener.Close())
	assert.ErrorIs(t, <-accepted, net.ErrClosed)
}

func TestSendTakesStandardInput(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", sendKey)
	_, url := beginSandbox(t)
	p := beginBy(t, []string{"sh", "-c", `exec "$0" "$@" < '` + sendFile(t, 1200) + "'"}, "send", "--endpoint", url, "-")
	assert.Zero(t, p.code(), lazily(p.said))
	assert.Equal(t, tally{Calls: 1200, Unique: 1200}, tallyOf(t, url))
}

func TestDeadLettersOfAPipelineAreSent(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", sendKey)
	_, url := beginSandbox(t)
	path := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(`{"type":"track","userId":"u","messageId":"m-1"}`+"\n"), 0o600))
	p := begin(t, "run", pipeline(t, fmt.Sprintf(`
http: { enabled: false }
input:
  file: { paths: [ %q ], scanner: { lines: {} } }
output:
  fallback:
    - segment: { write_key: %s, endpoint: %q }
    - file:
        path: %q
        codec: lines
      processors:
        - mapping: root = @fallback_error.segment_dead_letter(content())
`, path, sendKey, url, path+".dead")))
	require.Zero(t, p.code(), lazily(p.said))
	text, err := os.ReadFile(path + ".dead")
	require.NoError(t, err)
	require.Contains(t, string(text), "event_not_defined")
	fixed := strings.Replace(string(text), `\"track\"`, `\"page\"`, 1)
	require.NoError(t, os.WriteFile(path+".dead", []byte(fixed), 0o600))

	p = begin(t, "send", "--dead-letters", "--endpoint", url, path+".dead")

	assert.Zero(t, p.code(), lazily(p.said))
	assert.Equal(t, tally{Calls: 1, Unique: 1}, tallyOf(t, url))
}
