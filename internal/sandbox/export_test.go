package sandbox_test

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// odd are calls that are hard to export: with quotes, line breaks, backquotes and
// what a shell would expand.
func odd() []string {
	return []string{
		"{\n\t\"type\": \"track\",\r\n\"event\":\"it's `$(id)` \\\"x\\\"\",\"userId\":\"u\",\"messageId\":\"1\"}",
		`{"type":"page","name":"END OF CALL\n\\","userId":"u","messageId":"2","properties":{"n":9007199254740993,"p":0.10}}`,
	}
}

func TestCallsAreExportedAsLines(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(odd()...))
	post(t, sb, "/v1/page", `{"name":"Home","userId":"u","messageId":"3","writeKey":"`+canary+`"}`)
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/export?format=ndjson", "")
	lines := strings.Split(text, "\n")
	require.Len(t, lines, 4)
	assert.JSONEq(t, odd()[0], lines[0])
	assert.Equal(t, odd()[1], lines[1])
	assert.Contains(t, lines[2], `"type":"page"`, "a path for single calls leaves it out")
	status, text := controlText(t, sb, http.MethodGet, "/api/v1/export?format=xml", "")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, text, "ndjson, har, curl or go")
}

func TestTheExportedFixtureIsGo(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(odd()...))
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/export?format=go", "")
	formatted, err := format.Source([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, string(formatted), text)
	file, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	require.NoError(t, err)
	var calls []string
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok {
			call, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			calls = append(calls, call)
		}
		return true
	})
	assert.Equal(t, odd(), calls, "byte for byte")
}

func TestTheExportedScriptSendsTheCalls(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	sb := segmenttest.New(t)
	post(t, sb, "/v1/batch", batch(odd()...))
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/export?format=curl", "")
	script := filepath.Join(t.TempDir(), "calls.sh")
	require.NoError(t, os.WriteFile(script, []byte(text), 0o700))
	run := exec.CommandContext(t.Context(), "sh", script)
	run.Env = append(os.Environ(), "SEGMENT_ENDPOINT="+sb.URL)
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	calls := sb.Wait(4)
	assert.JSONEq(t, odd()[0], string(calls[2].Raw))
	assert.Equal(t, odd()[1], string(calls[3].Raw))
}

// Whoever repeats it has to know how much has arrived.
func TestAReplayThatEndsEarlySaysHowFarItCame(t *testing.T) {
	requests := 0
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer target.Close()
	sb := segmenttest.NewInProcess(t, segmenttest.Config{ReplayTo: target.URL})
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	post(t, sb, "/v1/batch", batch(track("x")), "Authorization", "Basic b3RoZXI6")

	status, answer := control(t, sb, http.MethodPost, "/api/v1/replay", "")

	assert.Equal(t, http.StatusBadGateway, status)
	assert.EqualValues(t, "3", answer.at("calls"))
	assert.Equal(t, "3 of 4 calls were sent. Call 4 and those after it were not: the target answered 503", answer.at("error"))
}

func TestReplayKeepsIDsAndKeysAndGoesToItsTargetOnly(t *testing.T) {
	target := segmenttest.New(t)
	sb := segmenttest.NewInProcess(t, segmenttest.Config{ReplayTo: target.URL + "/v1/"})
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	post(t, sb, "/v1/batch", batch(track("x")), "Authorization", "Basic b3RoZXI6")

	status, answer := control(t, sb, http.MethodPost, "/api/v1/replay?q=-id:m1", "")
	assert.Equal(t, http.StatusOK, status)
	assert.EqualValues(t, "3", answer.at("calls"))
	assert.EqualValues(t, "2", answer.at("requests"), "one for each write key")
	calls := target.Wait(3)
	assert.Equal(t, []string{"m0", "m2", "x"}, idsOf(calls))
	assert.Equal(t, canary, calls[0].WriteKey)
	assert.Equal(t, "other", calls[2].WriteKey)

	target.Fail(307).Header("Location", "http://127.0.0.1:9/")
	status, answer = control(t, sb, http.MethodPost, "/api/v1/replay", "")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, answer.at("error"), "the target answered 307")

	status, _ = control(t, sb, http.MethodPost, "/api/v1/replay?to=http://127.0.0.1:9", "")
	assert.Equal(t, http.StatusBadRequest, status)
	status, answer = control(t, segmenttest.NewInProcess(t), http.MethodPost, "/api/v1/replay", "")
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, answer.at("error"), "--replay-to")
}
