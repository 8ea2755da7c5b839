package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

const doctorKey = "KqTdlNR0ccP1oiYcQIMsf3bVFSmEYw6P"

// endpoint stands in for Segment with a clock of its own, and counts requests
// that carry something.
func endpoint(t *testing.T, ahead time.Duration) (url string, posts *atomic.Int64) {
	t.Helper()
	posts = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			posts.Add(1)
		}
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	return server.URL, posts
}

// patient writes a pipeline for doctor, with fields of the output and members of
// the config.
func patient(t *testing.T, fields, members string) string {
	t.Helper()
	return pipeline(t, "input: {stdin: {}}\noutput:\n  fallback:\n    - segment:\n        write_key: ${SEGMENT_TEST_KEY}\n        "+
		fields+"\n    - file: {path: "+filepath.Join(t.TempDir(), "dead.ndjson")+"}\n"+members)
}

const nothingServed = "http: {enabled: false}\n"

func TestDoctorFindsNothingWrongWithAGoodPipelineAndSendsNothing(t *testing.T) {
	t.Setenv("SEGMENT_TEST_KEY", doctorKey)
	url, posts := endpoint(t, 0)
	file := patient(t, "endpoint: "+url, "http: {address: '127.0.0.1:0'}\n")
	p := begin(t, "doctor", file)
	assert.Zero(t, p.code(), p.said())
	for _, check := range []string{"config", "write key", "dead letters", "region", "dns", "connection", "clock", "batching", "http.address", "shutdown"} {
		assert.Regexp(t, `(?m)^ok +`+check+` +`, p.out.String())
	}
	assert.Equal(t, 10, strings.Count(p.out.String(), "\n"), p.out.String())
	assert.NotContains(t, p.out.String()+p.said(), doctorKey)
	assert.Zero(t, posts.Load())
}

func TestDoctorSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	url, _ := endpoint(t, 0)
	late, _ := endpoint(t, time.Hour)
	early, _ := endpoint(t, -time.Minute)
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	shut, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, shut.Close())

	for name, test := range map[string]struct {
		key, fields, members string
		code                 int
		says                 string
	}{
		"a placeholder":       {"YOUR_WRITE_KEY", "endpoint: " + url, nothingServed, 1, "wrong +write key .* it is a placeholder"},
		"a short key":         {"abc", "endpoint: " + url, nothingServed, 0, "warning +write key .* it has 3 characters"},
		"a header":            {"Basic S3FUZGxOUjA6", "endpoint: " + url, nothingServed, 1, "wrong +write key .* header for Basic authentication"},
		"a key in Base64":     {"S3FUZGxOUjBjY1AxOg==", "endpoint: " + url, nothingServed, 1, "wrong +write key .* header for Basic authentication"},
		"a clock behind":      {doctorKey, "endpoint: " + late, nothingServed, 1, "wrong +clock .* (59m59s|1h0m0s|1h0m1s) behind"},
		"a clock ahead":       {doctorKey, "endpoint: " + early, nothingServed, 0, "warning +clock .* ahead of the endpoint's; let NTP set it"},
		"no host":             {doctorKey, "endpoint: https://nothing-is-here.invalid", nothingServed, 1, "wrong +dns .* there is no address for nothing-is-here.invalid"},
		"nobody there":        {doctorKey, "endpoint: http://" + shut.Addr().String(), nothingServed, 1, "wrong +connection .* does not answer"},
		"an unknown CA":       {doctorKey, "endpoint: " + untrusted.URL, nothingServed, 1, "wrong +tls .* authority that this machine does not know; set tls.root_cas_file"},
		"not verified":        {doctorKey, "tls: {skip_cert_verify: true}\n        endpoint: " + untrusted.URL, nothingServed, 0, "warning +tls .* not verified"},
		"no TLS":              {doctorKey, "endpoint: " + strings.Replace(url, "http:", "https:", 1), nothingServed, 1, "wrong +tls .* does not speak TLS"},
		"a proxy that is off": {doctorKey, "proxy_url: http://me:hushhush@" + shut.Addr().String() + "\n        endpoint: http://example.invalid:80/", nothingServed, 1, "wrong +proxy .* does not lead to"},
		"a long period":       {doctorKey, "batching: {count: 10, period: 1m}\n        endpoint: " + url, nothingServed, 0, "warning +batching .* up to 1m0s"},
		"an address in use":   {doctorKey, "endpoint: " + url, "http: {address: '" + taken.Addr().String() + "'}\n", 1, "wrong +http.address .* nothing can listen on"},
		"an open address":     {doctorKey, "endpoint: " + url, "http: {address: '0.0.0.0:0'}\n", 0, "warning +http.address .* other machines may reach it"},
		"a short stop":        {doctorKey, "endpoint: " + url, nothingServed + "shutdown_timeout: 5s\n", 0, "warning +shutdown .* a stop gives up after 3.75s"},
		"lint":                {doctorKey, "max_in_flight: many\n        endpoint: " + url, nothingServed, 1, `wrong +config +.*\(6,24\): field max_in_flight takes a whole number`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEGMENT_TEST_KEY", test.key)
			p := begin(t, "doctor", patient(t, test.fields, test.members))
			assert.Equal(t, test.code, p.code(), p.out.String()+p.said())
			assert.Regexp(t, test.says, p.out.String())
			assert.NotContains(t, p.out.String()+p.said(), "hushhush")
			if len(test.key) > 8 {
				assert.NotContains(t, p.out.String()+p.said(), test.key)
			}
		})
	}
}

