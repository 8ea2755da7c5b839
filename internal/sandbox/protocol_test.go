package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// followsPlan is a workspace whose source follows a plan and has settings.
func followsPlan(settings string) string {
	return fmt.Sprintf(`{"sources":[{"id":"s","name":"Website","write_keys":[%q],"settings":%s,"tracking_plan":{"name":"Shop","rules":[
		{"type":"TRACK","key":"Paid","version":1,"jsonSchema":{"properties":{"properties":{"required":["total"],"properties":{"total":{"type":"number"}}}}}},
		{"type":"IDENTIFY","version":1,"jsonSchema":{"properties":{"traits":{"required":["email"]}}}},
		{"type":"TRACK","key":"Page Viewed","version":1,"jsonSchema":{"properties":{"properties":{"required":["url"]}}}},
		{"type":"COMMON","version":1,"jsonSchema":{"properties":{"context":{"properties":{"plan":{"type":"string"}}}}}}]}}]}`, canary, settings)
}

// callsOfPlan keep to that plan, or break it in a way that their ids name.
var callsOfPlan = []string{
	`{"type":"track","event":"Paid","userId":"u","messageId":"good","properties":{"total":1}}`,
	`{"type":"track","event":"Paid","userId":"u","messageId":"extra","properties":{"total":1,"x":1}}`,
	`{"type":"track","event":"Paid","userId":"u","messageId":"invalid","properties":{"total":"SECRET"}}`,
	`{"type":"track","event":"Sold","userId":"u","messageId":"unplanned"}`,
	`{"type":"track","event":"Paid","userId":"u","messageId":"common","properties":{"total":1},"context":{"plan":1}}`,
	`{"type":"track","event":"Sold","userId":"u","messageId":"unplanned and common","context":{"plan":1}}`,
	`{"type":"page","userId":"u","messageId":"page","properties":{}}`,
	`{"type":"identify","userId":"u","messageId":"traits","traits":{}}`,
	`{"type":"identify","userId":"u","messageId":"common of identify","traits":{"email":"e"},"context":{"plan":1}}`,
	`{"type":"alias","userId":"u","previousId":"a","messageId":"alias","context":{"plan":1}}`,
	`{"type":"track","event":"Sold","messageId":"without a user"}`,
}

// What a plan blocks is answered with 200, and shown by the Public API alone.
func TestCallsAreFilteredByThePlanOfTheirSource(t *testing.T) {
	always := map[string]string{"without a user": "no_user_anon_id"}
	for name, test := range map[string]struct {
		settings string
		want     map[string]string
	}{
		"nothing is set":        {`{}`, nil},
		"all may pass":          {`{"track":{"allowUnplannedEvents":true,"allowEventOnViolations":true,"commonEventOnViolations":"ALLOW"}}`, nil},
		"only members are left": {`{"track":{"allowPropertiesOnViolations":false,"allowUnplannedEventProperties":false,"commonEventOnViolations":"OMIT_PROPERTIES"},"identify":{"allowTraitsOnViolations":false,"commonEventOnViolations":"OMIT_TRAITS"}}`, nil},
		"unplanned events": {
			`{"track":{"allowUnplannedEvents":false}}`,
			map[string]string{"unplanned": "unplanned", "unplanned and common": "unplanned"},
		},
		"invalid events": {
			`{"track":{"allowEventOnViolations":false}}`,
			map[string]string{"invalid": "schema_violation", "page": "schema_violation"},
		},
		"the common rule": {
			`{"track":{"commonEventOnViolations":"BLOCK"}}`,
			map[string]string{"common": "common_schema_violation", "unplanned and common": "common_schema_violation"},
		},
		"the common rule of identify calls": {
			`{"identify":{"commonEventOnViolations":"BLOCK"}}`,
			map[string]string{"common of identify": "common_schema_violation"},
		},
		"everything": {
			`{"track":{"allowUnplannedEvents":false,"allowEventOnViolations":false,"commonEventOnViolations":"BLOCK"},"identify":{"commonEventOnViolations":"BLOCK"},"group":{"commonEventOnViolations":"BLOCK"},"forwardingViolationsTo":null}`,
			map[string]string{
				"invalid": "schema_violation", "page": "schema_violation", "unplanned": "unplanned", "common": "common_schema_violation",
				"unplanned and common": "unplanned_and_schema_violation", "common of identify": "common_schema_violation",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			status, answer := control(t, sb, http.MethodPut, "/api/v1/workspace", followsPlan(test.settings))
			require.Equal(t, http.StatusOK, status, answer.String())
			status, _ = post(t, sb, "/v1/batch", batch(callsOfPlan...))
			require.Equal(t, http.StatusOK, status)

			blocked, filtered := map[string]string{}, map[string]int{}
			for _, call := range sb.Calls() {
				if call.Accepted {
					continue
				}
				require.Len(t, call.Violations, 1)
				blocked[call.MessageID] = call.Violations[0].Code
				assert.NotContains(t, call.Violations[0].Message, "SECRET")
				if always[call.MessageID] == "" {
					filtered[call.Violations[0].Code]++
				}
			}
			for id, code := range always {
				assert.Equal(t, code, blocked[id])
				delete(blocked, id)
			}
			if test.want == nil {
				test.want = map[string]string{}
			}
			assert.Equal(t, test.want, blocked)

			_, answer = ask(t, sb, "/delivery-overview/filtered-at-source?sourceId=s&"+span()+"&groupBy.0=discardReason")
			counted := map[string]int{}
			for _, row := range answer.S("data", "dataset").Children() {
				total, err := row.S("total").Data().(json.Number).Int64()
				require.NoError(t, err)
				counted[row.S("discardReason").Data().(string)] = int(total)
			}
			assert.Equal(t, filtered, counted)
			_, answer = ask(t, sb, "/delivery-overview/successfully-received?sourceId=s&"+span())
			assert.Equal(t, json.Number(fmt.Sprint(len(callsOfPlan)-len(always)-len(test.want))), answer.at("data.total"))
		})
	}
}

