package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// canary is a write key that must be found nowhere but in requests.
const canary = "wk_CANARY_3f9a1c"

// secrets are the forms in which the key could leak.
func secrets() []string {
	var forms []string
	for _, text := range []string{canary, canary + ":", ":" + canary} {
		forms = append(forms, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(text)), "="))
	}
	return append(forms, canary, "CANARY")
}

func assertKept(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range secrets() {
		assert.NotContains(t, text, secret, where)
	}
}

// secretPipeline meets every kind of failure with the log at its most
// talkative, and shows its metrics.
const secretPipeline = `
http: {address: "$METRICS", debug_endpoints: true}
logger: {level: TRACE, format: logfmt, add_timestamp: true}
metrics: {prometheus: {}}
shutdown_timeout: 2s
input:
  file:
    paths: [ "$EVENTS" ]
output:
  fallback:
    - segment:
        write_key: $KEY
        endpoint: "$ENDPOINT"
        compression: none
        # The refused event has its answer before the last one is held.
        max_in_flight: 1
        batching: {count: 1}
        retry: {initial_interval: 1ms, max_interval: 10ms}
        verify: {token: "sgp_$KEY", endpoint: "$ENDPOINT/public-api", interval: 1s}
    - file:
        path: "$DEAD"
        codec: lines
      processors:
        - mapping: 'root = {"said": @fallback_error, "event": this, "with": @}'
`

func TestTheWriteKeyIsFoundNowhere(t *testing.T) {
	for name, key := range map[string]string{"literal": canary, "variable": "${SEGMENT_TEST_KEY}"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEGMENT_TEST_KEY", canary)
			events, err := filepath.Abs(filepath.Join("testdata", "mixed.ndjson"))
			require.NoError(t, err)
			sb := segmenttest.New(t)
			sb.Drop().Times(1)
			sb.Fail(http.StatusServiceUnavailable).Body("no, " + canary).Times(1)
			sb.Fail(http.StatusTooManyRequests).RetryAfter("0").Times(1)
			sb.Fail(http.StatusBadRequest).Body("bad key " + canary).Match(segmenttest.Match{Event: "Refused"})
			// The Public API repeats its token, and asks for patience.
			sb.Fail(http.StatusForbidden).Body(`{"errors":[{"message":"bad token sgp_` + canary + `"}]}`).
				Match(segmenttest.Match{Path: "/public-api/sources"}).Times(1)
			sb.Fail(http.StatusTooManyRequests).Body(canary).Match(segmenttest.Match{Path: "/public-api"}).Times(1)
			// The last event is held until the process is told to stop.
			sb.Fail(http.StatusUnauthorized).Match(segmenttest.Match{Event: "Held"})
			metrics := freeAddress(t)
			dead := filepath.Join(t.TempDir(), "dead.ndjson")
			conf := pipeline(t, strings.NewReplacer("$METRICS", metrics, "$EVENTS", events, "$KEY", key,
				"$ENDPOINT", sb.URL, "$DEAD", dead).Replace(secretPipeline))

			p := begin(t, "run", conf)
			p.awaitText("holding calls")
			p.awaitText("verify can ask Segment's Public API again")
			for _, path := range []string{"/metrics", "/stats", "/version", "/debug/config/yaml", "/debug/config/json", "/debug/stack"} {
				assertKept(t, path, get(t, "http://"+metrics+path))
			}
			assert.Contains(t, get(t, "http://"+metrics+"/metrics"), "segment_calls_sent")
			require.NoError(t, p.interrupt())
			p.code()

			require.Equal(t, canary, sb.Calls()[0].WriteKey, "it is sent")
			assert.Contains(t, p.said(), "level=trace", "the log is at its most talkative")
			assertKept(t, "log", p.said())
			letters, err := os.ReadFile(dead)
			require.NoError(t, err)
			assert.Contains(t, string(letters), "segment refused -")
			assert.Contains(t, string(letters), "segment event_not_defined event")
			assertKept(t, "dead letters", string(letters))

			for _, args := range [][]string{{"lint", conf}, {"list", "--format", "json-full-scrubbed", "outputs"}} {
				p := begin(t, args...)
				require.Zero(t, p.code(), p.said())
				assertKept(t, args[0], p.said())
			}
			p = begin(t, "echo", conf)
			require.Zero(t, p.code())
			assertKept(t, "echo", p.said())
			assert.Contains(t, p.said(), "write_key: '!!!SECRET_SCRUBBED!!!'")
		})
	}
}

// wrong are fields that make a config fail, with a key in it.
var wrong = map[string]string{
	"a region":          "region: asia",
	"an endpoint":       "endpoint: http://events.example.com",
	"a password in it":  "endpoint: https://" + canary + "@events.example.com",
	"an endpoint mixed": "endpoint: 'https://" + canary + ":%zz@events.example.com'",
	"a proxy":           "proxy_url: " + canary + "@proxy:80",
	"a proxy mixed":     "proxy_url: 'http://" + canary + ":%zz@proxy:80'",
	"a certificate":     "tls: {client_certs: [{cert: x, key: " + canary + "}]}",
	"an OAuth key":      "oauth: {client_id: c, key_id: k, private_key: " + canary + "}",
	"half of OAuth":     "oauth: {private_key: " + canary + "}",
	"a rate limit":      "rate_limit: absent",
	"a time":            "timeout: often",
	"a mapping":         "mapping: 'root = ('",
}

func TestTheErrorsOfAWrongConfigKeepTheWriteKey(t *testing.T) {
	for name, field := range wrong {
		t.Run(name, func(t *testing.T) {
			conf := pipeline(t, fmt.Sprintf("logger: {level: TRACE}\ninput: {stdin: {}}\noutput: {segment: {write_key: %s, %s}}", canary, field))
			for _, args := range [][]string{{"lint", conf}, {"run", conf}, {"run", "--chilled", conf}} {
				p := begin(t, args...)
				code := p.code()
				if args[0] == "run" {
					assert.NotZero(t, code, p.said())
				}
				assertKept(t, strings.Join(args, " "), p.said())
			}
		})
	}
}

// freeAddress returns an address of the loopback interface that nothing
// listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// get reads a page; one that is not there has nothing to hide.
func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	client := http.Client{Timeout: 30 * time.Second}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}
