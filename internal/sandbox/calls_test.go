package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// filled returns a sandbox with six calls: 1 to 3 in one batch, of which 3 is
// discarded, then a page, a duplicate of 1, and one of another source.
func filled(t *testing.T) *segmenttest.Server {
	t.Helper()
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(track("a"),
		`{"type":"track","event":"Order Refunded","anonymousId":"ann","messageId":"b","properties":{"n":9007199254740993,"p":0.10,"big":1e400,"h":"<b>"}}`,
		`{"type":"track","userId":"eve","messageId":"c"}`))
	post(t, sb, "/v1/page", `{"name":"Home","userId":"eve","messageId":"d","writeKey":"`+canary+`"}`, "Authorization", "")
	post(t, sb, "/v1/batch", batch(track("a")))
	post(t, sb, "/v1/batch", batch(`{"type":"alias","userId":"eve2","previousId":"eve","messageId":"f"}`), "Authorization", "Basic b3RoZXI6")
	return sb
}

func TestCallsAreListedAndFiltered(t *testing.T) {
	sb := filled(t)
	for query, want := range map[string]string{
		"":                                     "1 2 3 4 5 6",
		"type=track":                           "1 2 3 5",
		"type=alias":                           "6",
		"user=eve":                             "3 4 6",
		"user=ann":                             "2",
		"event=Order%20Refunded":               "2",
		"event=Order*":                         "1 2 5",
		"event=*efund*d":                       "2",
		"event=*efund":                         "",
		"event=order*":                         "",
		"message_id=a":                         "1 5",
		"write_key=other":                      "6",
		"path=/v1/page":                        "4",
		"text=9007199254740993":                "2",
		"violation=any":                        "3",
		"violation=event_not_defined":          "3",
		"violation=id_not_string":              "",
		"duplicate=true":                       "5",
		"duplicate=false&type=track":           "1 2 3",
		"accepted=false":                       "3",
		"accepted=true&since=2":                "4 5 6",
		"since=6":                              "",
		"since=99":                             "",
		"limit=2":                              "1 2",
		"order=newest&limit=2":                 "6 5",
		"type=track&user=u-a&duplicate=true":   "5",
		"write_key=" + canary + "&type=page":   "4",
		"type=track&event=Order*&since=1&raw=": "2 5",
	} {
		t.Run(query, func(t *testing.T) {
			status, answer := control(t, sb, http.MethodGet, "/api/v1/calls?"+query, "")
			require.Equal(t, http.StatusOK, status, "%v", answer)
			assert.Equal(t, want, strings.Join(answer.texts("calls", "seq"), " "))
		})
	}
}

func TestAListContinuesFromItsCursor(t *testing.T) {
	sb := filled(t)
	since, seen := "0", 0
	for more := any(true); more == true; {
		_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?limit=4&since="+since, "")
		seen += len(answer.texts("calls", "seq"))
		since, more = fmt.Sprint(answer.at("next_since")), answer.at("more")
	}
	assert.Equal(t, 6, seen)
	assert.Equal(t, "6", since)
}

func TestOneCallShowsEverything(t *testing.T) {
	sb := filled(t)

	_, text := controlText(t, sb, http.MethodGet, "/api/v1/calls/2", "")
	assert.Contains(t, text, `"properties":{"n":9007199254740993,"p":0.10,"big":1e400,"h":"<b>"}`)

	_, answer := control(t, sb, http.MethodGet, "/api/v1/calls/3", "")
	assert.Equal(t, "wk_…", answer.at("write_key"))
	assert.Equal(t, false, answer.at("accepted"))
	assert.Equal(t, "event_not_defined", answer.at("violations.0.code"))
	assert.Equal(t, "event", answer.at("violations.0.field"))

	sb.Fail(503).Times(1)
	post(t, sb, "/v1/batch", batch(track("a")), "X-Retry-Count", "1")
	_, answer = control(t, sb, http.MethodGet, "/api/v1/calls/1", "")
	require.Len(t, answer.at("attempts"), 3)
	assert.EqualValues(t, "503", answer.at("attempts.2.status"))
	assert.Equal(t, "1", answer.at("attempts.2.retry_count"))
	assert.Equal(t, "status 503", answer.at("attempts.2.fault.effect"))
}

func TestRawBytesAreExactButForAWriteKey(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	odd := `{ "type":"track", "event":"\u0045<\/b>","userId":"u","properties":{"n":9007199254740993 ,"p":0.10,"big":1e400,"s":"\ud83c"}}`
	post(t, sb, "/v1/batch", batch(odd))
	post(t, sb, "/v1/track", `{"writeKey" : "`+canary+`", "event":"E","write\u004bey":"`+canary+`","userId":"u" }`, "Authorization", "")

	resp, err := sb.Client().Get(sb.URL + "/api/v1/calls/1/raw")
	require.NoError(t, err)
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/calls/1/raw", "")
	assert.Equal(t, odd, text)
	_, text = controlText(t, sb, http.MethodGet, "/api/v1/calls/2/raw", "")
	assert.Equal(t, `{"writeKey" : "wk_…", "event":"E","write\u004bey":"wk_…","userId":"u" }`, text)
	assert.Contains(t, string(sb.Calls()[1].Raw), canary, "Go tests see what was sent")
}

func TestDeepCallsDoNotBreakTheListTheyAreIn(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	deep := strings.Repeat("[", 9995) + strings.Repeat("]", 9995)
	body := `{"type":"track","event":"E","userId":"u","properties":{"d":` + deep + `}}`
	post(t, sb, "/v1/batch", `{"context":{"d":`+deep+`},"batch":[`+body+`]}`)
	require.Len(t, sb.Calls(), 1)

	for _, path := range []string{"/api/v1/calls?raw=true", "/api/v1/calls/1", "/api/v1/requests"} {
		status, text := controlText(t, sb, http.MethodGet, path, "")
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, text, deep)
	}
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/calls/1/raw", "")
	assert.Equal(t, body, text)
}

