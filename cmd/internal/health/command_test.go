package health_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/cmd/internal/health"
)

// An image from scratch has no curl, so that the binary asks itself.
func TestAProcessIsAskedWhetherItIsWell(t *testing.T) {
	asked := make(chan string, 20)
	process := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		switch r.URL.Path {
		case "/ping", "/other":
			_, _ = w.Write([]byte("pong"))
		case "/moved":
			http.Redirect(w, r, "/ping", http.StatusFound)
		case "/hangs":
			<-r.Context().Done()
		default:
			http.Error(w, "input not connected\nand more", http.StatusServiceUnavailable)
		}
	}))
	defer process.Close()
	// A proxy of the environment is for what is elsewhere.
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	for line, want := range map[string]struct {
		code command.Code
		says string
	}{
		"":                                    {command.Good, "/ping answers 200 OK\n"},
		process.URL + "/other":                {command.Good, "/other answers 200 OK\n"},
		process.URL + "/ready":                {command.Wrong, "/ready answers 503 Service Unavailable: input not connected\n"},
		process.URL + "/moved":                {command.Wrong, "answers 302 Found"},
		process.URL + "/hangs --timeout 10ms": {command.Wrong, "nothing answers: "},
		"http://127.0.0.1:1/ping":             {command.Wrong, "nothing answers: "},
		"127.0.0.1:4195":                      {command.CouldNotRun, "is not a URL such as http://"},
		"ftp://127.0.0.1/":                    {command.CouldNotRun, "is not a URL such as http://"},
		"a b":                                 {command.CouldNotRun, "health takes one URL, not 2"},
		"--timeout 0s":                        {command.CouldNotRun, "--timeout must be above 0"},
		"--timeout soon":                      {command.CouldNotRun, "--timeout cannot be"},
	} {
		t.Run(line, func(t *testing.T) {
			var said bytes.Buffer
			alone := command.Alone{Name: "tool", Command: &cli.Command{Name: "run"}, Beside: []*cli.Command{health.Command(process.URL + "/ping")}}
			code := alone.Run(t.Context(), append([]string{"tool", "health"}, strings.Fields(line)...), &said, &said)
			assert.Equal(t, want.code, code)
			assert.Contains(t, said.String(), want.says)
		})
	}
	assert.Len(t, asked, 5)
}
