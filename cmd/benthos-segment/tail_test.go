package main

import (
	"net/http"
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
