package plugin_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// shown is where the outcomes of a pipeline are shown.
func (p *pipeline) shown() string {
	p.t.Helper()
	said := regexp.MustCompile(`is shown at (http://127\.0\.0\.1:\d+)`)
	require.Eventually(p.t, func() bool { return said.MatchString(p.said.String()) }, patience, 5*time.Millisecond)
	return said.FindStringSubmatch(p.said.String())[1]
}

func ask(t *testing.T, address string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

// outcome is a call as it is shown.
type outcome struct {
	Type, Name, Outcome, Path string
	UserID                    string `json:"user_id"`
	MessageID                 string `json:"message_id"`
	WriteKey                  string `json:"write_key"`
	Fingerprint               string `json:"write_key_fingerprint"`
	Attempt, Status           int
	Accepted                  bool
	Violations                []struct{ Code, Field, Message string }
	Raw                       json.RawMessage
}

func outcomesAt(t *testing.T, address, filter string) []outcome {
	t.Helper()
	status, text := ask(t, address+"/api/v1/calls?raw=true&q="+url.QueryEscape(filter))
	require.Equal(t, http.StatusOK, status, text)
	var list struct{ Calls []outcome }
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	return list.Calls
}

const showing = "secret-write-key-of-outcomes"

func shownOutput(endpoint string, more ...fields) string {
	return streamtest.WithDeadLetter(streamtest.SegmentOutput(showing, endpoint, append([]fields{{
		"outcomes": fields{"address": "127.0.0.1:0", "calls": 100}, "batching": fields{"count": 10, "period": "10ms"},
	}}, more...)...))
}

func TestWhatBecameOfCallsIsShown(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(503).Times(1)
	sb.Fail(400).Match(segmenttest.Match{Event: "Guilty"})
	p := start(t, shownOutput(sb.URL))

	p.accept(events(
		`{"type":"track","event":"Good","userId":"u1","messageId":"m1","writeKey":"`+showing+`"}`,
		`{"type":"track","userId":"u2","messageId":"m2","writeKey":"`+showing+`"}`,
		`{"type":"track","event":"Guilty","userId":"u3","messageId":"m3"}`,
		`{"writeKey":"`+showing+`", no JSON`,
		`{"type":"track","event":"After","userId":"u4","messageId":"m4"}`,
	))

	at := p.shown()
	good := outcomesAt(t, at, "event:Good")
	require.NotEmpty(t, good)
	assert.True(t, good[0].Accepted)
	assert.Equal(t, 200, good[0].Status)
	assert.Contains(t, string(good[0].Raw), `"event":"Good"`)
	assert.Equal(t, "sec…", good[0].WriteKey)
	assert.Equal(t, good, outcomesAt(t, at, "event:Good key:"+good[0].Fingerprint), "the fingerprint is the key's own")

	notSent := outcomesAt(t, at, "violation:event_not_defined")
	require.Len(t, notSent, 1)
	assert.Equal(t, "not_sent", notSent[0].Outcome)
	assert.Equal(t, "u2", notSent[0].UserID)
	guilty := outcomesAt(t, at, "violation:refused")
	require.Len(t, guilty, 1)
	assert.Equal(t, "refused", guilty[0].Outcome)
	assert.Contains(t, guilty[0].Violations[0].Message, "status 400")
	invalid := outcomesAt(t, at, "violation:invalid_json")
	require.Len(t, invalid, 1)
	assert.Contains(t, string(invalid[0].Raw), "no JSON")

	_, requests := ask(t, at+"/api/v1/requests?message_id=m1")
	assert.Contains(t, requests, `"status":503`)
	assert.Contains(t, requests, `"refusal":"status 503"`)
	for _, path := range []string{"/", "/api/v1/calls?raw=true", "/api/v1/requests", "/api/v1/summary", "/api/v1/person?id=u1", "/api/v1/export?format=ndjson", "/api/v1/export?format=curl", "/version"} {
		status, text := ask(t, at+path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.NotContains(t, text, showing, path)
	}
	assert.NotContains(t, p.said.String(), showing)
}

// Whoever reaches it may look, and nothing else.
func TestOutcomesCannotBeChanged(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, shownOutput(sb.URL))
	p.accept(events(`{"type":"page","userId":"u"}`))
	at := p.shown()
	for path, method := range map[string]string{
		"/api/v1/reset": http.MethodPost, "/api/v1/calls": http.MethodDelete, "/api/v1/faults": http.MethodPost,
		"/api/v1/replay": http.MethodPost, "/v1/batch": http.MethodPost, "/api/v1/assert": http.MethodPost,
	} {
		req, err := http.NewRequestWithContext(t.Context(), method, at+path, strings.NewReader(`{}`))
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, res.StatusCode, path)
	}
	for name, change := range map[string]func(*http.Request){
		"another host":   func(r *http.Request) { r.Host = "evil.example" },
		"another origin": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/api/v1/calls", nil)
		require.NoError(t, err)
		change(req)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusForbidden, res.StatusCode, name)
	}
	assert.Len(t, outcomesAt(t, at, ""), 1)
	http.DefaultClient.CloseIdleConnections()
}

