package plugin_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// sixCalls holds one event of each kind.
var sixCalls = []string{
	`{"type":"identify","userId":"u1","traits":{"plan":"team"}}`,
	`{"type":"track","event":"Clicked","userId":"u1","properties":{"n":9007199254740993,"p":0.10}}`,
	`{"type":"page","name":"Home","anonymousId":"a1"}`,
	`{"type":"screen","name":"Start","anonymousId":"a1"}`,
	`{"type":"group","groupId":"g1","userId":"u1","traits":{"seats":3}}`,
	`{"type":"alias","userId":"u1","previousId":"a1"}`,
}

func TestAllSixCallsArriveInOneRequest(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	p.accept(events(sixCalls...))

	var types []string
	for _, call := range sb.Calls() {
		types = append(types, call.Type)
		assert.True(t, call.Accepted)
		assert.Empty(t, call.Violations)
		assert.Equal(t, "a-write-key", call.WriteKey)
	}
	assert.Equal(t, []string{"identify", "track", "page", "screen", "group", "alias"}, types)
	assert.Len(t, sb.Requests(), 1)
	assert.Contains(t, string(sb.Calls()[1].Raw), `{"n":9007199254740993,"p":0.10}`)
	assert.Empty(t, p.said.Times("level=ERROR")+p.said.Times("level=WARN"))
}

func TestARequestSaysWhoSendsIt(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	p.accept(events(sixCalls...))
	req := sb.Requests()[0]
	assert.Equal(t, "/v1/batch", req.Path)
	assert.Regexp(t, `^benthos-segment/\S+$`, req.UserAgent)
	assert.Equal(t, "gzip", req.ContentEncoding)
	assert.Less(t, req.BytesOnWire, req.Bytes)
	assert.Empty(t, req.RetryCount)
	_, err := time.Parse("2006-01-02T15:04:05.000Z", req.SentAt)
	assert.NoError(t, err)
}

func TestWhatARequestCarriesCanBeChosen(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL, fields{"sent_at": "none", "compression": "none"}))
	p.accept(events(sixCalls...))
	req := sb.Requests()[0]
	assert.Empty(t, req.SentAt)
	assert.Empty(t, req.ContentEncoding)
	assert.Equal(t, req.BytesOnWire, req.Bytes)
}

func TestTheEndpointMayHaveAPath(t *testing.T) {
	sb := segmenttest.New(t)
	proxy := httptest.NewServer(http.StripPrefix("/to/segment", sb))
	t.Cleanup(proxy.Close)
	for _, endpoint := range []string{
		sb.URL, sb.URL + "/", sb.URL + "/v1", sb.URL + "/v1/", " " + sb.URL + " ",
		proxy.URL + "/to/segment", proxy.URL + "/to/segment/", proxy.URL + "/to/segment/v1/",
	} {
		sb.Reset()
		start(t, segmentOutput(endpoint)).accept(events(sixCalls...))
		assert.Len(t, sb.Calls(), len(sixCalls), endpoint)
	}
}

// guiltyBatch is a batch of tracks, each of another user, with another payload
// at one place.
func guiltyBatch(size, place int, guilty string) service.MessageBatch {
	var payloads []string
	for i := range size {
		payloads = append(payloads, `{"type":"track","event":"E`+strconv.Itoa(i)+`","userId":"u`+strconv.Itoa(i)+`"}`)
	}
	payloads[place] = guilty
	return events(payloads...)
}

func TestACallThatBreaksARuleIsTheOnlyOneThatFails(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	const guilty = `{"type":"track","userId":"u"}`
	p.accept(guiltyBatch(250, 117, guilty))

	assert.Equal(t, sandboxTotals{accepted: 249}, totalsOf(sb))
	assert.Len(t, sb.Requests(), 1)
	letters := p.dead.Letters()
	require.Len(t, letters, 1)
	assert.Equal(t, guilty, letters[0].Payload)
	assert.Regexp(t, `^segment event_not_defined event: \S.*`, letters[0].Reason)
}

func TestACallThatTheServerRefusesIsTheOnlyOneThatFails(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: "Guilty"})
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	const guilty = `{"type":"track","event":"Guilty","userId":"u"}`
	p.accept(guiltyBatch(250, 117, guilty))

	assert.Equal(t, sandboxTotals{accepted: 249}, totalsOf(sb))
	letters := p.dead.Letters()
	require.Len(t, letters, 1)
	assert.Equal(t, guilty, letters[0].Payload)
	assert.Regexp(t, `^segment refused -: .*status 400`, letters[0].Reason)
}

// sandboxTotals is what must be true of a sandbox where each call arrived
// once and was taken.
type sandboxTotals struct{ accepted, discarded, duplicates int }

