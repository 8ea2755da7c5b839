package sandbox_test

import (
	"bytes"
	"encoding/base64"
	"image/gif"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Jeffail/gabs/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Reported of React Native, whose paths at a proxy are not Segment's, and change:
// https://github.com/segmentio/analytics-react-native/issues/1064
func TestEveryPathThatSDKsSendToTakesCalls(t *testing.T) {
	const one = `{"userId":"u","event":"E","groupId":"g","previousId":"p","messageId":"m"}`
	for path, kept := range map[string]string{
		"/v1/identify": "", "/v1/track": "", "/v1/page": "", "/v1/screen": "", "/v1/group": "", "/v1/alias": "",
		"/v1/batch": "", "/v1/import": "", "/v1/import/": "/v1/import", "/v1/b": "",
		"//v1/batch": "/v1/batch", "/v1//batch": "/v1/batch", "//v1/track": "/v1/track",
		"/v1/batch/b": "", "/batch/b": "", "/batch": "", "/b": "",
		"/beacon/v1/batch?writeKey=" + canary: "/beacon/v1/batch",
	} {
		t.Run(path, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			if kept == "" {
				kept = path
			}
			body := batch(track("m"))
			if last := kept[strings.LastIndex(kept, "/")+1:]; len(last) > 1 && last != "batch" && last != "import" {
				body = one
			}
			headers := []string{"Origin", "https://shop.example", "Content-Type", "text/plain"}
			if strings.Contains(path, "?") {
				headers = append(headers, "Authorization", "")
			}

			status, answer := post(t, sb, path, body, headers...)

			assert.Equal(t, http.StatusOK, status, answer)
			call := sb.Wait(1)[0]
			assert.Equal(t, kept, call.Path)
			assert.True(t, call.Accepted, call.Violations)
			assert.Equal(t, canary, call.WriteKey)
		})
	}
}

// Only a beacon and a pixel have their key in the query. Segment does not look for
// it there.
func TestAKeyInTheQueryOfABatchIsNone(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	status, answer := post(t, sb, "/v1/batch?writeKey=k", batch(track("m")), "Authorization", "")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer, "write_key_missing")
}

// Segment has no such call.
func TestAMergeIsDiscarded(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	status, _ := post(t, sb, "/v1/merge", `{"userId":"u","type":"merge"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.False(t, sb.Wait(1)[0].Accepted)
}

func get(t *testing.T, sb *segmenttest.Server, target string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sb.URL+target, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := sb.Client().Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	require.NoError(t, err)
	return resp, body.Bytes()
}

// What is in the documents is tested where they are made.
func TestAnSDKIsToldToSendHere(t *testing.T) {
	sb := segmenttest.New(t)
	for _, path := range []string{
		"/v1/projects/k/settings", "/projects/k/settings", "/v1/projects/projects/k/settings", "//projects/projects/k/settings/",
	} {
		resp, body := get(t, sb, path, "Origin", "https://shop.example")
		assert.Equal(t, http.StatusOK, resp.StatusCode, path)
		assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
		assert.Equal(t, "https://shop.example", resp.Header.Get("Access-Control-Allow-Origin"))
		doc, err := gabs.ParseJSON(body)
		require.NoError(t, err)
		assert.Equal(t, strings.TrimPrefix(sb.URL, "http://")+"/v1", doc.S("integrations", "Segment.io", "apiHost").Data())
		assert.Equal(t, "http", doc.S("integrations", "Segment.io", "protocol").Data())
		assert.Equal(t, "k", doc.S("integrations", "Segment.io", "apiKey").Data())
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("k:"))
	for path, authorization := range map[string]string{"/sourceConfig": basic, "/sourceConfig/?p=npm&v=3": basic, "/sourceConfig?writeKey=k": ""} {
		resp, body := get(t, sb, path, "Authorization", authorization)
		assert.Equal(t, http.StatusOK, resp.StatusCode, path)
		doc, err := gabs.ParseJSON(body)
		require.NoError(t, err)
		assert.Equal(t, "k", doc.S("source", "writeKey").Data())
	}
	assert.Empty(t, sb.Requests(), "these are no calls")
}

func TestAnSDKWithAKeyOfNobodyDoesNotStart(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{WriteKeys: []string{"k"}})
	for path, want := range map[string]int{
		"/v1/projects/other/settings": http.StatusNotFound,
		"/v1/projects/k/settings":     http.StatusOK,
		// React Native does not say its key, and there is only one.
		"/v1/projects": http.StatusOK, "/projects": http.StatusOK,
		"/sourceConfig?writeKey=other": http.StatusBadRequest,
		"/sourceConfig":                http.StatusBadRequest,
		"/sourceConfig?writeKey=k":     http.StatusOK,
	} {
		resp, body := get(t, sb, path)
		assert.Equal(t, want, resp.StatusCode, path)
		if want == http.StatusOK {
			assert.Contains(t, string(body), `"k"`)
			continue
		}
		// Both texts are needed by the SDKs for Python, and the second by iOS.
		assert.Contains(t, string(body), `"code":`)
		assert.Contains(t, string(body), `"message":"Invalid write key`)
	}
	// Any key will do here, but there is none.
	resp, _ := get(t, segmenttest.New(t), "/v1/projects")
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
}