func TestTheInboxShowsEveryRequest(t *testing.T) {
	sb := filled(t)
	sb.Drop()
	_, err := try(t, sb, "/v1/batch", batch(track("g")), "User-Agent", "ua/1", "Cookie", "secret="+canary)
	require.Error(t, err)

	_, answer := control(t, sb, http.MethodGet, "/api/v1/requests?message_id=g", "")
	require.Len(t, answer.at("requests"), 1)
	assert.EqualValues(t, "5", answer.at("requests.0.seq"))
	assert.EqualValues(t, "0", answer.at("requests.0.status"))
	assert.Equal(t, "ua/1", answer.at("requests.0.user_agent"))
	assert.Equal(t, "drop", answer.at("requests.0.fault.effect"))
	assert.Equal(t, []any{"Basic …"}, answer.at("requests.0.headers.Authorization"))

	_, answer = control(t, sb, http.MethodGet, "/api/v1/requests?since=2&limit=2", "")
	assert.Len(t, answer.at("requests"), 2)
	assert.EqualValues(t, "3", answer.at("requests.0.seq"))
	assert.EqualValues(t, "4", answer.at("next_since"))
	assert.Equal(t, true, answer.at("more"))
	status, _ := control(t, sb, http.MethodGet, "/api/v1/requests/5", "")
	assert.Equal(t, http.StatusOK, status)
}

func TestTheSummaryCounts(t *testing.T) {
	sb := filled(t)
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/summary", "")
	var sent int64
	for _, req := range sb.Requests() {
		sent += req.Bytes
	}
	assert.JSONEq(t, fmt.Sprintf(`{"strict":false,"requests":4,"requests_by_status":{"200":4},
		"calls":6,"accepted":5,"discarded":1,"refused":0,"duplicates":1,"unique":4,
		"by_type":{"track":4,"page":1,"alias":1},"violations":{"event_not_defined":1},"warnings":{},
		"bytes":%d,"bytes_on_wire":%d,"calls_held":6,"calls_dropped":0,"requests_held":4,
		"requests_dropped":0,"warned":0,"held_by_type":{"track":4,"page":1,"alias":1},"first_seq":1,"last_seq":6,"last_request":4}`, sent, sent), text)
}

func TestResetForgetsAllButTheCount(t *testing.T) {
	sb := filled(t)
	sb.Fail(500)
	status, _ := control(t, sb, http.MethodPost, "/api/v1/reset", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, sb.Calls())
	assert.Empty(t, sb.Requests())
	assert.Empty(t, sb.Faults())
	assert.Zero(t, sb.Summary().Calls)

	post(t, sb, "/v1/batch", batch(track("a")))
	call := sb.Wait(1)[0]
	assert.EqualValues(t, 7, call.Seq)
	assert.False(t, call.Duplicate)
}

func TestAnswersThatHelp(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for _, tt := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/api/v1/calls?tpye=track", 400, "tpye"},
		{"GET", "/api/v1/calls?type=Track", 400, "type must be"},
		{"GET", "/api/v1/calls?duplicate=maybe", 400, "duplicate must be true or false"},
		{"GET", "/api/v1/calls?since=x", 400, "since"},
		{"GET", "/api/v1/calls?limit=0", 400, "limit"},
		{"GET", "/api/v1/calls?order=up", 400, "order"},
		{"GET", "/api/v1/wait?timeout=2h", 400, "timeout"},
		{"GET", "/api/v1/wait?count=-1", 400, "count"},
		{"GET", "/api/v1/calls/1", 404, "not held"},
		{"GET", "/api/v1/calls/x", 400, "sequence number"},
		{"GET", "/api/v1/requests/1", 404, "not held"},
		{"GET", "/api/v1/nope", 404, "/api/v1/"},
		{"GET", "/page/", 404, "/v1/"},
		{"GET", "/page/nope.js", 404, "/v1/"},
		{"PATCH", "/api/v1/faults", 405, "GET"},
		{"GET", "/api/v1/reset", 405, "POST"},
		{"GET", "/healthz", 200, ""},
		{"GET", "/api/v1/healthz", 200, ""},
	} {
		status, answer := control(t, sb, tt.method, tt.path, "")
		assert.Equal(t, tt.status, status, tt.path)
		if tt.status != 200 {
			assert.Contains(t, answer.at("error"), tt.says)
		}
	}
}

func TestNoAnswerShowsAWriteKey(t *testing.T) {
	sb := filled(t)
	sb.Fail(500).Match(segmenttest.Match{WriteKey: canary, User: "nobody"})
	post(t, sb, "/v1/batch", `{"writeKey":"`+canary+`","batch":[{"writeKey":"`+canary+`","type":"page","userId":"u"}]}`,
		"Proxy-Authorization", canary, "Cookie", canary, "X-Retry-Count", "1")
	post(t, sb, "/v1/batch", `{"writeKey":"`+canary+`","batch":`)

	var shown strings.Builder
	for _, path := range []string{
		"calls?raw=true", "calls/1", "calls/4", "calls/4/raw", "calls/7", "calls/7/raw",
		"requests", "requests/2", "summary", "faults", "wait", "calls?write_key=" + canary + "&limit=x",
	} {
		_, text := controlText(t, sb, http.MethodGet, "/api/v1/"+path, "")
		shown.WriteString(text)
	}
	assert.NotContains(t, shown.String(), canary)
	assert.NotContains(t, shown.String(), base64.StdEncoding.EncodeToString([]byte(canary))[:20])
	assert.Contains(t, shown.String(), `"wk_…"`)
}
