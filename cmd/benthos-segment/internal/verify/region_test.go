package verify_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/plugin/segmenttest"
)

// worldOf is a proxy behind which Segment's regions are. The token is known in one
// of them.
func worldOf(t *testing.T, home string) *httptest.Server {
	t.Helper()
	regions := map[string]*httptest.Server{}
	for region, host := range map[string]string{"us": "api.segmentapis.com:443", "eu": "eu1.api.segmentapis.com:443"} {
		sb := segmenttest.NewInProcess(t)
		tokens := []string{"another"}
		if region == home {
			tokens = []string{token}
		}
		sb.SetWorkspace(segmenttest.Workspace{Name: "Shop", Tokens: tokens, Sources: []segmenttest.Source{website}})
		regions[host] = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path, r.Host = "/public-api"+r.URL.Path, strings.TrimPrefix(sb.URL, "http://")
			sb.ServeHTTP(w, r)
		}))
		t.Cleanup(regions[host].Close)
	}
	var tunnels sync.WaitGroup
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := regions[r.Host]
		if to == nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		client, _, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		server, err := net.Dial("tcp", to.Listener.Addr().String())
		if !assert.NoError(t, err) {
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		for _, ends := range [][2]net.Conn{{client, server}, {server, client}} {
			tunnels.Go(func() {
				_, _ = io.Copy(ends[0], ends[1])
				_ = ends[0].Close()
			})
		}
	}))
	t.Cleanup(func() {
		proxy.Close()
		for _, region := range regions {
			region.CloseClientConnections()
		}
		tunnels.Wait()
	})
	return proxy
}

// Segment answers 200 to the calls of the other region, and throws them away.
func TestARegionThatIsNotThatOfTheWorkspaceIsWrong(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	for _, test := range []struct{ home, region, says string }{
		{"us", "region: us", ""},
		{"eu", "region: eu", ""},
		{"eu", "region: us", "the workspace is in the region eu and calls go to the region us, which answers 200 and throws all of them away: set region: eu, and no endpoint"},
		{"us", "region: eu", "the workspace is in the region us and calls go to the region eu"},
		{"us", `endpoint: "https://events.eu1.segmentapis.com/v1"`, "the workspace is in the region us and calls go to the region eu"},
	} {
		t.Run(test.home+", "+test.region, func(t *testing.T) {
			said, code := run(t, "--source-only", pipeline(t, `
  segment: {write_key: a-write-key, `+test.region+`, proxy_url: "`+worldOf(t, test.home).URL+`", tls: {skip_cert_verify: true}}
`))
			if test.says == "" {
				require.Equal(t, command.Good, code, said)
				assert.Contains(t, said, "Shop")
				return
			}
			assert.Equal(t, command.Wrong, code, said)
			assert.Contains(t, said, test.says)
		})
	}
}