// A fault strikes calls. The documents come from other hosts.
func TestNoFaultStrikesWhatBringsNoCalls(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	fault := sb.Fail(http.StatusServiceUnavailable)
	for _, path := range []string{"/v1/projects/k/settings", "/sourceConfig?writeKey=k", "/health", "/ready"} {
		resp, _ := get(t, sb, path)
		assert.Equal(t, http.StatusOK, resp.StatusCode, path)
	}
	for _, path := range []string{"/v1/m", "/rsaMetrics"} {
		status, answer := post(t, sb, path, `{"series":[]}`, "Content-Type", "text/plain", "Authorization", "")
		assert.Equal(t, http.StatusOK, status)
		assert.JSONEq(t, `{"success":true}`, answer)
	}
	assert.Zero(t, fault.Hits())
	assert.Empty(t, sb.Requests())
	status, _ := post(t, sb, "/v1/t", `{"userId":"u","event":"E"}`)
	assert.Equal(t, http.StatusServiceUnavailable, status)
}

// Refusing x-retry-count means that no retry of Segment's SDK ever arrives. Which
// headers are asked for is tested where they are allowed.
func TestABrowserMaySendFromAnyPageToAnyPath(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for _, path := range []string{"/v1/batch", "/v1/t", "//v1/track", "/beacon/v1/batch", "/sourceConfig", "/rsaMetrics", "/v1/projects/k/settings", "/v1/nope"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, sb.URL+path, nil)
		require.NoError(t, err)
		r.Header.Set("Origin", "https://shop.example")
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		r.Header.Set("Access-Control-Request-Headers", "authorization,x-retry-count,x-tenant")
		resp, err := sb.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusNoContent, resp.StatusCode, path)
		assert.Equal(t, "https://shop.example", resp.Header.Get("Access-Control-Allow-Origin"), path)
		assert.Contains(t, resp.Header.Get("Access-Control-Allow-Headers"), "authorization,x-retry-count,x-tenant", path)
	}
	// A page sees an error only with these headers, and Retry-After only if exposed.
	sb.Fail(http.StatusTooManyRequests).RetryAfter("3")
	resp, err := try(t, sb, "/v1/track", `{"userId":"u","event":"E"}`, "Origin", "https://shop.example")
	require.NoError(t, err)
	assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	assert.Equal(t, "https://shop.example", resp.Header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, resp.Header.Get("Access-Control-Expose-Headers"), "Retry-After")
}

func TestAPixelIsACall(t *testing.T) {
	data := url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(`{"userId":"u","event":"Opened","writeKey":"` + canary + `"}`)))
	for _, target := range []string{
		"/pixel/v1/track?writeKey=" + canary + "&userId=u&event=Opened",
		"/v1/pixel/track?writeKey=" + canary + "&userId=u&event=Opened",
		"/v1/pixel/track?data=" + data,
	} {
		sb := segmenttest.NewInProcess(t)
		resp, body := get(t, sb, target)
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		assert.Equal(t, "image/gif", resp.Header.Get("Content-Type"))
		_, err := gif.Decode(bytes.NewReader(body))
		require.NoError(t, err)
		call := sb.Wait(1)[0]
		assert.Equal(t, []string{"track", "Opened", "u", canary}, []string{call.Type, call.Name, call.UserID, call.WriteKey})
		assert.True(t, call.Accepted)
		assert.NotContains(t, string(call.Shown()), canary)
	}
}

func TestAPixelThatIsNoCallIsRefused(t *testing.T) {
	for target, want := range map[string]string{
		"/pixel/v1/track?userId=u&writeKey=k":                                                   "the parameter event is missing",
		"/pixel/v1/track?userId=u&event=E":                                                      "write_key_missing",
		"/v1/pixel/track?writeKey=k&data=!":                                                     "data is not base64",
		"/v1/pixel/track?writeKey=k&userId=u&event=" + strings.Repeat("E", 33<<10):              "oversized_call",
		"/v1/pixel/track?writeKey=k&data=" + base64.URLEncoding.EncodeToString([]byte(`{"a":`)): "invalid_json",
	} {
		sb := segmenttest.NewInProcess(t)
		resp, body := get(t, sb, target)
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, target)
		assert.Contains(t, string(body), want, target)
		assert.Empty(t, sb.Calls())
		require.Len(t, sb.Requests(), 1)
		assert.Equal(t, http.StatusBadRequest, sb.Requests()[0].Status)
	}
	sb := segmenttest.NewInProcess(t)
	sb.Fail(http.StatusServiceUnavailable).Times(1)
	resp, _ := get(t, sb, "/pixel/v1/page?writeKey=k&userId=u")
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	assert.Empty(t, sb.Calls())
}
