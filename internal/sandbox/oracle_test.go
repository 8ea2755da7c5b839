package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// A key of 26 letters was found with 964 requests: if a filter matches bytes that
// are not shown, each request says whether one more letter is right.
func TestNoFilterRevealsAKeyLetterByLetter(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{ReplayTo: "http://127.0.0.1:9"})
	post(t, sb, "/v1/track", `{"writeKey":"`+canary+`","event":"E","userId":"u","messageId":"m"}`, "Authorization", "")
	post(t, sb, "/v1/track", `{"write\u004bey":"`+canary+`","event":"E","userId":"u","messageId":"n"}`, "Authorization", "")
	asked := 0
	for end := 4; end <= len(canary); end++ { // the first three letters are shown
		guess := canary[:end]
		for _, query := range []string{
			"text=" + guess, "text=" + url.QueryEscape(`"writeKey":"`+guess), "q=" + guess, "q=text:" + guess, "q=" + strings.ToLower(guess),
			"q=" + url.QueryEscape(`"writekey\":\"`+guess+`"`), "text=" + canary[end-2:end+0] + "nothing", "event=" + guess + "*", "user=" + guess,
		} {
			_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?"+query, "")
			require.Empty(t, answer.at("calls"), query)
			asked++
		}
		_, answer := control(t, sb, http.MethodGet, "/api/v1/wait?timeout=0s&q="+guess, "")
		require.EqualValues(t, "0", answer.at("matched"))
		_, answer = control(t, sb, http.MethodGet, "/api/v1/assert?text="+guess, "")
		require.EqualValues(t, "0", answer.at("calls"))
		_, answer = control(t, sb, http.MethodDelete, "/api/v1/calls?text="+guess, "")
		require.EqualValues(t, "0", answer.at("removed"))
		_, answer = control(t, sb, http.MethodPost, "/api/v1/replay?text="+guess, "")
		require.EqualValues(t, "0", answer.at("calls"))
		_, text := controlText(t, sb, http.MethodGet, "/api/v1/export?format=ndjson&text="+guess, "")
		require.Empty(t, text)
	}
	t.Logf("%d filters, none of which matched", asked)

	// What is shown is found.
	for _, query := range []string{"text=" + url.QueryEscape(`wk_…`), "q=" + url.QueryEscape(`"wk_…"`), "write_key=" + canary} {
		_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?"+query, "")
		assert.NotEmpty(t, answer.at("calls"), query)
	}
	// The stream has the same filter.
	live := segmenttest.New(t)
	post(t, live, "/v1/track", `{"writeKey":"`+canary+`","event":"E","userId":"u"}`, "Authorization", "")
	post(t, live, "/v1/page", `{"userId":"`+canary[:6]+`"}`)
	assert.Equal(t, "2", seqsOf(t, until(t, follow(t, live, "q="+canary[:6]), "calls")))
}

// Whether a fault strikes is visible as well.
func TestNoFaultRevealsAKeyLetterByLetter(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	fault := sb.Fail(http.StatusTeapot).Match(segmenttest.Match{Text: canary[:5]})
	status, _ := post(t, sb, "/v1/track", `{"writeKey":"`+canary+`","event":"E","userId":"u"}`, "Authorization", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Zero(t, fault.Hits())
	fault.Match(segmenttest.Match{Text: `"wk_…"`})
	status, _ = post(t, sb, "/v1/track", `{"writeKey":"`+canary+`","event":"E","userId":"u"}`, "Authorization", "")
	assert.Equal(t, http.StatusTeapot, status)
}

// SDKs of browsers and phones ask for their settings with the key in the path, and
// the address of a page with a pixel may contain it.
func TestAKeyInAnAddressIsKeptMasked(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	refusals := []struct {
		path, kept string
		status     int
	}{
		{"/v1/projects/" + canary + "/settings", "/v1/projects/{key}/settings", http.StatusMethodNotAllowed},
		{"/v1/projects/projects/" + canary + "/settings/", "/v1/projects/projects/{key}/settings", http.StatusMethodNotAllowed},
		{"/v1/projects/" + canary, "/v1/projects/wk_…", http.StatusNotFound},
		{"/v1/projects/" + canary + "/settings/" + canary, "/v1/projects/wk_…/settings/wk_…", http.StatusNotFound},
	}
	for i, given := range refusals {
		status, _ := control(t, sb, http.MethodPost, given.path, "", "Referer", "https://shop.example/?writeKey="+canary, "X-Write-Key", canary)
		assert.Equal(t, given.status, status, given.path)
		require.Len(t, sb.Requests(), i+1)
		assert.Equal(t, given.kept, sb.Requests()[i].Path)
	}
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/requests", "")
	assert.NotContains(t, text, canary[:6])
	assert.NotContains(t, fmt.Sprint(sb.Requests()), canary[:6])
}
