package ingest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

func TestWhichPagesMaySend(t *testing.T) {
	for name, given := range map[string]struct {
		allowed []string
		origin  string
		want    bool
	}{
		"no page":                  {nil, "", true},
		"any page":                 {[]string{"*"}, "http://shop.example.com", true},
		"a page of no site":        {[]string{"*"}, "null", true},
		"no page is allowed":       {nil, "http://shop.example.com", false},
		"by its name":              {[]string{"https://a.example", "https://Shop.example.com:8443"}, "https://shop.example.com:8443", true},
		"another port":             {[]string{"https://shop.example.com"}, "https://shop.example.com:8443", false},
		"another scheme":           {[]string{"https://shop.example.com"}, "http://shop.example.com", false},
		"below a domain":           {[]string{"https://*.example.com"}, "https://a.b.example.com", true},
		"the domain itself":        {[]string{"https://*.example.com"}, "https://example.com", false},
		"an empty name below it":   {[]string{"https://*.example.com"}, "https://.example.com", false},
		"a domain that ends alike": {[]string{"https://*.example.com"}, "https://badexample.com", false},
		"below, another scheme":    {[]string{"https://*.example.com"}, "http://a.example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			cors, err := ingest.NewCORS(given.allowed)
			require.NoError(t, err)
			r := httptest.NewRequest(http.MethodPost, "/v1/track", nil)
			if given.origin != "" {
				r.Header.Set("Origin", given.origin)
			}
			h := http.Header{}
			assert.Equal(t, given.want, cors.Write(h, r))
			assert.Equal(t, "Origin", h.Get("Vary"), "a cache must not hand one origin's answer to another")
			if given.origin == "" || !given.want {
				assert.Empty(t, h.Get("Access-Control-Allow-Origin"))
				assert.Empty(t, h.Get("Access-Control-Allow-Credentials"))
				return
			}
			assert.Equal(t, given.origin, h.Get("Access-Control-Allow-Origin"))
			assert.Equal(t, "true", h.Get("Access-Control-Allow-Credentials"))
			assert.Equal(t, "Retry-After, X-RateLimit-Reset", h.Get("Access-Control-Expose-Headers"))
		})
	}
}

// What the browsers asked of the SDKs asked, first and on repeats: refusing
// x-retry-count means that retries never arrive.
func TestAPreflightGetsEveryHeaderThatItAsksFor(t *testing.T) {
	cors, err := ingest.NewCORS([]string{"*"})
	require.NoError(t, err)
	for name, asked := range map[string]string{
		"rudderstack":           "anonymousid,authorization,content-type,sentat",
		"rudderstack, repeated": "rsa-recovered,rsa-retry-attempt,rsa-retry-reason,rsa-since-first-attempt,rsa-since-last-attempt",
		"segment, repeated":     "authorization,x-retry-count",
		"react native":          "cache-control",
		"of the user's own":     "x-tenant",
		"none":                  "",
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodOptions, "/v1/track", nil)
			r.Header.Set("Origin", "https://shop.example.com")
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", asked)
			r.Header.Set("Access-Control-Request-Private-Network", "true")
			h := http.Header{}
			require.True(t, cors.Write(h, r))
			allowed := strings.Split(h.Get("Access-Control-Allow-Headers"), ", ")
			all := strings.Join(allowed, ",")
			for _, header := range strings.Split(asked, ",") {
				assert.Contains(t, all, header)
			}
			assert.Contains(t, allowed, "x-retry-count")
			assert.Equal(t, "GET, POST", h.Get("Access-Control-Allow-Methods"))
			assert.Equal(t, "7200", h.Get("Access-Control-Max-Age"))
			assert.Equal(t, "true", h.Get("Access-Control-Allow-Private-Network"))
		})
	}
}

func TestWhatIsNoOriginIsRefused(t *testing.T) {
	for _, origin := range []string{
		"", "shop.example.com", "https://", "https://a.example/", "https://a.example/path", "https://*", "https://a.*.example",
		"https://*example.com", "https://*.*.example", "*.example.com", "null",
	} {
		_, err := ingest.NewCORS([]string{"https://good.example", origin})
		assert.ErrorContains(t, err, "is not an origin", origin)
	}
}
