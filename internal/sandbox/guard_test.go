package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestTheControlAPIIsOnlyForItsOwnPages(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		headers      []string
		status       int
	}{
		{"loopback", "GET", nil, 200},
		{"localhost", "GET", []string{"Host", "localhost:8765"}, 200},
		{"name below localhost", "GET", []string{"Host", "sandbox.localhost"}, 200},
		{"IPv6", "GET", []string{"Host", "[::1]:8765"}, 200},
		{"allowed name", "GET", []string{"Host", "Sandbox:8765"}, 200},
		{"rebound name", "GET", []string{"Host", "evil.example:8765"}, 403},
		{"name that only looks local", "GET", []string{"Host", "localhost.evil.example"}, 403},
		{"other address", "GET", []string{"Host", "192.0.2.1:8765"}, 403},
		{"own origin", "GET", []string{"Origin", "http://127.0.0.1"}, 200},
		{"foreign origin", "GET", []string{"Origin", "https://evil.example"}, 403},
		{"other port", "GET", []string{"Origin", "http://127.0.0.1:3000"}, 403},
		{"no origin at all", "GET", []string{"Origin", "null"}, 403},
		{"cross-site", "GET", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"own origin changes", "POST", []string{"Origin", "http://127.0.0.1", "Sec-Fetch-Site", "same-origin"}, 200},
		{"curl changes", "POST", nil, 200},
		{"foreign origin changes", "POST", []string{"Origin", "https://evil.example"}, 403},
		{"same site changes", "POST", []string{"Sec-Fetch-Site", "same-site"}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t, segmenttest.Config{Hosts: []string{"sandbox"}})
			path := "/api/v1/summary"
			if tt.method == "POST" {
				path = "/api/v1/reset"
			}
			status, _ := control(t, sb, tt.method, path, "", tt.headers...)
			assert.Equal(t, tt.status, status)
		})
	}
}

func TestARemoteSandboxAnswersToAnyAddress(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{AnyAddress: true})
	for host, want := range map[string]int{
		"192.0.2.1:8765": 200, "[2001:db8::1]:8765": 200, "evil.example:8765": 403, "192.0.2.1.evil.example": 403,
	} {
		status, _ := control(t, sb, http.MethodGet, "/api/v1/summary", "", "Host", host)
		assert.Equal(t, want, status, host)
	}
}

// Whoever follows a link in a chat or a wiki got a 403.
func TestALinkFromAnotherSiteOpensThePage(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	visit := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for path, want := range map[string]int{
		"/": 200, "/?q=type%3Atrack&call=3": 200, "/api/v1/calls": 403, "/api/v1/export?format=ndjson": 403, "/page/main.js": 403,
	} {
		status, _ := controlText(t, sb, http.MethodGet, path, "", visit...)
		assert.Equal(t, want, status, path)
	}
	for name, headers := range map[string][]string{
		"in a frame":     {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
		"by a script":    {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Origin", "https://evil.example"},
		"as a picture":   {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		"under its name": append([]string{"Host", "evil.example"}, visit...),
	} {
		status, _ := controlText(t, sb, http.MethodGet, "/", "", headers...)
		assert.Equal(t, http.StatusForbidden, status, name)
	}
	status, _ := controlText(t, sb, http.MethodPost, "/", "", visit...)
	assert.Equal(t, http.StatusForbidden, status)
}

func TestThePageIsServedWithItsPolicy(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for path, kind := range map[string]string{
		"/": "text/html", "/page/main.js": "text/javascript", "/page/style.css": "text/css", "/page/icon.svg": "image/svg+xml",
	} {
		resp, err := sb.Client().Get(sb.URL + path)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, resp.StatusCode, path)
		assert.Contains(t, resp.Header.Get("Content-Type"), kind)
		policy := resp.Header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			assert.Contains(t, policy, rule)
		}
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))
	}
	status, _ := controlText(t, sb, http.MethodGet, "/", "", "Host", "evil.example")
	assert.Equal(t, http.StatusForbidden, status)
}
