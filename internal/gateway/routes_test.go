package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
	"benthos-segment/internal/ingest"
)

const track = `{"type":"track","event":"E","userId":"u1","messageId":"m1","timestamp":"2026-03-14T09:12:00.000Z"}`

func TestEveryRouteForEventsTakesThem(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/track": "track", "/v1/identify": "identify", "/v1/page": "page", "/v1/screen": "screen",
		"/v1/group": "group", "/v1/alias": "alias", "/v1/merge": "merge",
		"/v1/t": "track", "/v1/i": "identify", "/v1/p": "page", "/v1/s": "screen", "/v1/g": "group", "/v1/a": "alias",
		"/v1/batch": "track", "/v1/import": "track", "/v1/import/": "track", "/v1/b": "track", "/v1/batch/b": "track",
		"/batch/b": "track", "/batch": "track", "/b": "track", "/beacon/v1/batch": "track", "//v1/batch": "track", "/v1//batch/": "track",
	} {
		t.Run(path, func(t *testing.T) {
			d := open(t)
			body := track
			if route, _ := ingest.RouteOf(ingest.Clean(path)); route.Kind == ingest.Batch {
				body = `{"batch":[` + track + `]}`
			}
			d.post(path, body)
			event := d.one()
			assert.Equal(t, want, event.Type)
			assert.Equal(t, want, members(t, event)["type"], "the path rules")
			assert.Equal(t, "wk", event.WriteKey)
		})
	}
}

func TestAPrefixComesBeforeEveryRoute(t *testing.T) {
	d := open(t, func(c *gateway.Config) { c.PathPrefix = "/events" })
	assert.Equal(t, http.StatusOK, d.post("/events/v1/track", track).status)
	for path, want := range map[string]int{
		"/events/health": http.StatusOK, "/events/ready/": http.StatusOK,
		// Probes of Kubernetes and of balancers ask the process itself.
		"/health": http.StatusOK, "/ready": http.StatusOK, "//health": http.StatusOK,
		"/sourceConfig": http.StatusNotFound, "/v1/projects/wk/settings": http.StatusNotFound, "/eventshealth": http.StatusNotFound,
	} {
		assert.Equal(t, want, d.do(http.MethodGet, path, nil).status, path)
	}
	assert.Equal(t, http.StatusNotFound, d.post("/v1/track", track).status)
	assert.Len(t, d.taken(), 1)
}

func TestWhereTheWriteKeyMayBe(t *testing.T) {
	batch := `{"batch":[` + track + `]`
	for name, given := range map[string]struct {
		path, body string
		headers    []header
		want       string
	}{
		"basic":                 {"/v1/batch", batch + "}", []header{basic("wk")}, "wk"},
		"basic without a colon": {"/v1/batch", batch + "}", []header{{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("wk"))}}, "wk"},
		"body":                  {"/v1/batch", batch + `,"writeKey":"wk"}`, nil, "wk"},
		"query":                 {"/beacon/v1/batch?writeKey=wk", batch + "}", nil, "wk"},
		"header":                {"/v1/batch", batch + "}", []header{{"X-Write-Key", "wk"}}, "wk"},
		"each event":            {"/v1/b", `{"batch":[{"type":"page","anonymousId":"a","writeKey":"other"}]}`, nil, "other"},
		"header before body":    {"/v1/batch", batch + `,"writeKey":"unknown"}`, []header{basic("wk")}, "wk"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			answer := d.do(http.MethodPost, given.path, strings.NewReader(given.body), given.headers...)
			assert.Equal(t, http.StatusOK, answer.status, answer.body)
			assert.Equal(t, given.want, d.one().WriteKey)
			assert.NotContains(t, string(d.one().Content), "writeKey")
		})
	}
}

// Never 403, with which RudderStack's SDK for Kotlin goes on for ever.
func TestAWriteKeyThatIsNoneIs401(t *testing.T) {
	d := open(t)
	for name, headers := range map[string][]header{
		"unknown": {basic("nobody")}, "missing": nil, "empty": {basic("")}, "unreadable": {{"Authorization", "Basic %%"}},
		"a part of one": {basic("w")}, "more than one": {basic("wk1")},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/v1/batch", "/v1/track"} {
				body := track
				if path == "/v1/batch" {
					body = `{"batch":[` + track + `,{"writeKey":"wk"}]}`
				}
				answer := d.do(http.MethodPost, path, strings.NewReader(body), headers...)
				assert.Equal(t, http.StatusUnauthorized, answer.status)
				// The older mobile SDKs look for these words, and keep their events.
				assert.Contains(t, answer.failure(t).Message, "invalid write key")
				assert.NotContains(t, answer.body, "nobody")
			}
		})
	}
	assert.Empty(t, d.taken())
}

