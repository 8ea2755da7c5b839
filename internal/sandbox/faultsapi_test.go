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

func TestFaultsAreInjectedListedAndRemoved(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	status, answer := control(t, sb, http.MethodPost, "/api/v1/faults", `{"status":429,"retry_after":"2","times":3,
		"delay":"1ms","probability":1,"seed":7,"match":{"event":"Order*","write_key":"`+canary+`"}}`)
	require.Equal(t, http.StatusCreated, status, "%v", answer)
	assert.EqualValues(t, "1", answer.at("id"))
	control(t, sb, http.MethodPost, "/api/v1/faults", `{"lost_ack":true}`)

	status, _ = post(t, sb, "/v1/batch", batch(track("m")))
	assert.Equal(t, http.StatusTooManyRequests, status)
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/faults", "")
	assert.JSONEq(t, `{"faults":[
		{"id":1,"status":429,"retry_after":"2","times":3,"delay":"1ms","probability":1,"seed":7,
		 "match":{"event":"Order*","write_key":"wk_…"},"effect":"delay 1ms, status 429","hits":1,"remaining":2,"active":true},
		{"id":2,"lost_ack":true,"effect":"lost_ack","hits":0,"active":true}]}`, text)

	status, _ = control(t, sb, http.MethodDelete, "/api/v1/faults/1", "")
	assert.Equal(t, http.StatusOK, status)
	status, _ = control(t, sb, http.MethodDelete, "/api/v1/faults/1", "")
	assert.Equal(t, http.StatusNotFound, status)
	control(t, sb, http.MethodDelete, "/api/v1/faults", "")
	assert.Empty(t, sb.Faults())
}

func TestAnInvalidFaultIsRefused(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for body, want := range map[string]string{
		`{"statuz":429}`:                       `"statuz\"`,
		`{"status":429,"match":{"evnt":"x"}}`:  `"evnt\"`,
		`{"status":"429"}`:                     "status must be a int",
		`{"status":429,"delay":"soon"}`:        "delay must be",
		`{"status":429,"probability":0}`:       "probability 0",
		`{"status":429,"drop":true}`:           "exclude each other",
		`{}`:                                   "needs one of",
		`[]`:                                   "one JSON object",
		`{"drop":true}{"drop":true}`:           "goes on",
		`{"drop":true,"match":{"type":"Page"}`: "reading the fault",
		``:                                     "reading the fault",
	} {
		status, text := controlText(t, sb, http.MethodPost, "/api/v1/faults", body)
		assert.Equal(t, http.StatusBadRequest, status, body)
		assert.Contains(t, strings.ReplaceAll(text, `\"`, `"`), strings.ReplaceAll(want, `\"`, `"`), body)
	}
	assert.Empty(t, sb.Faults())
}

func TestFaultsAreReplacedAllOrNone(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(500)
	status, _ := control(t, sb, http.MethodPut, "/api/v1/faults", `{"faults":[{"status":429},{"drop":true,"status":500}]}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Len(t, sb.Faults(), 1)
	status, _ = control(t, sb, http.MethodPut, "/api/v1/faults", `{"faults":[{"status":429},{"drop":true}]}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Len(t, sb.Faults(), 2)
	status, _ = control(t, sb, http.MethodPut, "/api/v1/faults", `{}`)
	assert.Equal(t, http.StatusBadRequest, status)
}

func TestEveryPresetIsAFault(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/faults/presets", "")
	var answer struct {
		Presets []struct {
			Name, What string
			Fault      json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &answer))
	require.Len(t, answer.Presets, 10)
	for _, preset := range answer.Presets {
		status, text := controlText(t, sb, http.MethodPost, "/api/v1/faults", string(preset.Fault))
		assert.Equal(t, http.StatusCreated, status, "%s: %s", preset.Name, text)
		assert.NotEmpty(t, preset.What)
	}
}

// 2,000 faults with bodies of 60 KB were sent to each reader of the events,
// once a second.
func TestFaultsAreBoundedInNumberAndSize(t *testing.T) {
	sb := segmenttest.New(t)
	large := strings.Repeat("x", 16<<10-10)
	for body, says := range map[string]string{
		`{"status":500,"body":"` + large + `0123456789a"}`:                          "may have 16384 bytes together",
		`{"status":500,"headers":{"X-A":"` + large + `01234567"}}`:                  "may have 16384 bytes together",
		`{"drop":true,"match":{"text":"` + large + `","event":"01234567890"}}`:      "may have 16384 bytes together",
		`{"status":500,"body":"` + strings.Repeat("x", 2<<20) + `"}`:                "may have 1048576 bytes",
		`{"faults":[` + strings.Repeat(`{"drop":true},`, 1_000) + `{"drop":true}]}`: "1000 faults at once",
		`{"faults":[{"drop":true},{"status":500,"body":"` + large + large + `"}]}`:  "fault 1: body, headers and match",
		`{"faults":[{"drop":true}],"match":{"event":"x"}}`:                          `unknown field "match"`,
	} {
		method := http.MethodPost
		if strings.HasPrefix(body, `{"faults"`) {
			method = http.MethodPut
		}
		status, answer := control(t, sb, method, "/api/v1/faults", body)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Contains(t, answer.at("error"), says)
	}
	assert.Zero(t, len(sb.Faults()))

	for range 1_000 {
		_, err := sb.Inject(segmenttest.Fault{Status: 500, Body: "nobody sees this", Match: segmenttest.Match{Event: large}})
		require.NoError(t, err)
	}
	_, err := sb.Inject(segmenttest.Fault{Drop: true})
	require.ErrorContains(t, err, "1000 faults at once")
	status, answer := control(t, sb, http.MethodPost, "/api/v1/faults", `{"drop":true}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer.at("error"), "end some of them first")

	state := until(t, follow(t, sb, ""), "state").data
	assert.Less(t, len(state), 600_000)
	assert.NotContains(t, state, "nobody sees this")
	assert.Contains(t, state, strings.Repeat("x", 200)+"…")
	_, text := controlText(t, sb, http.MethodGet, "/api/v1/faults", "")
	assert.Contains(t, text, "nobody sees this", "whoever asks for the faults sees all of them")
}
