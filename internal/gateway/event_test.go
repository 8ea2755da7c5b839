package gateway_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// without returns an event without what differs from run to run.
func without(t *testing.T, event gateway.Event, names ...string) map[string]any {
	t.Helper()
	all := members(t, event)
	for _, name := range names {
		delete(all, name)
	}
	return all
}

func TestAnEnvelopeIsMergedAsItsServerDoes(t *testing.T) {
	const envelope = `"context":{"library":{"name":"analytics-go"},"locale":"fr"},"integrations":{"All":false,"B":true},"messageId":"e","timestamp":"2020-01-01T00:00:00Z","sequence":1`
	const event = `{"type":"page","userId":"u","messageId":"m","context":{"locale":"de","n":0.10},"integrations":{"B":false}}`
	for name, given := range map[string]struct {
		change func(*gateway.Config)
		path   string
		event  string
		want   string
	}{
		"segment": {
			path: "/v1/b", event: event,
			want: `{"type":"page","userId":"u","messageId":"m","context":{"locale":"de","n":0.10,"library":{"name":"analytics-go"}},"integrations":{"B":false,"All":false}}`,
		},
		"nobody knows": {
			path: "/v1/batch", event: event,
			want: `{"type":"page","userId":"u","messageId":"m","context":{"locale":"de","n":0.10,"library":{"name":"analytics-go"}},"integrations":{"B":false,"All":false}}`,
		},
		"rudderstack reads none": {
			path: "/v1/batch", event: event, want: event,
			change: func(c *gateway.Config) { c.Dialect = segment.DialectRudderStack },
		},
		"an event with nothing": {
			path: "/v1/b", event: `{"type":"page","userId":"u","messageId":"m"}`,
			want: `{"type":"page","userId":"u","messageId":"m","context":{"library":{"name":"analytics-go"},"locale":"fr"},"integrations":{"All":false,"B":true}}`,
		},
		"PHP's empty objects": {
			path: "/v1/b", event: `{"type":"page","userId":"u","messageId":"m","context":[ ],"integrations":[]}`,
			want: `{"type":"page","userId":"u","messageId":"m","context":{"library":{"name":"analytics-go"},"locale":"fr"},"integrations":{"All":false,"B":true}}`,
		},
		"a context that is none": {
			path: "/v1/b", event: `{"type":"page","userId":"u","messageId":"m","context":"x"}`,
			want: `{"type":"page","userId":"u","messageId":"m","context":"x","integrations":{"All":false,"B":true}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, func(c *gateway.Config) {
				if given.change != nil {
					given.change(c)
				}
			})
			require.Equal(t, http.StatusOK, d.post(given.path, `{"batch":[`+given.event+`],`+envelope+`}`).status)
			var want any
			got := without(t, d.one(), "receivedAt")
			require.NoError(t, decode(given.want, &want))
			assert.Equal(t, want, any(got))
		})
	}
}

func TestNobodySpeaksForASingleEvent(t *testing.T) {
	d := open(t)
	d.post("/v1/t", `{"type":"track","event":"E","userId":"u","messageId":"m","context":{"ip":"1.1.1.1"},"n":9007199254740993 , "s":"\ud83c\/"}`)
	content := string(d.one().Content)
	assert.Contains(t, content, `{"type":"track","event":"E","userId":"u","messageId":"m","context":{"ip":"1.1.1.1"},"n":9007199254740993 , "s":"\ud83c\/"`)
}

func TestWhenARequestWasMade(t *testing.T) {
	const early, late = "2026-03-14T09:00:00.000Z", "2026-03-14T10:00:00.000Z"
	for name, given := range map[string]struct {
		path, body string
		headers    []header
		want       any
	}{
		"of the envelope":              {"/v1/batch", `{"batch":[{"userId":"u"}],"sentAt":"` + late + `"}`, nil, late},
		"the envelope before the item": {"/v1/batch", `{"batch":[{"userId":"u","sentAt":"` + early + `"}],"sentAt":"` + late + `"}`, nil, late},
		"rudderstack: the item":        {"/beacon/v1/batch", `{"batch":[{"userId":"u","sentAt":"` + early + `"}],"sentAt":"` + late + `"}`, nil, early},
		"rudderstack: a placeholder":   {"/beacon/v1/batch", `{"batch":[{"userId":"u","sentAt":"{{ RSA_DEF_SENT_AT_TS }}"}],"sentAt":"` + late + `"}`, nil, late},
		"of the event":                 {"/v1/track", `{"userId":"u","sentAt":"` + early + `"}`, nil, early},
		"of the header":                {"/v1/track", `{"userId":"u","event":"E"}`, []header{{"SentAt", late}}, late},
		"of nothing":                   {"/v1/track", `{"userId":"u","event":"E"}`, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.post(given.path, given.body, given.headers...)
			assert.Equal(t, given.want, members(t, d.one())["sentAt"])
		})
	}
}

// RudderStack's server keeps what an event says that is sent a second time, and
// Segment's believes no client.
func TestWhenAnEventWasReceived(t *testing.T) {
	const old = "2020-01-01T00:00:00.000Z"
	d := open(t)
	d.post("/v1/track", `{"userId":"u","event":"E","receivedAt":"`+old+`"}`, header{"AnonymousId", "eA=="})
	d.post("/v1/t", `{"userId":"u","event":"E","receivedAt":"`+old+`"}`)
	d.post("/v1/track", `{"userId":"u","event":"E","receivedAt":null}`, header{"AnonymousId", "eA=="})
	taken := d.taken()
	require.Len(t, taken, 3)
	assert.Equal(t, old, members(t, taken[0])["receivedAt"])
	assert.NotEqual(t, old, members(t, taken[1])["receivedAt"])
	assert.NotEmpty(t, members(t, taken[2])["receivedAt"])
	assert.Equal(t, 1, strings.Count(string(taken[1].Content), "receivedAt"))
}

func TestAnEventGetsAnIDOnce(t *testing.T) {
	d := open(t)
	const timed = `{"type":"page","userId":"u","timestamp":"2026-03-14T09:12:00Z"}`
	ids := map[string]bool{}
	for _, event := range []string{
		`{"type":"page","userId":"u"}`, `{"type":"page","userId":"u","messageId":""}`,
		`{"type":"page","userId":"u","messageId":null}`, `{"type":"page","userId":"u","messageId":true}`,
	} {
		d.post("/v1/batch", `{"batch":[`+event+`]}`)
	}
	for _, event := range d.taken() {
		id := members(t, event)["messageId"].(string)
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7`, id, "sorts by time")
		assert.False(t, ids[id])
		ids[id] = true
		assert.Equal(t, 1, strings.Count(string(event.Content), "messageId"))
	}
	before := len(d.taken())
	d.post("/v1/batch", `{"batch":[`+timed+`,`+timed+`]}`)
	d.post("/v1/batch", `{"batch":[`+timed+`]}`)
	taken := d.taken()[before:]
	require.Len(t, taken, 3)
	first, second, repeated := members(t, taken[0])["messageId"], members(t, taken[1])["messageId"], members(t, taken[2])["messageId"]
	assert.Equal(t, first, repeated, "a client that sends it again sends the same event")
	assert.NotEqual(t, first, second)
}

// The output writes a number as text, so that it is the sender's own id.
func TestAMessageIDThatIsANumberIsKept(t *testing.T) {
	d := open(t)
	d.post("/v1/batch", `{"batch":[{"type":"page","userId":"u","messageId":12345678901234567890},{"type":"page","userId":"u","messageId":-7}]}`)
	taken := d.taken()
	require.Len(t, taken, 2)
	assert.Contains(t, string(taken[0].Content), `"messageId":12345678901234567890`)
	assert.Contains(t, string(taken[1].Content), `"messageId":-7`)
}

func TestWhoseSDKSentIt(t *testing.T) {
	for name, given := range map[string]struct {
		path, body string
		headers    []header
		dialect    string
		library    string
	}{
		"a path of segment":         {"/v1/t", track, nil, "segment", ""},
		"a path of rudderstack":     {"/beacon/v1/batch", `{"batch":[` + track + `]}`, nil, "rudderstack", ""},
		"a header of rudderstack":   {"/v1/track", track, []header{{"AnonymousId", "eA=="}}, "rudderstack", ""},
		"go of rudderstack":         {"/v1/batch", `{"batch":[` + track + `]}`, []header{{"RS-targetNode", "0"}}, "rudderstack", ""},
		"a repeat of segment":       {"/v1/batch", `{"batch":[` + track + `]}`, []header{{"X-Retry-Count", "1"}}, "segment", ""},
		"a key in the body":         {"/v1/batch", `{"batch":[` + track + `],"writeKey":"wk"}`, nil, "segment", ""},
		"a library of rudderstack":  {"/v1/batch", `{"batch":[{"type":"page","userId":"u","context":{"library":{"name":"rudder-ios-library"}}}]}`, nil, "rudderstack", "rudder-ios-library"},
		"a library of segment":      {"/v1/batch", `{"batch":[{"type":"page","userId":"u","context":{"library":{"name":"@segment/analytics-node"}}}]}`, nil, "segment", "@segment/analytics-node"},
		"a library of the envelope": {"/v1/batch", `{"batch":[` + track + `],"context":{"library":{"name":"analytics-go","version":"3.0.0"}}}`, nil, "", "analytics-go"},
		"a server's user agent":     {"/v1/batch", `{"batch":[` + track + `]}`, []header{{"User-Agent", "analytics-python/2.3.4"}}, "", "analytics-python"},
		"nothing":                   {"/v1/track", track, []header{{"User-Agent", "Mozilla/5.0 (X11)"}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.post(given.path, given.body, append([]header{{"User-Agent", "x"}}, given.headers...)...)
			assert.Equal(t, given.dialect, d.one().Dialect)
			assert.Equal(t, given.library, d.one().Library)
		})
	}
	d := open(t, func(c *gateway.Config) { c.Dialect = segment.DialectRudderStack })
	d.post("/v1/t", track)
	assert.Equal(t, "rudderstack", d.one().Dialect, "who configures it knows best")
}

func TestTheAddressOfAClient(t *testing.T) {
	proxies := func(c *gateway.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	}
	for name, given := range map[string]struct {
		change    func(*gateway.Config)
		forwarded string
		want      string
	}{
		"the peer":                 {nil, "", "127.0.0.1"},
		"nobody is trusted":        {nil, "1.2.3.4", "127.0.0.1"},
		"a proxy says":             {proxies, "1.2.3.4", "1.2.3.4"},
		"what a client made up":    {proxies, "6.6.6.6, 1.2.3.4, 10.1.2.3", "1.2.3.4"},
		"with a port":              {proxies, "1.2.3.4:5678", "1.2.3.4"},
		"IPv6 with a port":         {proxies, "[2001:db8::1%eth0]:57363", "2001:db8::1"},
		"IPv6":                     {proxies, "2001:db8::1", "2001:db8::1"},
		"mapped":                   {proxies, "::ffff:1.2.3.4", "1.2.3.4"},
		"something else":           {proxies, "1.2.3.4, unknown", "127.0.0.1"},
		"something else before it": {proxies, "unknown, 1.2.3.4, 10.0.0.1", "1.2.3.4"},
		"only proxies":             {proxies, "10.0.0.2, 10.0.0.1", "10.0.0.2"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, func(c *gateway.Config) {
				if given.change != nil {
					given.change(c)
				}
			})
			d.post("/v1/batch", `{"batch":[{"type":"page","userId":"u","channel":"web"},{"type":"page","userId":"u"}]}`, header{"X-Forwarded-For", given.forwarded})
			taken := d.taken()
			require.Len(t, taken, 2)
			assert.Equal(t, given.want, taken[0].Address)
			assert.Equal(t, map[string]any{"ip": given.want}, members(t, taken[0])["context"])
			assert.Nil(t, members(t, taken[1])["context"], "nobody knows that it comes from a device")
		})
	}
}

