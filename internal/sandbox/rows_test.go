package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestARowSaysWhatItsCallIsAbout(t *testing.T) {
	for _, given := range []struct {
		call  string
		label any
	}{
		{`{"type":"identify","userId":"u","traits":{"email":"eve@example.com","name":"Eve"}}`, "eve@example.com"},
		{`{"type":"identify","userId":"u","traits":{"email":5,"name":"Eve"}}`, "Eve"},
		{`{"type":"identify","userId":"u","traits":{"firstName":"Eve","lastName":"Moss"}}`, "Eve Moss"},
		{`{"type":"identify","userId":"u","traits":{"plan":"gold","n":1,"m":2,"o":3}}`, "plan, n, m"},
		{`{"type":"identify","userId":"u","traits":[]}`, nil},
		{`{"type":"page","userId":"u","properties":{"path":"/tea","url":"https://example.com/tea"}}`, "/tea"},
		{`{"type":"page","userId":"u","name":"Tea","properties":{"path":"/tea"}}`, nil},
		{`{"type":"alias","userId":"new","previousId":"old"}`, "old → new"},
		{`{"type":"alias","userId":"new"}`, "? → new"},
		{`{"type":"group","userId":"u","groupId":"g1","traits":{"name":"Tea Club"}}`, "Tea Club"},
		{`{"type":"group","userId":"u","groupId":"g1"}`, "g1"},
		{`{"type":"track","userId":"u","event":"Tea","traits":{"email":"x"}}`, nil},
	} {
		sb := segmenttest.NewInProcess(t)
		post(t, sb, "/v1/batch", batch(given.call))
		_, answer := control(t, sb, http.MethodGet, "/api/v1/person?id="+sb.Calls()[0].UserID, "")
		assert.Equal(t, given.label, answer.at("calls.0.label"), given.call)
	}
}

// A call that arrived late happened when it says.
func TestATimelineIsInTheOrderOfTheEventsOwnTimes(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	at := func(id, time string) string {
		return `{"type":"track","event":"E","userId":"u","messageId":"` + id + `","timestamp":"` + time + `"}`
	}
	post(t, sb, "/v1/batch", batch(
		at("third", "2020-01-03T00:00:00Z"), at("first", "2020-01-01T00:00:00+01:00"),
		`{"type":"track","event":"E","userId":"u","messageId":"now"}`, at("second", "2020-01-02T00:00:00.5Z"),
	))
	_, answer := control(t, sb, http.MethodGet, "/api/v1/person?id=u", "")
	assert.Equal(t, []string{"2", "4", "1", "3"}, answer.texts("calls", "seq"))
	assert.Equal(t, []string{"1577833200000", "1577923200500", "1578009600000", "<nil>"}, answer.texts("calls", "own_at"))
}

func TestRequestsInShortSayWhatBecameOfThem(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(503).Times(2)
	post(t, sb, "/v1/batch", batch(tracks(0, 4)...))
	post(t, sb, "/v1/batch", batch(tracks(0, 4)...), "X-Retry-Count", "1")
	// It is halved, and its second half has another first call.
	post(t, sb, "/v1/batch", batch(tracks(0, 2)...), "X-Retry-Count", "2")
	post(t, sb, "/v1/batch", batch(tracks(2, 4)...), "X-Retry-Count", "2")
	post(t, sb, "/v1/batch", batch(`{"type":"track","userId":"u"}`, track("m0")))
	post(t, sb, "/v1/batch", `{`)

	_, answer := control(t, sb, http.MethodGet, "/api/v1/requests?brief=true&order=newest&limit=5", "")
	assert.EqualValues(t, "6", answer.at("total"))
	assert.Equal(t, []string{"6", "5", "4", "3", "2"}, answer.texts("requests", "seq"))
	assert.Equal(t, []string{"400", "200", "200", "200", "503"}, answer.texts("requests", "status"))
	assert.Equal(t, []string{"1", "1", "3", "3", "2"}, answer.texts("requests", "attempt"))
	assert.Equal(t, []string{"<nil>", "2", "2", "2", "1"}, answer.texts("requests", "before"), "the attempt before")
	assert.Equal(t, "fault 1: status 503", answer.at("requests.4.why"))
	assert.Contains(t, answer.at("requests.0.why"), "payload")
	assert.EqualValues(t, "1", answer.at("requests.1.discarded"))
	assert.EqualValues(t, "1", answer.at("requests.1.duplicates"))

	for status, want := range map[string][]string{"4xx": {"6"}, "503": {"1", "2"}, "2xx": {"3", "4", "5"}, "cut": {}} {
		_, answer := control(t, sb, http.MethodGet, "/api/v1/requests?status="+status, "")
		assert.Equal(t, want, answer.texts("requests", "seq"), status)
	}
	status, answer := control(t, sb, http.MethodGet, "/api/v1/requests?status=bad", "")
	require.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer.at("error"), "parameter status must be such as 200")
}

func TestCallsOfARequestAndUpToACall(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	post(t, sb, "/v1/batch", batch(tracks(3, 5)...))
	for query, want := range map[string][]string{
		"q=request:2": {"m3", "m4"}, "q=-request:2": {"m0", "m1", "m2"}, "until=2": {"m0", "m1"},
		"since=1&until=4": {"m1", "m2", "m3"}, "until=2&since=2": {}, "until=0": {},
	} {
		_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?"+query, "")
		assert.Equal(t, want, answer.texts("calls", "message_id"), query)
	}
	_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?limit=1&q=request:1", "")
	assert.EqualValues(t, "3", answer.at("total"), "with those that the limit leaves out")
	status, answer := control(t, sb, http.MethodGet, "/api/v1/calls?q=request:x", "")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer.at("error"), "request: needs the number of a request")
	_, answer = control(t, sb, http.MethodDelete, "/api/v1/calls?until=0", "")
	assert.EqualValues(t, "0", answer.at("removed"), "up to no call")
	_, answer = control(t, sb, http.MethodDelete, "/api/v1/calls?until=2", "")
	assert.EqualValues(t, "2", answer.at("removed"))
	_, answer = control(t, sb, http.MethodGet, "/api/v1/summary", "")
	assert.EqualValues(t, "3", answer.at("held_by_type.track"))
}

func TestAFaultSaysWhichPresetItIs(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for _, body := range []string{`{"status":429,"times":10}`, `{"delay":"10m"}`, `{"status":401,"match":{"user":"u"}}`, `{"status":401,"times":3}`} {
		control(t, sb, http.MethodPost, "/api/v1/faults", body)
	}
	_, answer := control(t, sb, http.MethodGet, "/api/v1/faults", "")
	assert.Equal(t, []string{"throttle", "hang", "unauthorized", "<nil>"}, answer.texts("faults", "preset"))
}
