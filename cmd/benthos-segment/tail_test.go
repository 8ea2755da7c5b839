package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// beginSandbox runs the command sandbox, and returns where it listens.
func beginSandbox(t *testing.T, args ...string) (p *process, url string) {
	t.Helper()
	p = begin(t, append([]string{"sandbox", "--listen", "127.0.0.1:0"}, args...)...)
	p.awaitText("Stop it with Ctrl-C")
	url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(p.said())
	require.NotEmpty(t, url)
	return p, url
}

// call sends a call to a sandbox.
func call(t *testing.T, url, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/batch", strings.NewReader(`{"batch":[`+body+`]}`))
	require.NoError(t, err)
	req.SetBasicAuth("tail-write-key-of-tests", "")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestTailShowsWhatASandboxReceives(t *testing.T) {
	_, url := beginSandbox(t)
	watch := begin(t, "tail", "--url", url, "--filter", "type:track")
	watch.awaitText("Following")

	call(t, url, `{"type":"track","event":"Order","userId":"u1"},{"type":"page","name":"Home","userId":"u1"},{"type":"track","userId":"u2"}`)

	watch.awaitText("event_not_defined event: ")
	require.NoError(t, watch.interrupt())
	assert.Zero(t, watch.code())
	assert.Contains(t, watch.out.String(), "Order")
	assert.NotContains(t, watch.out.String(), "Home")

	limited := begin(t, "tail", "--url", url, "--json", "--limit", "1")
	assert.Zero(t, limited.code())
	assert.Contains(t, limited.out.String(), `"raw":{"type":"track","event":"Order","userId":"u1"}`)
	assert.NotContains(t, watch.said()+limited.said(), "tail-write-key-of-tests")
}

func TestTailSaysWhatIsWrong(t *testing.T) {
	p := begin(t, "tail", "--url", "http://127.0.0.1:1")
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.said(), "nothing answers at http://127.0.0.1:1")
	assert.Contains(t, p.said(), "benthos-segment sandbox")
}

func TestTailShowsWhatAPipelineSends(t *testing.T) {
	_, url := beginSandbox(t)
	events := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(events, []byte(`{"type":"track","event":"Order","userId":"u1"}`+"\n"+`{"type":"track","userId":"u2"}`+"\n"), 0o600))
	p := begin(t, "run", pipeline(t, fmt.Sprintf(`
http: { enabled: false }
input:
  sequence:
    inputs:
      - file: { paths: [ %q ], scanner: { lines: {} } }
      - generate: { interval: 1h, mapping: root = deleted() }
output:
  fallback:
    - segment: { write_key: outcomes-write-key, endpoint: %q, outcomes: { address: "127.0.0.1:0" } }
    - drop: {}
`, events, url)))
	p.awaitText("what becomes of calls is shown at http://")
	at := regexp.MustCompile(`is shown at (http://127\.0\.0\.1:\d+)`).FindStringSubmatch(p.said())[1]

	watch := begin(t, "tail", "--url", at, "--limit", "2")

	assert.Zero(t, watch.code(), lazily(watch.said))
	assert.Regexp(t, `track +Order +u1\n`, watch.out.String())
	assert.Regexp(t, `track +u2 not sent\n       ✗ event_not_defined event: `, watch.out.String())
	assert.NotContains(t, watch.said()+p.said(), "outcomes-write-key")
	require.NoError(t, p.interrupt())
	assert.Zero(t, p.code(), lazily(p.said))
}
