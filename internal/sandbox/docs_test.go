package sandbox_test

import (
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// documented returns the curl commands of docs/sandbox.md in their order.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/sandbox.md")
	require.NoError(t, err)
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if strings.HasPrefix(line, "curl ") {
				commands = append(commands, strings.TrimSpace(line))
			}
		}
	}
	return commands
}

// No command of the documentation is answered with an error.
func TestEveryDocumentedCommandWorks(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	target := segmenttest.New(t)
	for _, command := range documented(t) {
		t.Run(command, func(t *testing.T) {
			sb := segmenttest.New(t, segmenttest.Config{ReplayTo: target.URL})
			post(t, sb, "/v1/batch", batch(
				`{"type":"track","event":"Order Completed","userId":"42","messageId":"m1"}`,
				`{"type":"track","event":"Order Completed","userId":"42","messageId":"m2"}`,
			))
			sb.Fail(503).Match(segmenttest.Match{User: "nobody"})
			command := strings.Replace(command, "timeout=30s", "timeout=0s", 1)
			command = strings.ReplaceAll(command, "localhost:8765", strings.TrimPrefix(sb.URL, "http://"))
			run := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "curl ", "curl -sS --fail-with-body ", 1))
			out, err := run.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.NotEmpty(t, out)
		})
	}
}

// Every endpoint has a curl command.
func TestEveryEndpointIsDocumented(t *testing.T) {
	commands := documented(t)
	sb := segmenttest.NewInProcess(t)
	_, answer := control(t, sb, http.MethodGet, "/openapi.json", "")
	for path, methods := range answer.S("paths").ChildrenMap() {
		if strings.Count(path, "/") > 1 && answer.Exists("paths", strings.TrimPrefix(path, "/api/v1")) {
			continue // an alias below /api/v1
		}
		place := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `\d+`)
		called := regexp.MustCompile(`localhost:8765` + place + `($|[?' ])`)
		for method := range methods.ChildrenMap() {
			found := false
			for _, command := range commands {
				found = found || called.MatchString(command) && methodOf(command) == method
			}
			assert.True(t, found, "no curl for %s %s", method, path)
		}
	}
}

// methodOf returns the method that curl uses.
func methodOf(command string) string {
	if explicit := regexp.MustCompile(`-X (\w+)`).FindStringSubmatch(command); explicit != nil {
		return strings.ToLower(explicit[1])
	}
	if strings.Contains(command, " -d '") && !strings.Contains(command, "-G") {
		return "post"
	}
	return "get"
}