// Reported: advice to add an output that is there, and to listen on another port
// than that of the config.
func TestDoctorSaysWhatIsWrongOnceAndOfThisConfig(t *testing.T) {
	url, _ := endpoint(t, 0)
	for name, test := range map[string]struct {
		fields, members string
		code            int
		says, saysNot   string
	}{
		"a field that cannot be read": {"timeout: {}", nothingServed, 1, "wrong +config .*: the output was not looked at; correct first what lint finds above\n", "there is no output"},
		"no write key":                {"endpoint: " + url, nothingServed, 1, "SEGMENT_TEST_KEY is not set", "is empty|write key"},
		"no plan":                     {"tracking_plan: {file: nope.json}\n        endpoint: " + url, nothingServed, 1, "wrong +config .* nope.json cannot be read", "there is no output"},
		"another port":                {"endpoint: " + url, "http: {address: '0.0.0.0:0'}\n", 1, "set it to 127.0.0.1:0, or", "4195"},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, "doctor", patient(t, test.fields, test.members))
			assert.Equal(t, test.code, p.code(), p.out.String()+p.said())
			assert.Regexp(t, test.says, p.out.String())
			assert.NotRegexp(t, test.saysNot, p.out.String())
		})
	}
}

func TestDoctorLooksAtDeadLetters(t *testing.T) {
	url, _ := endpoint(t, 0)
	for last, says := range map[string]string{
		"drop: {}":                  "warning +dead letters .* what is refused is dropped",
		"file: {path: /dev/null/x}": "wrong +dead letters .* cannot be written",
		"stdout: {}":                "ok +dead letters .* the next output of the fallback takes them",
	} {
		p := begin(t, "doctor", pipeline(t, "input: {stdin: {}}\noutput:\n  fallback:\n    - resource: to_segment\n    - "+last+
			"\noutput_resources:\n  - label: to_segment\n    segment: {write_key: "+doctorKey+", endpoint: '"+url+"'}\n"+nothingServed))
		p.code()
		assert.Regexp(t, says, p.out.String())
	}
}

func TestDoctorSendsAnEventWhereItIsToldTo(t *testing.T) {
	t.Setenv("SEGMENT_TEST_KEY", doctorKey)
	sb := segmenttest.New(t)
	p := begin(t, "doctor", "--send-test-event", patient(t, "endpoint: "+sb.URL, nothingServed))
	assert.Zero(t, p.code(), p.out.String()+p.said())
	assert.Regexp(t, "ok +test event .* it was accepted", p.out.String())
	require.Len(t, sb.Calls(), 1)
	assert.Equal(t, "benthos-segment doctor", sb.Calls()[0].Name)

	url, _ := endpoint(t, 0)
	p = begin(t, "doctor", patient(t, "endpoint: "+url, nothingServed), "--send-test-event")
	assert.Equal(t, 1, p.code())
	assert.Regexp(t, "wrong +test event .* it was not accepted: .*404", p.out.String())
	assert.NotContains(t, p.out.String()+p.said(), doctorKey)
}

func TestDoctorReportsInJSONAndLooksAtFoldersOfStreams(t *testing.T) {
	url, _ := endpoint(t, 0)
	t.Setenv("SEGMENT_TEST_KEY", doctorKey)
	file := patient(t, "endpoint: "+url, "")
	p := begin(t, "doctor", filepath.Dir(file), "--format", "json")
	assert.Zero(t, p.code(), p.said())
	var results []struct{ Check, About, Status, Text, Fix string }
	require.NoError(t, json.Unmarshal([]byte(p.out.String()), &results))
	require.NotEmpty(t, results)
	for _, r := range results {
		assert.NotEqual(t, "http.address", r.Check)
		assert.Contains(t, r.About, file)
	}
}

// Its short stop lets the door open again soon, and the queue keeps the rest.
func TestDoctorHasNothingAgainstTheStopOfTheFrontDoor(t *testing.T) {
	url, _ := endpoint(t, 0)
	t.Setenv("SEGMENT_WRITE_KEY", doctorKey)
	t.Setenv("SOURCE_WRITE_KEY", "source")
	t.Setenv("SEGMENT_ENDPOINT", url)
	t.Setenv("METRICS_ADDRESS", "127.0.0.1:0")
	file, err := filepath.Abs(filepath.Join("..", "..", "config", "gateway.yaml"))
	require.NoError(t, err)
	p := begin(t, "doctor", file)
	assert.Zero(t, p.code(), p.said())
	assert.Regexp(t, "ok +shutdown .* the queue keeps it", p.out.String())
	assert.NotContains(t, p.out.String(), "warning")
}

func TestDoctorCannotLookAtWhatIsNotThere(t *testing.T) {
	for _, args := range [][]string{{"doctor"}, {"doctor", "absent.yaml"}, {"doctor", t.TempDir()}} {
		assert.Equal(t, 2, begin(t, args...).code(), args)
	}
	file := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(file, []byte("output: {drop: {}}"), 0o600))
	p := begin(t, "doctor", file)
	assert.Equal(t, 1, p.code())
	assert.Contains(t, p.out.String(), "there is no output segment")
}