func TestWhatAPlanBlocksIsExplained(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	control(t, sb, http.MethodPut, "/api/v1/workspace", followsPlan(`{"track":{"allowEventOnViolations":false}}`))
	post(t, sb, "/v1/batch", batch(callsOfPlan[2]))
	_, answer := control(t, sb, http.MethodGet, "/api/v1/calls/1", "")
	found := answer.S("violations").Index(0)
	assert.Equal(t, "properties.total", found.S("field").Data())
	assert.Equal(t, `The tracking plan of the source blocks this call, and Segment answers 200 all the same: `+
		`Invalid type. Expected: number, given: string (the rule for track "Paid", version 1).`, found.S("sentence").Data())
	assert.Equal(t, "Correct the event or the plan.", found.S("fix").Data())
	assert.Equal(t, "https://www.twilio.com/docs/segment/protocols", found.S("link").Data())
}

func TestInStrictModeWhatAPlanBlocksIsRefused(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{Strict: true})
	control(t, sb, http.MethodPut, "/api/v1/workspace", followsPlan(`{"track":{"allowUnplannedEvents":false}}`))
	status, answer := post(t, sb, "/v1/batch", batch(callsOfPlan[0], callsOfPlan[3]))
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, string(answer), `"code":"unplanned"`)
}

// An event that the plan blocks is not kept, so that a second try of it is none.
func TestWhatAPlanBlocksIsNoDuplicateLater(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	control(t, sb, http.MethodPut, "/api/v1/workspace", followsPlan(`{"track":{"allowUnplannedEvents":false}}`))
	post(t, sb, "/v1/batch", batch(callsOfPlan[3]))
	control(t, sb, http.MethodPut, "/api/v1/workspace", followsPlan(`{}`))
	post(t, sb, "/v1/batch", batch(callsOfPlan[3]))
	calls := sb.Calls()
	require.Len(t, calls, 2)
	assert.True(t, calls[1].Accepted)
	assert.False(t, calls[1].Duplicate)
}

// All events of a plan without rules are unplanned.
func TestAPlanWithoutRules(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{{
		Name: "s", WriteKeys: []string{canary}, TrackingPlan: &segmenttest.TrackingPlan{Name: "new"},
		Settings: json.RawMessage(`{"track":{"allowUnplannedEvents":false}}`),
	}}})
	post(t, sb, "/v1/batch", batch(callsOfPlan...))
	for _, call := range sb.Calls() {
		assert.Equal(t, call.Type != "track", call.Accepted, call.MessageID)
	}
}

// The calls of a batch that has too many are counted nowhere, also those that
// would be discarded by themselves.
func TestABatchOfTooManyCallsIsCountedNowhere(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	control(t, sb, http.MethodPut, "/api/v1/workspace", followsPlan(`{"track":{"allowUnplannedEvents":false}}`))
	post(t, sb, "/v1/batch", batch(strings.Split(strings.Repeat("\n"+`{"type":"track","event":"X","userId":"u"}`, 2501)[1:], "\n")...))
	for _, step := range []string{"successfully-received", "failed-on-ingest", "filtered-at-source"} {
		_, answer := ask(t, sb, "/delivery-overview/"+step+"?sourceId=s&"+span())
		assert.Equal(t, json.Number("0"), answer.at("data.total"), step)
	}
}

func TestSettingsThatCannotBlockAreRefused(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for body, says := range map[string]string{
		followsPlan(`{"track":{"allowUnplaned":false}}`):                                                     "unknown field",
		followsPlan(`{"track":{"allowUnplannedEvents":"no"}}`):                                               `source \"Website\" has settings`,
		followsPlan(`{"track":{"commonEventOnViolations":"REMOVE"}}`):                                        "it must be ALLOW, BLOCK",
		strings.ReplaceAll(followsPlan(`{"track":{"allowEventOnViolations":false}}`), `"number"`, `"money"`): "is not a valid JSON Schema",
	} {
		status, answer := control(t, sb, http.MethodPut, "/api/v1/workspace", body)
		assert.Equal(t, http.StatusBadRequest, status, body)
		assert.Contains(t, answer.String(), says)
	}
}