func TestWhichEventsGetTheAddress(t *testing.T) {
	for name, given := range map[string]struct {
		path, event string
		headers     []header
		want        any
	}{
		"a page":                {"/v1/batch", `{"userId":"u"}`, []header{{"Origin", "https://a.example"}}, "127.0.0.1"},
		"a phone":               {"/v1/batch", `{"userId":"u","channel":"mobile"}`, nil, "127.0.0.1"},
		"a server":              {"/v1/batch", `{"userId":"u","channel":"server"}`, []header{{"Origin", "https://a.example"}}, nil},
		"segment's for android": {"/v1/batch", `{"userId":"u","context":{"library":{"name":"analytics-android"}}}`, nil, "127.0.0.1"},
		"segment's for servers": {"/v1/batch", `{"userId":"u","context":{"library":{"name":"analytics-python"}}}`, nil, nil},
		"a name that has ios":   {"/v1/batch", `{"userId":"u","context":{"library":{"name":"axios-community-iosios"}}}`, nil, nil},
		"rudderstack's for ios": {"/v1/batch", `{"userId":"u","context":{"library":{"name":"radios_rudder-ios-library"}}}`, nil, "127.0.0.1"},
		"direct":                {"/v1/batch", `{"userId":"u","context":{"direct":true}}`, nil, "127.0.0.1"},
		"it says its own":       {"/v1/batch", `{"userId":"u","channel":"web","context":{"ip":"0.0.0.0"}}`, nil, "0.0.0.0"},
		"it wants none":         {"/v1/batch", `{"userId":"u","channel":"web","context":{"ip":null}}`, nil, nil},
		"the envelope says":     {"/v1/b", `{"userId":"u","channel":"web"}],"context":{"ip":"9.9.9.9"},"x":[1`, nil, "9.9.9.9"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			require.Equal(t, http.StatusOK, d.post(given.path, `{"batch":[`+given.event+`]}`, given.headers...).status)
			context, _ := members(t, d.one())["context"].(map[string]any)
			assert.Equal(t, given.want, context["ip"])
		})
	}
}

