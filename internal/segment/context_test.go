package segment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
)

// ours is the library that is added where a payload names none.
const ours = `"library":{"name":"benthos-segment","version":"1.2.3"}`

func TestContext(t *testing.T) {
	rows := []struct{ name, context, want string }{
		{"is untouched where nothing has to change", `{ "library" : {}, "b":[1.0], "a":"\u00e9" }`, `{ "library" : {}, "b":[1.0], "a":"\u00e9" }`},
		{"of null gets our library", `null`, `{` + ours + `}`},
		{"without a library gets ours last", `{"a":1}`, `{"a":1,` + ours + `}`},
		{"with a library of null gets ours", `{"library":null,"a":1}`, `{"a":1,` + ours + `}`},
		{"keeps the library of its origin", `{"library":{"name":"x"}}`, `{"library":{"name":"x"}}`},
		{"keeps the key order where it is rewritten", `{"z": 1,"ua-ch":{ "m":1 },"a":[ 2 ],"library":{}}`, `{"z": 1,"userAgentData":{ "m":1 },"a":[ 2 ],"library":{}}`},
		{"keeps ua-ch beside userAgentData", `{"ua-ch":{"a":1},"userAgentData":{"b":2},"library":{}}`, `{"ua-ch":{"a":1},"userAgentData":{"b":2},"library":{}}`},
		{"loses the fingerprint of reverse ETL", `{"activation":{"a":1},"library":{}}`, `{"library":{}}`},
		{"keeps custom members", `{"sessionId":1,"sources":{"job_run_id":"j"},"mappedToDestination":true,"library":{}}`, `{"sessionId":1,"sources":{"job_run_id":"j"},"mappedToDestination":true,"library":{}}`},
		{"keeps members of any length", membersOfAnyLength, membersOfAnyLength},
		{"keeps user traits", `{"traits":{"email":"e"},"library":{}}`, `{"traits":{"email":"e"},"library":{}}`},
		{"loses the anonymous id in user traits", `{"traits":{"anonymousId":"a","email": "e" },"library":{}}`, `{"traits":{"email":"e"},"library":{}}`},
		{"keeps traits that are no object", `{"traits":"anonymousId","library":{}}`, `{"traits":"anonymousId","library":{}}`},
		{
			"names external ids as Segment does",
			`{"externalId":[{"type":"brazeExternalId","id":"b<1>"},{"id":4711,"type":"x","y":1}],"library":{}}`,
			`{"externalIds":[{"id":"b<1>","type":"brazeExternalId","collection":"users","encoding":"none"},` +
				`{"id":"4711","type":"x","collection":"users","encoding":"none"}],"library":{}}`,
		},
		{
			"keeps the escapes of external ids",
			`{"externalId":[{"type":"t","id":"\ud83c\u00e9"}],"library":{}}`,
			`{"externalIds":[{"id":"\ud83c\u00e9","type":"t","collection":"users","encoding":"none"}],"library":{}}`,
		},
		{"keeps external ids beside Segment's", `{"externalId":[],"externalIds":[],"library":{}}`, `{"externalId":[],"externalIds":[],"library":{}}`},
		{"keeps external ids without an id", `{"externalId":[{"type":"t"}],"library":{}}`, `{"externalId":[{"type":"t"}],"library":{}}`},
		{"keeps external ids of another shape", `{"externalId":"x","library":{}}`, `{"externalId":"x","library":{}}`},
		{
			"turns consent lists into preferences",
			`{"consentManagement":{"provider":"p","allowedConsentIds":["a","b"],"deniedConsentIds":["c","a"]},"library":{}}`,
			`{"consent":{"categoryPreferences":{"c":false,"a":false,"b":true}},"library":{}}`,
		},
		{
			"turns consent by name into preferences",
			`{"consentManagement":{"allowedConsentIds":{"C1":"Strictly"},"deniedConsentIds":["C2"]},"library":{}}`,
			`{"consent":{"categoryPreferences":{"C2":false,"C1":true}},"library":{}}`,
		},
		{"keeps consent without lists", `{"consentManagement":{"provider":"p"},"library":{}}`, `{"consentManagement":{"provider":"p"},"library":{}}`},
		{"keeps consent lists beside consent", `{"consentManagement":{"allowedConsentIds":["a"]},"consent":{},"library":{}}`, `{"consentManagement":{"allowedConsentIds":["a"]},"consent":{},"library":{}}`},
		{"takes null for absent", `{"ua-ch":{"a":1},"userAgentData":null,"library":{}}`, `{"userAgentData":{"a":1},"library":{}}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			call := convertedOne(t, `{"type":"page","userId":"u","context":`+row.context+`}`)
			assertMembers(t, `{"context":`+row.want+`}`, call.JSON)
		})
	}
}

// membersOfAnyLength has names of up to 30 letters.
var membersOfAnyLength = func() string {
	var members strings.Builder
	for n := range 31 {
		fmt.Fprintf(&members, `"%s":%d,`, strings.Repeat("x", n), n)
	}
	return `{` + members.String() + `"library":{}}`
}()

func TestContextIP(t *testing.T) {
	rows := []struct{ name, requestIP, context, want string }{
		{"is the address of the request", `"192.0.2.1"`, `{"library":{}}`, `{"library":{},"ip":"192.0.2.1"}`},
		{"loses the port", `"192.0.2.1:57363"`, `{"library":{}}`, `{"library":{},"ip":"192.0.2.1"}`},
		{"may be of version 6", `"2001:DB8::1"`, `{"library":{}}`, `{"library":{},"ip":"2001:db8::1"}`},
		{"loses brackets and port", `"[2001:db8::1]:57363"`, `{"library":{}}`, `{"library":{},"ip":"2001:db8::1"}`},
		{"loses brackets", `"[::1]"`, `{"library":{}}`, `{"library":{},"ip":"::1"}`},
		{"is the first of a list", `" 192.0.2.1, 198.51.100.2"`, `{"library":{}}`, `{"library":{},"ip":"192.0.2.1"}`},
		{"of the context counts first", `"192.0.2.1"`, `{"ip":"198.51.100.2","library":{}}`, `{"ip":"198.51.100.2","library":{}}`},
		{"takes the place of null", `"192.0.2.1"`, `{"ip":null,"library":{}}`, `{"library":{},"ip":"192.0.2.1"}`},
		{"is dropped if it is not an address", `"localhost"`, `{"library":{}}`, `{"library":{}}`},
		{"is dropped where it is empty", `""`, `{"library":{}}`, `{"library":{}}`},
		{"is dropped where it is no text", `[1]`, `{"library":{}}`, `{"library":{}}`},
		{"makes a context where there is none", `"192.0.2.1"`, `null`, `{"ip":"192.0.2.1",` + ours + `}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			call := convertedOne(t, `{"type":"page","userId":"u","request_ip":`+row.requestIP+`,"context":`+row.context+`}`)
			assertMembers(t, `{"context":`+row.want+`,"request_ip":null}`, call.JSON)
		})
	}
}

