package guarantees_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Go ignores a proxy that it cannot read, and requests would leave past it.
// https://github.com/golang/go/issues/46264
// https://github.com/golang/go/issues/38166
func TestAProxyOfTheEnvironmentThatCannotBeReadIsSaidAtStart(t *testing.T) {
	const public, near = "https://events.example.com", "http://segment"
	oauth := signed("https://oauth.example.com")
	for name, test := range map[string]struct {
		variables map[string]string
		endpoint  string
		output    fields
		says      string
	}{
		"a port by name":           {map[string]string{"HTTPS_PROXY": "http://u:CANARY@proxy:port"}, public, nil, "HTTPS_PROXY in the environment is not the URL of a proxy: it cannot be read"},
		"a % in the password":      {map[string]string{"HTTPS_PROXY": "http://u:CANARY%pw@proxy:3128"}, public, nil, "special characters of a password are written as %40 and the like"},
		"in lower case":            {map[string]string{"https_proxy": "http://u:CANARY@proxy:port"}, public, nil, "https_proxy in the environment"},
		"for plain http":           {map[string]string{"HTTP_PROXY": "http://[CANARY"}, near, nil, "HTTP_PROXY in the environment"},
		"a line break":             {map[string]string{"HTTPS_PROXY": "http://proxy:3128\n"}, public, nil, "HTTPS_PROXY in the environment"},
		"blank":                    {map[string]string{"HTTPS_PROXY": " "}, public, nil, "HTTPS_PROXY in the environment"},
		"no host":                  {map[string]string{"HTTPS_PROXY": "http://"}, public, nil, "it needs a host"},
		"an invalid port":          {map[string]string{"HTTPS_PROXY": "proxy:99999"}, public, nil, "its port does not exist"},
		"another scheme":           {map[string]string{"HTTPS_PROXY": "ftp://proxy:21"}, public, nil, "it must begin with http://, https:// or socks5://"},
		"on the way to a token":    {map[string]string{"HTTPS_PROXY": "http://proxy:port"}, near, oauth, "HTTPS_PROXY in the environment"},
		"in CGI":                   {map[string]string{"HTTP_PROXY": "http://proxy", "REQUEST_METHOD": "GET"}, near, nil, "HTTP_PROXY in the environment is not used where REQUEST_METHOD"},
		"of the config":            {nil, public, fields{"proxy_url": "http://u:CANARY@proxy:99999"}, "field proxy_url is not the URL of a proxy: its port"},
		"of the config, no host":   {nil, public, fields{"proxy_url": "http://"}, "field proxy_url needs a host"},
		"a name alone":             {map[string]string{"HTTPS_PROXY": "proxy:3128"}, public, nil, ""},
		"SOCKS":                    {map[string]string{"HTTPS_PROXY": "socks5h://proxy:1080"}, public, nil, ""},
		"SOCKS of the config":      {nil, public, fields{"proxy_url": "socks5h://proxy:1080"}, ""},
		"not for this scheme":      {map[string]string{"HTTPS_PROXY": "http://proxy:port"}, near, nil, ""},
		"not for this host":        {map[string]string{"HTTPS_PROXY": "http://proxy:port", "NO_PROXY": ".example.com"}, public, nil, ""},
		"not for loopback":         {map[string]string{"HTTP_PROXY": "http://proxy:port"}, "http://127.0.0.1:1", nil, ""},
		"the config has its own":   {map[string]string{"HTTPS_PROXY": "http://proxy:port"}, public, fields{"proxy_url": "http://127.0.0.1:1"}, ""},
		"for https, in CGI":        {map[string]string{"HTTPS_PROXY": "http://proxy", "REQUEST_METHOD": "GET"}, public, nil, ""},
		"empty, as unset ones are": {map[string]string{"HTTPS_PROXY": ""}, public, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.variables {
				t.Setenv(variable, value)
			}
			err := madeOnly(t, segmentOutput(test.endpoint, test.output))
			if test.says == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "CANARY")
		})
	}
}

// A host in NO_PROXY is reached past the proxy.
func TestAHostInNoProxyIsReachedWithoutOne(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "other,segment")
	newNames(t).set(net.IPv4(127, 0, 0, 1))
	sb := segmenttest.New(t)

	start(t, segmentOutput("http://segment:"+sb.URL[strings.LastIndex(sb.URL, ":")+1:])).accept(t, trial{calls: 1, people: 1}.givenCalls())

	assert.Zero(t, asked.Load())
	assert.Equal(t, 1, sb.Summary().Accepted)
}