func TestOnlyTheLastOutcomesAreKept(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, shownOutput(sb.URL, fields{"batching": fields{"count": 1000, "period": "10ms"}}))
	p.accept(usualEvents(0, 1000))
	p.accept(events(`{"type":"page","name":"Last","userId":"u"}`))
	found := outcomesAt(t, p.shown(), "")
	assert.Len(t, found, 100)
	assert.Equal(t, "Last", found[99].Name)
}

func TestCopiesOfAnOutputShareTheirAddress(t *testing.T) {
	sb := segmenttest.New(t)
	out := shownOutput(sb.URL)
	p := start(t, `{"broker": {"pattern": "fan_out", "outputs": [`+out+`,`+out+`]}}`)
	p.accept(events(`{"type":"page","userId":"u","messageId":"m"}`))
	assert.Len(t, outcomesAt(t, p.shown(), ""), 2)
	p.stop()

	again := start(t, out)
	again.accept(events(`{"type":"page","userId":"u"}`))
	assert.Len(t, outcomesAt(t, again.shown(), ""), 1, "the address is free again, and what was kept is gone")
}

func TestAnAddressThatIsTakenIsSaidAtTheStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	builder := service.NewStreamBuilder()
	require.NoError(t, builder.SetLoggerYAML("level: OFF"))
	_, err = builder.AddBatchProducerFunc()
	require.NoError(t, err)
	require.NoError(t, builder.AddOutputYAML(segmentOutput("http://127.0.0.1:1", fields{"outcomes": fields{"address": taken.Addr().String()}})))
	stream, err := builder.Build()
	require.NoError(t, err)
	assert.ErrorContains(t, stream.Run(t.Context()), "field outcomes.address: another process listens on "+taken.Addr().String())
}

// In streams mode the process goes on without the stream, and people try again.
func TestAnOutputThatCannotStartLeavesNothingBehind(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	before := goleak.IgnoreCurrent()
	var counts streamtest.Figures
	env := service.NewEnvironment()
	require.NoError(t, counts.Register(env))
	for range 2 {
		builder := env.NewStreamBuilder()
		require.NoError(t, builder.SetLoggerYAML("level: OFF"))
		require.NoError(t, builder.SetMetricsYAML("figures: {}"))
		_, err = builder.AddBatchProducerFunc()
		require.NoError(t, err)
		require.NoError(t, builder.AddOutputYAML(segmentOutput("http://127.0.0.1:1", fields{"outcomes": fields{"address": taken.Addr().String()}})))
		stream, err := builder.Build()
		require.NoError(t, err)
		require.ErrorContains(t, stream.Run(t.Context()), "field outcomes.address")
		assert.NotEmpty(t, counts.Series("segment_parallel_requests"))
		assert.Zero(t, counts.Last("segment_parallel_requests"), "nobody sends")
	}
	goleak.VerifyNone(t, before)
}

// Off is the default, and then nothing is copied.
func TestOutcomesCostNothingUnlessTheyAreWanted(t *testing.T) {
	const events, size = 2000, 1000
	allocated := func(output string) uint64 {
		sb := segmenttest.New(t)
		p := start(t, strings.ReplaceAll(output, "ENDPOINT", sb.URL))
		p.accept(usualEvents(0, events))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p.accept(usualEvents(events, events))
		runtime.ReadMemStats(&after)
		isShown := strings.Contains(p.said.String(), "is shown at")
		assert.Equal(t, strings.Contains(output, "127.0.0.1:0"), isShown)
		return after.TotalAlloc - before.TotalAlloc
	}
	batching := fields{"batching": fields{"count": events, "period": "10ms"}}
	off, on := allocated(segmentOutput("ENDPOINT", batching)), allocated(shownOutput("ENDPOINT", batching))
	assert.Less(t, off+events*size, on)
}