// Nothing but an address becomes one, however like one it looks.
func TestContextIPIsAnAddress(t *testing.T) {
	for _, ip := range []string{
		"192.0.2", "192.0.2.", "192.0.2.1.", ".192.0.2.1", "192..2.1", "192.0.2.1.1", "192.0.2.256",
		"192.0.2.1000", "192.0.2.01", "00.0.0.0", "192.0.2.1x", "192.0.2.-1", "1", ".", "...",
	} {
		call := convertedOne(t, `{"type":"page","userId":"u","request_ip":"`+ip+`","context":{"library":{}}}`)
		assertMembers(t, `{"context":{"library":{}}}`, call.JSON)
	}
	for _, ip := range []string{"0.0.0.0", "255.255.255.255", "1.20.0.10"} {
		call := convertedOne(t, `{"type":"page","userId":"u","request_ip":"`+ip+`","context":{"library":{}}}`)
		assertMembers(t, `{"context":{"library":{},"ip":"`+ip+`"}}`, call.JSON)
	}
}

func TestWhatSegmentChecksInContext(t *testing.T) {
	consent := `{"type":"track","userId":"u","event":"Segment Consent Preference Updated","context":`
	runConversions(t, []conversion{
		{"an advertising id of text", `{"type":"page","userId":"u","context":{"library":{},"device":{"advertisingId":""}}}`, `{"context":{"library":{},"device":{"advertisingId":""}}}`},
		{"an advertising id of null", `{"type":"page","userId":"u","context":{"library":{},"device":{"advertisingId":null}}}`, `{}`},
		{"consent", consent + `{"library":{},"consent":{"categoryPreferences":{"a":true},"version":2}}}`, `{}`},
		{"consent that RudderStack noted", consent + `{"library":{},"consentManagement":{"allowedConsentIds":["a"]}}}`, `{"context":{"library":{},"consent":{"categoryPreferences":{"a":true}}}}`},
		{"consent of a page of that name", `{"type":"screen","userId":"u","name":"n","event":"Segment Consent Preference Updated","context":{"library":{}}}`, `{"event":null}`},
		{"consent without a category", consent + `{"library":{},"consent":{"categoryPreferences":{}}}}`, `{}`},
		{"consent of other events", `{"type":"track","userId":"u","event":"E","context":{"library":{},"consent":{"version":"2"}}}`, `{}`},
		{"consent preferences of other events", `{"type":"track","userId":"u","event":"E","context":{"library":{},"consent":{"categoryPreferences":{"ads":"yes"}}}}`, `{}`},
		{"consent preferences in a list of other events", `{"type":"track","userId":"u","event":"E","context":{"library":{},"consent":{"categoryPreferences":["ads"]}}}`, `{}`},
	})
	runRefusals(t, []refusal{
		{"an advertising id of another kind", `{"type":"page","userId":"u","context":{"device":{"advertisingId":1}}}`, segment.ReasonAdvertisingID, "context.device.advertisingId"},
		{"consent without a context", consent + `null}`, segment.ReasonConsentPreferences, "context.consent.categoryPreferences"},
		{"consent without preferences", consent + `{"consent":{}}}`, segment.ReasonConsentPreferences, "context.consent.categoryPreferences"},
		{"consent preferences of null", consent + `{"consent":{"categoryPreferences":null}}}`, segment.ReasonConsentPreferences, "context.consent.categoryPreferences"},
		{"consent of another kind", consent + `{"consent":["ads"]}}`, segment.ReasonConsentPreferences, "context.consent.categoryPreferences"},
		{"consent preferences in a list", consent + `{"consent":{"categoryPreferences":["ads"]}}}`, segment.ReasonConsentNotObject, "context.consent.categoryPreferences"},
		{"consent preferences in an empty list", consent + `{"consent":{"categoryPreferences":[]}}}`, segment.ReasonConsentNotObject, "context.consent.categoryPreferences"},
		{"consent preferences of text", consent + `{"consent":{"categoryPreferences":"ads"}}}`, segment.ReasonConsentNotObject, "context.consent.categoryPreferences"},
		{"a consent preference of text", consent + `{"consent":{"categoryPreferences":{"ads":"yes"}}}}`, segment.ReasonConsentNotBool, "context.consent.categoryPreferences"},
		{"the last consent preference of a number", consent + `{"consent":{"categoryPreferences":{"ads":true,"x":false,"y":1}}}}`, segment.ReasonConsentNotBool, "context.consent.categoryPreferences"},
		{"a consent preference of null", consent + `{"consent":{"categoryPreferences":{"ads":null}}}}`, segment.ReasonConsentNotBool, "context.consent.categoryPreferences"},
		{"a consent preference of an event with an escaped name", strings.Replace(consent, "Consent", `C\u006fnsent`, 1) + `{"consent":{"categoryPreferences":{"ads":"yes"}}}}`, segment.ReasonConsentNotBool, "context.consent.categoryPreferences"},
		{"a consent version of another kind", consent + `{"consent":{"categoryPreferences":{},"version":"2"}}}`, segment.ReasonConsentVersion, "context.consent.version"},
	})
}

func TestOfSeveralContextsTheLastCounts(t *testing.T) {
	call := convertedOne(t, `{"type":"page","userId":"u","context":{"ip":"192.0.2.1","traits":{}},"context":{"locale":"fr"}}`)
	assertMembers(t, `{"context":{"locale":"fr",`+ours+`}}`, call.JSON)
	call = convertedOne(t, `{"type":"page","userId":"u","context":{"ip":"192.0.2.1"},"context":null}`)
	assertMembers(t, `{"context":{`+ours+`}}`, call.JSON)
}

func TestARenamedDuplicateStaysADuplicate(t *testing.T) {
	call := convertedOne(t, `{"type":"page","userId":"u","context":{"ua-ch":{"a":1},"ua-ch":{"b":2},"library":{}}}`)
	assert.Equal(t, 2, strings.Count(string(call.JSON), `"userAgentData"`))
}
