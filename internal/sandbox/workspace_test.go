package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// ask asks the Public API with a token.
func ask(t *testing.T, sb *segmenttest.Server, path string) (status int, answer document) {
	t.Helper()
	return control(t, sb, http.MethodGet, "/public-api"+path, "", "Authorization", "Bearer any")
}

const (
	fromThen = "?granularity=DAY&startTime="
	deliver  = "/delivery-overview/failed-on-ingest"
)

// span is the last hour in a query.
func span() string {
	now := time.Now().UTC()
	return "granularity=MINUTE&startTime=" + now.Add(-time.Hour).Format(time.RFC3339) + "&endTime=" + now.Add(time.Second).Format(time.RFC3339)
}

func TestThePublicAPIRefusesAsSegmentDoes(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{{ID: "s", Name: "Website", WriteKeys: []string{"k"}}}, Without: []string{"settings"}})
	for path, want := range map[string]struct {
		status int
		field  any
	}{
		"/":                                   {200, nil},
		"/sources":                            {200, nil},
		"/sources/s":                          {200, nil},
		"/sources/nobody":                     {404, nil},
		"/sources/s/settings":                 {403, nil},
		"/nothing":                            {404, nil},
		"/sources?pagination.count=0":         {422, "pagination.count"},
		"/sources?pagination%5Bcount%5D=1001": {422, "pagination.count"},
		"/sources?pagination.cursor=%21":      {422, "pagination.cursor"},
		"/sources/s/connected-destinations":   {422, "pagination.count"},
		"/sources/s/connected-destinations?pagination.count=1":                                       {200, nil},
		"/tracking-plans?pagination.count=1&type=NONE":                                               {422, "type"},
		"/tracking-plans?pagination.count=1&type=LIVE":                                               {200, nil},
		"/tracking-plans/tp_0":                                                                       {404, nil},
		deliver:                                                                                      {422, "sourceId"},
		deliver + "?sourceId=nobody&" + span():                                                       {404, nil},
		deliver + "?sourceId=s&granularity=WEEK":                                                     {422, "granularity"},
		deliver + "?sourceId=s&granularity=DAY&startTime=x&endTime=x":                                {422, nil},
		deliver + "?sourceId=s&" + span() + "&groupBy.0=colour":                                      {422, "groupBy"},
		deliver + "?sourceId=s&" + span() + "&groupBy.0=discardReason":                               {200, nil},
		deliver + "?sourceId=s&" + span() + "&filter.eventType.0=nobody":                             {422, "filter.eventType"},
		"/delivery-overview/successfully-received?sourceId=s&" + span() + "&groupBy.0=discardReason": {422, "groupBy"},
		"/delivery-overview/failed-delivery?sourceId=s&" + span():                                    {422, "destinationConfigId"},
		"/delivery-overview/failed-delivery?sourceId=s&destinationConfigId=d&" + span():              {404, nil},
		"/events/volume" + fromThen + "2001-01-01T00:00:00Z&endTime=2001-01-02T00:00:00Z":            {422, "startTime"},
		"/events/volume?" + span() + "&groupBy.0=source":                                             {200, nil},
		"/echo?message=hello":                                                                        {200, nil},
		"/echo?triggerError=true":                                                                    {422, "triggerError"},
		"/echo?triggerUnexpectedError=true":                                                          {500, nil},
		"/echo?statusCode=409":                                                                       {409, nil},
	} {
		status, answer := ask(t, sb, path)
		assert.Equal(t, want.status, status, path)
		assert.Equal(t, want.status == 200, answer.Exists("data"), path)
		assert.Equal(t, want.status != 200, answer.Exists("errors"), path)
		if want.field != nil {
			assert.Equal(t, want.field, answer.at("errors.0.field"), path)
			assert.Equal(t, "input-validation", answer.at("errors.0.type"), path)
		}
	}
	for header, want := range map[string]int{"": 401, "Basic a2V5Og==": 401, "Bearer any": 200} {
		status, _ := control(t, sb, http.MethodGet, "/public-api/", "", "Authorization", header)
		assert.Equal(t, want, status, header)
	}
}

// The limits and their headers are those of the real API, which says in the body
// when the next request may come.
func TestThePublicAPIIsAskedTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.SetWorkspace(segmenttest.Workspace{RequestsPerMinute: 2})
		for range 2 {
			status, _ := ask(t, sb, "/")
			assert.Equal(t, http.StatusOK, status)
		}
		time.Sleep(20 * time.Second)
		status, answer := ask(t, sb, "/")
		assert.Equal(t, http.StatusTooManyRequests, status)
		assert.Equal(t, json.Number("40000"), answer.at("errors.0.data.msBeforeNext"))
		time.Sleep(40 * time.Second)
		status, _ = ask(t, sb, "/")
		assert.Equal(t, http.StatusOK, status)
	})
}

