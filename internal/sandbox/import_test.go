package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestAFileOfCallsIsImported(t *testing.T) {
	a, b := `{"type":"track","event":"A","userId":"u","messageId":"a"}`, `{"type":"page","userId":"u","messageId":"b"}`
	har := func(path, body string) string {
		text, err := json.Marshal(body)
		require.NoError(t, err)
		return `{"log":{"version":"1.2","entries":[
			{"request":{"method":"GET","url":"https://example.com/index.html"}},
			{"request":{"method":"POST","url":"http://localhost:8765` + path + `","postData":{"mimeType":"application/json","text":` + string(text) + `}}}]}}`
	}
	for name, file := range map[string]string{
		"a call a line":            a + "\n" + b + "\n",
		"with a byte order mark":   "\xef\xbb\xbf" + a + "\r\n\r\n" + b,
		"pretty-printed":           "{\n\"type\":\"track\",\n\"event\":\"A\",\"userId\":\"u\",\"messageId\":\"a\"\n}\n" + b,
		"an array":                 "[" + a + "," + b + "]",
		"a batch":                  `{"batch":[` + a + "," + b + `],"sentAt":"2026-01-02T03:04:05Z"}`,
		"a HAR document":           har("/v1/batch", `{"batch":[`+a+","+b+`]}`),
		"a HAR of single calls":    `[` + a + `]` + har("/v1/page/", `{"userId":"u","messageId":"b"}`),
		"one after the other":      a + b,
		"an array and then a line": "[" + a + "]\n" + b,
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			sb.Fail(503) // strikes senders only
			status, answer := control(t, sb, http.MethodPost, "/api/v1/import", file)
			require.Equal(t, http.StatusOK, status, "%v", answer)
			assert.EqualValues(t, "2", answer.at("calls"))
			assert.EqualValues(t, "2", answer.at("accepted"))
			calls := sb.Calls()
			require.Equal(t, []string{"a", "b"}, idsOf(calls))
			assert.Equal(t, "track", calls[0].Type)
			assert.Equal(t, "page", calls[1].Type)
			assert.Equal(t, "imported", calls[0].WriteKey)
		})
	}
}

func TestAnImportIsJudgedAsWhatIsSent(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{Strict: true})
	post(t, sb, "/v1/batch", batch(track("m1")))
	file := track("m1") + "\n" + track("m2") + "\n" + `{"type":"track","userId":"u"}`
	_, answer := control(t, sb, http.MethodPost, "/api/v1/import?write_key="+canary, file)
	assert.EqualValues(t, "1", answer.at("discarded"))
	assert.EqualValues(t, "1", answer.at("duplicates"))
	assert.EqualValues(t, "1", answer.at("requests"))
	assert.Equal(t, canary, sb.Calls()[3].WriteKey)
	assert.Equal(t, "event_not_defined", sb.Calls()[3].Violations[0].Code)
}

// What the sandbox writes, it reads.
func TestAnExportIsImported(t *testing.T) {
	from := segmenttest.NewInProcess(t)
	post(t, from, "/v1/batch", batch(append(odd(), tracks(0, 3000)...)...))
	post(t, from, "/v1/batch", batch(odd()...))
	post(t, from, "/v1/page", `{"name":"Home","userId":"u","messageId":"3"}`)
	for _, format := range []string{"ndjson", "har"} {
		t.Run(format, func(t *testing.T) {
			_, file := controlText(t, from, http.MethodGet, "/api/v1/export?format="+format, "")
			to := segmenttest.NewInProcess(t)
			status, answer := control(t, to, http.MethodPost, "/api/v1/import", file)
			require.Equal(t, http.StatusOK, status, "%v", answer)
			require.Equal(t, idsOf(from.Calls()), idsOf(to.Calls()))
			for i, call := range from.Calls() {
				assert.JSONEq(t, string(call.Raw), strings.Replace(string(to.Calls()[i].Raw), `{"type":"page","name":"Home"`, `{"name":"Home"`, 1))
			}
			assert.Greater(t, to.Summary().Requests, 1, "no request is larger than Segment accepts")
		})
	}
}

func TestAFileThatCannotBeReadChangesNothing(t *testing.T) {
	for name, given := range map[string]struct {
		file, says string
		status     int
	}{
		"no JSON":          {track("a") + "\nhello\n", "line 2 is not JSON", 400},
		"cut":              {track("a") + "\n" + `{"type":`, "line 2 is not JSON", 400},
		"a number":         {track("a") + "\n\n7", "line 3: a call is a JSON object", 400},
		"array of numbers": {"[" + track("a") + ",7]", "element 1 of the array is not a call", 400},
		"empty":            {" \n", "there is no call in the file", 400},
		"no call":          {`{"log":{"entries":[]}}`, "there is no call in the file", 400},
		"a call too large": {`{"type":"track","event":"` + strings.Repeat("x", 33_000) + `"}`, "call 1 of the file has", 400},
		"too large":        {strings.Repeat(" ", 64<<20+1), "split it", 413},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			status, answer := control(t, sb, http.MethodPost, "/api/v1/import", given.file)
			assert.Equal(t, given.status, status)
			assert.Contains(t, answer.at("error"), given.says)
			assert.Zero(t, sb.Summary().Requests)
		})
	}
}

// The members are those that http://www.softwareishard.com/blog/har-12-spec/
// requires.
func TestTheExportedHARHasWhatTheFormatRequires(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(track("m1"), track("m2")), "X-Retry-Count", "1")
	post(t, sb, "/v1/page", `{"name":"Home","userId":"u","messageId":"3","writeKey":"`+canary+`"}`)
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/export?format=har&q=-id:m2", "")
	assert.NotContains(t, text, canary)
	var har struct {
		Log struct {
			Version string
			Creator struct{ Name, Version *string }
			Entries []map[string]any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &har))
	assert.Equal(t, "1.2", har.Log.Version)
	assert.NotNil(t, har.Log.Creator.Version)
	require.Len(t, har.Log.Entries, 2)
	for _, entry := range har.Log.Entries {
		for _, name := range []string{"startedDateTime", "time", "request", "response", "cache", "timings"} {
			assert.Contains(t, entry, name)
		}
		request, response := entry["request"].(map[string]any), entry["response"].(map[string]any)
		for _, name := range []string{"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} {
			assert.Contains(t, request, name)
		}
		for _, name := range []string{"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"} {
			assert.Contains(t, response, name)
		}
	}
	first := har.Log.Entries[0]["request"].(map[string]any)
	assert.Equal(t, "http://127.0.0.1/v1/batch", first["url"])
	assert.JSONEq(t, `{"batch":[`+track("m1")+`],"sentAt":"2026-01-02T03:04:05Z"}`, first["postData"].(map[string]any)["text"].(string))
	assert.Equal(t, "1 of its 2 calls", har.Log.Entries[0]["comment"])
	assert.Contains(t, first["headers"], map[string]any{"name": "X-Retry-Count", "value": "1"})
}