// Segment notes no address of IPv6.
func TestSegmentNotesNoIPv6(t *testing.T) {
	d := open(t, func(c *gateway.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	page := header{"Origin", "https://a.example"}
	d.post("/v1/p", `{"userId":"u"}`, page, header{"X-Forwarded-For", "2001:db8::1"})
	d.post("/v1/page", `{"userId":"u"}`, page, header{"X-Forwarded-For", "2001:db8::1"}, header{"AnonymousId", "eA=="})
	taken := d.taken()
	require.Len(t, taken, 2)
	assert.Nil(t, members(t, taken[0])["context"])
	assert.Equal(t, map[string]any{"ip": "2001:db8::1"}, members(t, taken[1])["context"])
	assert.Equal(t, "2001:db8::1", taken[0].Address)
}

func TestWhereSDKsAreToldToSend(t *testing.T) {
	for name, given := range map[string]struct {
		change  func(*gateway.Config)
		headers []header
		want    string
	}{
		"nobody is trusted": {nil, []header{{"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "https"}}, `"protocol":"http"`},
		"a proxy": {
			func(c *gateway.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} },
			[]header{{"X-Forwarded-Host", "t.example.com"}, {"X-Forwarded-Proto", "https, http"}},
			`"apiHost":"t.example.com/v1","apiKey":"wk"`,
		},
		"configured": {
			func(c *gateway.Config) {
				c.PublicAddress = ingest.Address{Scheme: "https", Host: "p.example.com", Prefix: "/e"}
			}, nil, `"apiHost":"p.example.com/e/v1"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, func(c *gateway.Config) {
				if given.change != nil {
					given.change(c)
				}
			})
			answer := d.do(http.MethodGet, "/v1/projects/wk/settings", nil, given.headers...)
			assert.Contains(t, answer.body, given.want)
			assert.NotContains(t, answer.body, "evil")
		})
	}
}