// Segment answers 200 to a wrong key and to that of a disabled source.
// https://github.com/segmentio/analytics-python/issues/230
func TestCallsOfUnknownAndDisabledSourcesAreDiscarded(t *testing.T) {
	known := segmenttest.Source{Name: "Website", WriteKeys: []string{canary}}
	disabled := known
	disabled.Disabled = true
	other := segmenttest.Source{Name: "App", WriteKeys: []string{"another key"}}
	for name, test := range map[string]struct {
		sources []segmenttest.Source
		code    string
	}{
		"nothing is set": {nil, ""},
		"a known key":    {[]segmenttest.Source{other, known}, ""},
		"a wrong key":    {[]segmenttest.Source{other}, "unknown_source"},
		"a disabled one": {[]segmenttest.Source{disabled}, "source_disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, strict := range []bool{false, true} {
				sb := segmenttest.NewInProcess(t, segmenttest.Config{Strict: strict})
				sb.SetWorkspace(segmenttest.Workspace{Sources: test.sources})
				status, _ := post(t, sb, "/v1/batch", batch(track("m1")))
				if strict && test.code != "" {
					assert.Equal(t, http.StatusBadRequest, status)
					continue
				}
				assert.Equal(t, http.StatusOK, status)
				call := sb.Wait(1)[0]
				assert.Equal(t, test.code == "", call.Accepted)
				if test.code != "" {
					assert.Equal(t, test.code, call.Violations[0].Code)
				}
			}
		})
	}
}

func TestTheWorkspaceIsSetAndShownWithoutItsSecrets(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	status, answer := control(t, sb, http.MethodPut, "/api/v1/workspace",
		`{"name":"Acme","sources":[{"name":"Website","write_keys":["`+canary+`"]}],"tokens":["`+canary+`"],"hides_write_keys":true}`)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "Acme", answer.at("name"))
	assert.Equal(t, "wk_…", answer.at("sources.0.write_keys.0"))
	status, _ = ask(t, sb, "/sources")
	assert.Equal(t, http.StatusForbidden, status)
	status, answer = control(t, sb, http.MethodGet, "/public-api/sources", "", "Authorization", "Bearer "+canary)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, answer.S("data", "sources", "0", "writeKeys").Children(), "the token may not see keys")

	for body, says := range map[string]string{
		`{`:                         "the body must be an object",
		`{"colour":1}`:              "unknown field",
		`{} {}`:                     "goes on after",
		`{"lag":"soon"}`:            "lag must be a duration",
		`{"without":["all"]}`:       "without names",
		`{"sources":[{"name":""}]}`: "a name of its own",
		`{"sources":[{"name":"a","write_keys":["k"]},{"name":"b","write_keys":["k"]}]}`: "that another source has",
		`{"requests_per_minute":-1}`: "must not be negative",
	} {
		status, answer := control(t, sb, http.MethodPut, "/api/v1/workspace", body)
		assert.Equal(t, http.StatusBadRequest, status, body)
		assert.Contains(t, answer.at("error"), says)
	}
	_, answer = control(t, sb, http.MethodGet, "/api/v1/workspace", "")
	assert.Equal(t, "Acme", answer.at("name"), "what is refused changes nothing")
}

func TestAResetForgetsCountsAndKeepsSources(t *testing.T) {
	for name, declared := range map[string][]segmenttest.Source{"of keys that came": nil, "that were set": {{Name: "Website", WriteKeys: []string{canary}}}} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			sb.SetWorkspace(segmenttest.Workspace{Sources: declared, HidesWriteKeys: true})
			post(t, sb, "/v1/batch", batch(track("m1"), `{"type":"track","userId":"u"}`))
			_, answer := ask(t, sb, "/sources")
			require.Len(t, answer.S("data", "sources").Children(), 1)
			id, _ := answer.at("data.sources.0.id").(string)
			_, answer = ask(t, sb, deliver+"?sourceId="+id+"&"+span()+"&groupBy[0]=discardReason")
			assert.Equal(t, json.Number("1"), answer.at("data.total"))

			sb.Reset()

			_, answer = ask(t, sb, "/sources")
			assert.Len(t, answer.S("data", "sources").Children(), len(declared))
			status, answer := ask(t, sb, deliver+"?sourceId="+id+"&"+span())
			if declared != nil {
				assert.Equal(t, json.Number("0"), answer.at("data.total"))
				return
			}
			assert.Equal(t, http.StatusNotFound, status)
		})
	}
}

// It takes a while until Segment shows what it has received.
func TestCountsMayLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{{ID: "s", Name: "s", WriteKeys: []string{canary}}}, Lag: "2m"})
		post(t, sb, "/v1/batch", batch(track("m1")))
		total := func() any {
			_, answer := ask(t, sb, "/delivery-overview/successfully-received?sourceId=s&"+span())
			return answer.at("data.total")
		}
		assert.Equal(t, json.Number("0"), total())
		time.Sleep(3 * time.Minute)
		assert.Equal(t, json.Number("1"), total())
	})
}

// A fault strikes the Public API only if it names it: when the Tracking API is
// down, the other is not.
func TestAFaultOfTheTrackingAPIIsNoneOfThePublicAPI(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.Fail(503)
	status, _ := ask(t, sb, "/")
	assert.Equal(t, http.StatusOK, status)
	sb.Fail(500).Match(segmenttest.Match{Path: "/public-api/sources"})
	status, _ = ask(t, sb, "/")
	assert.Equal(t, http.StatusOK, status)
	status, _ = ask(t, sb, "/sources")
	assert.Equal(t, http.StatusInternalServerError, status)
}
