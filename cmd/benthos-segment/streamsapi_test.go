package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// api is the HTTP API of a process in streams mode.
type api struct {
	t       *testing.T
	url     string
	client  *http.Client
	headers map[string]string
}

var servedAt = regexp.MustCompile(`API for streams is served at this address.*http.address="([^"]+)"`)

// beginStreams runs streams mode with one stream, a, and waits for its API.
func beginStreams(t *testing.T, stream string, args ...string) (*process, *api) {
	t.Helper()
	p, served := launchStreams(t, stream, args...)
	served.await("/ping")
	return p, served
}

// launchStreams does not wait for the API.
func launchStreams(t *testing.T, stream string, args ...string) (*process, *api) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.yaml"), []byte(stream), 0o600))
	p := begin(t, append(append([]string{"streams", "--log.level", "TRACE", "--set", "http.address=127.0.0.1:0"}, args...), folder)...)
	p.awaitText("Launching Benthos Segment in streams mode")
	found := servedAt.FindStringSubmatch(p.said())
	require.NotNil(t, found, p.said())
	return p, &api{t: t, url: "http://" + found[1], client: &http.Client{Timeout: 30 * time.Second}}
}

// await waits until a path is answered with 200: the engine says that it starts
// before it listens.
func (a *api) await(path string) {
	a.t.Helper()
	require.Eventually(a.t, func() bool {
		res, err := a.client.Get(a.url + path)
		if err != nil {
			return false
		}
		return res.Body.Close() == nil && res.StatusCode == http.StatusOK
	}, 30*time.Second, time.Millisecond)
}

// do asks the API, and looks for secrets in what it answers.
func (a *api) do(method, path, body string) (code int, answer string) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	require.NoError(a.t, err)
	for name, value := range a.headers {
		req.Header.Set(name, value)
		if name == "Host" {
			req.Host = value
		}
	}
	res, err := a.client.Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	assertKept(a.t, method+" "+path, string(text))
	return res.StatusCode, string(text)
}

// with returns the API as it is asked with a header.
func (a *api) with(name, value string) *api {
	copied := *a
	copied.headers = map[string]string{name: value}
	return &copied
}