func totalsOf(sb *segmenttest.Server) sandboxTotals {
	sum := sb.Summary()
	return sandboxTotals{sum.Accepted, sum.Discarded, sum.Duplicates}
}

// segmentReason is how a dead-letter mapping takes an error apart, as the
// examples of the output do.
const segmentReason = `^segment [a-z_]+ [^ :]+: .+$`

func TestEveryErrorHasTheFormThatADeadLetterMappingReads(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusUnprocessableEntity).Match(segmenttest.Match{Event: "Refused"})
	sb.Fail(http.StatusServiceUnavailable).Match(segmenttest.Match{Event: "Undelivered"})
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{
		"write_key": `${! @key.or("k") }`,
		"mapping":   `root = if this.fail.or(false) { throw("no such thing") } else { this.without("fail") }`,
		"retry":     fields{"initial_interval": "1ms", "max_interval": "1ms", "max_elapsed_time": "20ms"},
	})))
	batch := events(
		`{"type":"track","event":"Refused","userId":"u"}`,
		`{"type":"track","event":"Fine","userId":"u"}`,
		`{"type":"nothing","userId":"u"}`,
		`{"type":"group","userId":"u"}`,
		`{"fail":true}`,
		`{"type":"track","event":"E","userId":"u"}`,
		`{"type":"track","event":"E","userId":"u","properties":[1]}`,
		`{"type":"track","event":"`+strings.Repeat("x", 40_000)+`","userId":"u"}`,
	)
	batch[5].MetaSetMut("key", "")
	p.accept(batch)
	p.accept(events(`{"type":"track","event":"Undelivered","userId":"u"}`))

	var reasons []string
	for _, reason := range p.dead.Reasons() {
		assert.Regexp(t, segmentReason, reason)
		reasons = append(reasons, strings.Join(strings.SplitN(strings.SplitN(reason, ":", 2)[0], " ", 4)[1:], " "))
	}
	assert.Equal(t, []string{
		"refused -", "unknown_type type", "id_required groupId", "mapping_failed mapping",
		"write_key_missing write_key", "properties_not_object properties", "oversized_call -", "undelivered -",
	}, reasons)
}

func TestEachWriteKeyHasItsOwnRequest(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{"write_key": "${! @key }"})))
	batch := events(slices.Repeat([]string{sixCalls[1]}, 6)...)
	for i, msg := range batch {
		if i > 0 {
			msg.MetaSetMut("key", []any{"first", "second", "null", ""}[i%4])
		}
	}
	p.accept(batch)

	calls := map[string]int{}
	for _, req := range sb.Requests() {
		calls[req.WriteKey] += req.Calls
	}
	assert.Equal(t, map[string]int{"first": 1, "second": 2}, calls)
	assert.Len(t, sb.Requests(), 2)
	require.Len(t, p.dead.Reasons(), 3)
	for _, reason := range p.dead.Reasons() {
		assert.Regexp(t, "^segment write_key_missing write_key: ", reason)
	}
}

func TestAKeyThatIsRejectedStopsNoOther(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{WriteKeys: []string{"good"}})
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{
		"write_key": "${! @key }", "on_setup_error": "reject",
	})))
	batch := events(sixCalls[0], sixCalls[1])
	batch[0].MetaSetMut("key", "bad-secret")
	batch[1].MetaSetMut("key", "good")
	p.accept(batch)
	assert.Equal(t, sandboxTotals{accepted: 1}, totalsOf(sb))
	require.Len(t, p.dead.Reasons(), 1)
	assert.Regexp(t, "^segment undelivered -: .*401", p.dead.Reasons()[0])
	assert.NotContains(t, p.dead.Reasons()[0]+p.said.String(), "bad-secret")
	assert.NotContains(t, p.said.String(), "holding calls", "they are not")
}

func TestTheRateLimitIsAskedOnceForEachRequest(t *testing.T) {
	var accesses atomic.Int64
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterRateLimit("counting", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.RateLimit, error) {
			return &countingLimit{accesses: &accesses}, nil
		}))
	sb := segmenttest.New(t)
	sb.Fail(http.StatusServiceUnavailable).Times(1)
	builder := env.NewResourceBuilder()
	require.NoError(t, builder.AddRateLimitYAML(`{"label": "ours", "counting": {}}`))
	require.NoError(t, builder.AddOutputYAML(labelled(segmentOutput(sb.URL, fields{
		"rate_limit": "ours", "max_request_calls": 2, "parallel_requests": 1,
	}))))
	res, closeAll, err := builder.Build()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, closeAll(context.WithoutCancel(t.Context()))) })
	require.NoError(t, res.AccessOutput(t.Context(), "segment", func(o *service.ResourceOutput) {
		require.NoError(t, o.WriteBatch(t.Context(), events(sixCalls...)))
	}))
	assert.Equal(t, sandboxTotals{accepted: 6}, totalsOf(sb))
	assert.Len(t, sb.Requests(), 4, "three, and one of them twice")
	assert.EqualValues(t, 4, accesses.Load()-waits)
}