// A key goes with every event, into the queue, too.
func TestAWriteKeyIsNoPlaceForData(t *testing.T) {
	d := open(t, func(c *gateway.Config) { c.WriteKeys = nil })
	body := func(length int) string {
		return `{"batch":[` + track + `],"writeKey":"` + strings.Repeat("k", length) + `"}`
	}
	assert.Equal(t, http.StatusOK, d.do(http.MethodPost, "/v1/batch", strings.NewReader(body(1000))).status)
	assert.Equal(t, http.StatusUnauthorized, d.do(http.MethodPost, "/v1/batch", strings.NewReader(body(1001))).status)
	assert.Len(t, d.taken(), 1)
}

func TestPreflightsAreAnsweredOnEveryPath(t *testing.T) {
	d := open(t)
	for _, path := range []string{"/v1/track", "/v1/m", "/sourceConfig/", "/nowhere", "//v1/batch"} {
		answer := d.do(http.MethodOptions, path, nil, header{"Origin", "https://shop.example.com"},
			header{"Access-Control-Request-Method", "POST"}, header{"Access-Control-Request-Headers", "authorization,x-retry-count"})
		assert.Equal(t, http.StatusNoContent, answer.status, path)
		assert.Equal(t, "https://shop.example.com", answer.header.Get("Access-Control-Allow-Origin"))
		assert.Contains(t, answer.header.Get("Access-Control-Allow-Headers"), "x-retry-count")
	}
}

func TestAForeignPageIsTurnedAway(t *testing.T) {
	d := open(t, func(c *gateway.Config) {
		cors, err := ingest.NewCORS([]string{"https://shop.example.com"})
		require.NoError(t, err)
		c.CORS = cors
	})
	foreign := header{"Origin", "https://evil.example"}
	preflight := d.do(http.MethodOptions, "/v1/track", nil, foreign)
	assert.Empty(t, preflight.header.Get("Access-Control-Allow-Origin"))
	for _, path := range []string{"/v1/track", "/v1/pixel/track?userId=u", "/beacon/v1/batch?writeKey=wk"} {
		answer := d.post(path, track, foreign)
		if strings.Contains(path, "pixel") {
			answer = d.do(http.MethodGet, path, nil, foreign)
		}
		assert.Equal(t, http.StatusBadRequest, answer.status)
		assert.Equal(t, "origin_not_allowed", answer.failure(t).Code)
	}
	assert.Empty(t, d.taken())
	assert.Equal(t, http.StatusOK, d.post("/v1/track", track, header{"Origin", "https://shop.example.com"}).status)
	assert.Equal(t, http.StatusOK, d.post("/v1/track", track).status, "a server has no origin")
}

func TestWhatIsNoRouteIsSaid(t *testing.T) {
	d := open(t)
	origin := header{"Origin", "https://shop.example.com"}
	for _, path := range []string{"/", "/nowhere", "/v1", "/v1/webhook", "/v2/track", "/rsaRequest", "/v1/v1/batch"} {
		answer := d.post(path, track, origin)
		assert.Equal(t, http.StatusNotFound, answer.status, path)
		assert.Equal(t, "not_found", answer.failure(t).Code)
		assert.NotEmpty(t, answer.header.Get("Access-Control-Allow-Origin"), "a page is to see why")
	}
	answer := d.do(http.MethodGet, "/v1/track", nil)
	assert.Equal(t, http.StatusMethodNotAllowed, answer.status)
	assert.Equal(t, "POST", answer.header.Get("Allow"))
	assert.Equal(t, "method_not_allowed", answer.failure(t).Code)
	assert.Equal(t, gateway.Answer{Route: "/v1/track", Status: 405}, gateway.Answer{Route: d.seen.last().Route, Status: d.seen.last().Status})
}

func TestMetricsOfSDKsAreThrownAway(t *testing.T) {
	d := open(t)
	for _, path := range []string{"/v1/m", "/rsaMetrics"} {
		answer := d.do(http.MethodPost, path, strings.NewReader(`{"series":[]}`))
		assert.Equal(t, http.StatusOK, answer.status)
		assert.Equal(t, `{"success":true}`, answer.body)
	}
	assert.Empty(t, d.taken())
}

