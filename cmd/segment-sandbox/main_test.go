package main

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/streamtest"
)

// Its flags, its API and its page are those of benthos-segment sandbox, whose
// tests are in cmd/internal/sandbox.
func TestTheSandboxRunsAlone(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	said, ended := &streamtest.Log{}, make(chan command.Code, 1)
	go func() {
		ended <- run(ctx, []string{"segment-sandbox", "--listen", "127.0.0.1:0", "--strict"}, said, said)
	}()
	defer func() {
		stop()
		assert.Equal(t, command.Good, <-ended)
	}()
	var url string
	require.Eventually(t, func() bool {
		url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said.String())
		return url != ""
	}, time.Minute, 5*time.Millisecond)

	for path, want := range map[string]int{"/": http.StatusOK, "/v1/track": http.StatusBadRequest, "/api/v1/summary": http.StatusOK, "/version": http.StatusOK} {
		method, body := http.MethodGet, ""
		if strings.HasPrefix(path, "/v1/") {
			method, body = http.MethodPost, `{"userId":"u"}`
		}
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		require.NoError(t, err)
		r.SetBasicAuth("k", "")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, want, answer.StatusCode, path)
	}
	var health streamtest.Log
	assert.Equal(t, command.Good, run(t.Context(), []string{"segment-sandbox", "health", url + "/healthz"}, &health, &health))
	assert.Contains(t, health.String(), "/healthz answers 200 OK")
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for line, want := range map[string]string{
		"--strict please": `sandbox takes flags only, not "please"`,
		"--stric":         "there is no flag --stric: did you mean --strict?\nsegment-sandbox --help lists its flags",
		"--listen :8765":  "add --allow-remote",
	} {
		var said streamtest.Log
		assert.Equal(t, command.CouldNotRun, run(t.Context(), append([]string{"segment-sandbox"}, strings.Fields(line)...), &said, &said), line)
		assert.Contains(t, said.String(), want)
	}
}