// waits is how often a countingLimit asks for a short wait first.
const waits = 2

type countingLimit struct{ accesses *atomic.Int64 }

func (l *countingLimit) Access(context.Context) (time.Duration, error) {
	if l.accesses.Add(1) <= waits {
		return time.Millisecond, nil
	}
	return 0, nil
}

func (*countingLimit) Close(context.Context) error { return nil }

func TestARetrySaysHowOftenItWasTried(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Drop().Times(1)
	sb.Fail(http.StatusBadGateway).Times(1)
	sb.LostAck().Times(1)
	p := start(t, segmentOutput(sb.URL))
	p.accept(events(sixCalls...))
	var counts []string
	for _, req := range sb.Requests() {
		counts = append(counts, req.RetryCount)
	}
	assert.Equal(t, []string{"", "1", "2", "3"}, counts)
	// What came twice has the same message id, by which it counts once.
	assert.Equal(t, sandboxTotals{accepted: 12, duplicates: 6}, totalsOf(sb))
}

func TestTheCountersSayWhatTheServerSaw(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusServiceUnavailable).Times(2)
	sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: "Guilty"})
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	p.accept(events(append(
		slices.Clone(sixCalls),
		`{"type":"track","event":"Guilty","userId":"u"}`, `{"type":"track","userId":"u"}`, "  ",
	)...))

	journal := sb.Requests()
	want := map[string]int64{
		"segment_calls_skipped empty":              1,
		"segment_calls_rejected event_not_defined": 1,
		"segment_calls_rejected refused":           1,
		"segment_retries transient":                2,
		"segment_requests 503":                     2,
		"segment_request_latency_ns":               int64(len(journal)),
	}
	for _, call := range sb.Calls(segmenttest.Filter{Duplicate: new(false)}) {
		want["segment_calls_sent "+call.Type]++
	}
	for _, req := range journal[2:] {
		want[fmt.Sprintf("segment_requests %d", req.Status)]++
		if req.Status == http.StatusBadRequest && req.Calls > 1 {
			want["segment_splits"]++
		}
	}
	for _, req := range journal {
		want["segment_request_calls"] += int64(req.Calls)
		want["segment_request_bytes"] += req.Bytes
		want["segment_wire_bytes"] += req.BytesOnWire
	}
	assert.Equal(t, want, p.counts.Own())
	// The guilty call is the last, so that one which was accepted is sent again to
	// find out whose fault it is.
	assert.Equal(t, sandboxTotals{accepted: 7, duplicates: 1}, totalsOf(sb))
}

func TestWhatCallsWereSentWithoutIsCounted(t *testing.T) {
	const odd = `{"type":"page","userId":"u","originalTimestamp":"2021-10-16T16:00:27.029:Z","sentAt":"soon"}`
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	p.accept(events(odd, sixCalls[0], odd, `[`+odd+`,{"type":"track"}]`))
	assert.Equal(t, sandboxTotals{accepted: 3}, totalsOf(sb))
	assert.EqualValues(t, 2*2, p.counts.Sum("segment_conversion_notes", "time_unreadable"))
}

func TestTheWriteKeyIsSentAndNeverSaid(t *testing.T) {
	const canary = "wk_CANARY_of_the_output_tests"
	coded := base64.StdEncoding.EncodeToString([]byte(canary + ":"))
	sb := segmenttest.New(t)
	sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: "Guilty"})
	sb.Drop().Times(1)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{"write_key": canary})))
	p.accept(events(append(slices.Clone(sixCalls), `{"type":"track","event":"Guilty","userId":"u"}`, `{`)...))

	require.Equal(t, canary, sb.Calls()[0].WriteKey)
	require.Len(t, p.dead.Reasons(), 2)
	told := p.said.String() + strings.Join(p.dead.Reasons(), "") + fmt.Sprint(p.counts.Own())
	for _, s := range p.spans.named("segment batch") {
		told += fmt.Sprint(s)
	}
	for _, secret := range []string{canary, strings.TrimRight(coded, "="), "CANARY"} {
		assert.NotContains(t, told, secret)
	}
}

// labelled is the config of an output as a resource.
func labelled(output string) string { return `{"label": "segment", ` + strings.TrimPrefix(output, "{") }
