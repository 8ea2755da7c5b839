package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestTheAPIDescribesItself(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{Version: "v1.2.3"})
	_, answer := control(t, sb, http.MethodGet, "/openapi.json", "")
	assert.True(t, answer.Exists("paths", "/api/v1/calls/{seq}/raw", "get"))
	assert.True(t, answer.Exists("paths", "/api/v1/faults", "put"))
	assert.Equal(t, "integer", answer.S("paths", "/api/v1/calls/{seq}", "get", "parameters", "0", "schema", "type").Data())
	for path, methods := range answer.S("paths").ChildrenMap() {
		for method := range methods.ChildrenMap() {
			if strings.HasSuffix(path, "/events") {
				continue
			}
			status, text := controlText(t, sb, strings.ToUpper(method), strings.NewReplacer("{seq}", "1", "{id}", "1").Replace(path)+timeoutOf(path), "{}")
			assert.NotContains(t, text, "there is nothing at this path", path)
			assert.NotEqual(t, http.StatusMethodNotAllowed, status, path)
		}
	}
	_, answer = control(t, sb, http.MethodGet, "/version", "")
	assert.Equal(t, "v1.2.3", answer.at("version"))
}

func timeoutOf(path string) string {
	if strings.HasSuffix(path, "/wait") {
		return "?timeout=0s"
	}
	return ""
}

func TestMetricsAreThoseOfTheSummary(t *testing.T) {
	sb := filled(t)
	sb.Fail(503).Times(1)
	post(t, sb, "/v1/batch", batch(track("z")))
	_, text := controlText(t, sb, http.MethodGet, "/metrics", "")
	for _, line := range []string{
		`sandbox_requests_total{status="200"} 4`, `sandbox_requests_total{status="503"} 1`,
		`sandbox_calls_total{type="track"} 4`, `sandbox_violations_total{code="event_not_defined"} 1`,
		"sandbox_calls_duplicate_total 1", "sandbox_calls_held 6", "sandbox_faults_active 0",
	} {
		assert.Contains(t, text, line+"\n")
	}
}

func TestViolationsComeWithTheirFix(t *testing.T) {
	sb := filled(t)
	post(t, sb, "/v1/batch", batch(`{"type":"page","userId":"u","name":7}`, `{"type":"x","userId":"u"}`, `{"type":"track","userId":"u"}`, `7`))
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/violations", "")
	var answer struct {
		Violations []struct {
			Code, Sentence, Fix, Link string
			Calls, LastSeq            int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &answer))
	require.Len(t, answer.Violations, 4)
	assert.Equal(t, "event_not_defined", answer.Violations[0].Code)
	assert.Equal(t, 2, answer.Violations[0].Calls)
	for _, v := range answer.Violations {
		assert.NotEmpty(t, v.Sentence)
		assert.NotEmpty(t, v.Fix)
		assert.True(t, strings.HasPrefix(v.Link, "https://www.twilio.com/docs/segment/"), v.Link)
	}
}

// Both codes are for this event alone: Segment answers 200 and drops it.
func TestConsentOfAWrongShapeIsADiscard(t *testing.T) {
	for preferences, code := range map[string]string{
		`["ads"]`:       "consent_categorypreferences_fields_should_be_object",
		`{"ads":"yes"}`: "consent_categorypreferences_fields_should_be_bool",
	} {
		sb := segmenttest.NewInProcess(t)
		post(t, sb, "/v1/batch", batch(`{"type":"track","event":"Segment Consent Preference Updated","userId":"u","context":{"consent":{"categoryPreferences":`+preferences+`}}}`))
		_, answer := control(t, sb, http.MethodGet, "/api/v1/calls/1", "")
		assert.Equal(t, false, answer.at("accepted"))
		assert.Equal(t, code, answer.at("violations.0.code"))
		assert.Contains(t, answer.at("violations.0.link"), "consent-management")
	}
}

func TestAListIsNotSentTwice(t *testing.T) {
	sb := filled(t)
	get := func(tag string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sb.URL+"/api/v1/calls", nil)
		require.NoError(t, err)
		r.Header.Set("If-None-Match", tag)
		resp, err := sb.Client().Do(r)
		require.NoError(t, err)
		return resp
	}
	tag := get("").Header.Get("ETag")
	assert.Equal(t, http.StatusNotModified, get(tag).StatusCode)
	post(t, sb, "/v1/batch", batch(track("z")))
	assert.Equal(t, http.StatusOK, get(tag).StatusCode)
}

func TestATruncatedAnswerBeginsWithSuccess(t *testing.T) {
	sb := segmenttest.New(t)
	control(t, sb, http.MethodPost, "/api/v1/faults", `{"truncate":true,"times":1}`)
	resp, err := try(t, sb, "/v1/batch", batch(track("a")))
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Len(t, sb.Calls(), 1)
}

func TestRemovingAFaultReleasesWhatItDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Delay(10 * time.Minute)
		start := time.Now()
		var removing sync.WaitGroup
		removing.Go(func() {
			time.Sleep(2 * time.Second)
			control(t, sb, http.MethodDelete, "/api/v1/faults", "")
		})
		status, _ := post(t, sb, "/v1/batch", batch(track("a")))
		removing.Wait()
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}