func TestAPixelIsAPictureAndAnEvent(t *testing.T) {
	d := open(t)
	data := base64.RawURLEncoding.EncodeToString([]byte(`{"userId":"u1","event":"Opened","writeKey":"wk","n":0.10}`))
	for _, target := range []string{
		"/pixel/v1/track?writeKey=wk&event=Opened&userId=u1",
		"/v1/pixel/track?data=" + data,
	} {
		answer := d.do(http.MethodGet, target, nil, header{"User-Agent", "Mail/1.0"})
		assert.Equal(t, http.StatusOK, answer.status)
		assert.Equal(t, "image/gif", answer.header.Get("Content-Type"))
		assert.Equal(t, "no-store", answer.header.Get("Cache-Control"))
		assert.Equal(t, string(ingest.Picture), answer.body)
	}
	taken := d.taken()
	require.Len(t, taken, 2)
	for i, dialect := range []string{"rudderstack", "segment"} {
		all := members(t, taken[i])
		assert.Equal(t, "Opened", all["event"])
		assert.Equal(t, "track", all["type"])
		assert.NotEmpty(t, all["messageId"])
		assert.NotContains(t, all, "writeKey")
		assert.Equal(t, map[string]any{"ip": "127.0.0.1", "userAgent": "Mail/1.0"}, all["context"])
		assert.Equal(t, dialect, taken[i].Dialect)
	}
	assert.Equal(t, json.Number("0.10"), members(t, taken[1])["n"])

	for target, status := range map[string]int{
		"/pixel/v1/track?writeKey=nobody&event=E": 401, "/v1/pixel/track?data=!": 400, "/pixel/v1/track?writeKey=wk": 400,
	} {
		answer := d.do(http.MethodGet, target, nil)
		assert.Equal(t, status, answer.status, target)
		assert.Equal(t, string(ingest.Picture), answer.body, "an image stays one")
	}
	assert.Len(t, d.taken(), 2)
}

func TestHealthAndReadiness(t *testing.T) {
	d := openUnread(t)
	assert.Equal(t, http.StatusOK, d.do(http.MethodGet, "/health", nil).status)
	starting := d.do(http.MethodGet, "/ready", nil)
	assert.Equal(t, http.StatusServiceUnavailable, starting.status)
	assert.Contains(t, starting.failure(t).Message, "starting")
	d.run()
	require.Eventually(t, func() bool { return d.do(http.MethodGet, "/ready", nil).status == http.StatusOK }, patience, tick)
	assert.Equal(t, http.StatusOK, d.do(http.MethodHead, "/ready", nil).status)
	d.gateway.Stop()
	assert.Equal(t, http.StatusServiceUnavailable, d.do(http.MethodGet, "/ready", nil).status)
	assert.Equal(t, http.StatusOK, d.do(http.MethodGet, "/health", nil).status)
}

func TestSDKsGetWhatTheyNeedToStart(t *testing.T) {
	d := open(t, func(c *gateway.Config) { c.WriteKeys = []string{"wk"}; c.PathPrefix = "/e" })
	host := strings.TrimPrefix(d.url, "http://")
	for _, path := range []string{
		"/e/v1/projects/wk/settings", "/e/projects/wk/settings", "/e/v1/projects/projects/wk/settings", "/e/v1/projects", "/e/projects",
	} {
		answer := d.do(http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, answer.status, path)
		assert.Contains(t, answer.body, `"apiKey":"wk"`)
		assert.Contains(t, answer.body, `"apiHost":"`+host+`/e/v1"`)
		assert.Contains(t, answer.body, `"protocol":"http"`)
	}
	answer := d.do(http.MethodGet, "/e/sourceConfig/?p=npm&writeKey=wk", nil, basic("wk"))
	assert.Equal(t, http.StatusOK, answer.status)
	assert.Contains(t, answer.body, `"writeKey":"wk"`)

	assert.Equal(t, http.StatusNotFound, d.do(http.MethodGet, "/e/v1/projects/nobody/settings", nil).status)
	unknown := d.do(http.MethodGet, "/e/sourceConfig?p=android", nil, basic("nobody"))
	assert.Equal(t, http.StatusBadRequest, unknown.status)
	assert.Contains(t, unknown.failure(t).Message, "Invalid write key")
	assert.Equal(t, "/v1/projects/{key}/settings", func() string {
		d.do(http.MethodGet, "/e/v1/projects/wk/settings", nil)
		return d.seen.last().Route
	}(), "no key in a metric")
}

// Where there are several keys, nobody can tell which one React Native means.
func TestSettingsWithoutAKeyNeedThatThereIsOnlyOne(t *testing.T) {
	d := open(t)
	assert.Equal(t, http.StatusNotFound, d.do(http.MethodGet, "/v1/projects", nil).status)
}
