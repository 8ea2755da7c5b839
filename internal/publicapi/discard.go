package publicapi

import "strings"

// discards say what the codes of discards mean, and what to do.
// https://www.twilio.com/docs/segment/connections/delivery-overview
var discards = map[string]string{
	"bad_request":                                         "the request could not be read; send JSON, with that content type",
	"category_not_string":                                 "category is not a text; send a text",
	"common_schema_violation":                             "the call breaks a rule for all calls of the tracking plan; correct the call or the plan",
	"device_advertisingid_should_be_string":               "context.device.advertisingId is not a text; send a text",
	"consent_categorypreferences_should_exist":            "context.consent has no categoryPreferences; send them",
	"consent_categorypreferences_fields_should_be_object": "context.consent.categoryPreferences is not an object; send an object",
	"consent_categorypreferences_fields_should_be_bool":   "a category of context.consent.categoryPreferences is not true or false; send one of them",
	"consent_version_should_be_number":                    "context.consent.version is not a number; send a number",
	"empty_batch":                                         "a batch had no calls; send at least one",
	"event_not_defined":                                   "a track call has no event; name what happened",
	"event_not_string":                                    "the event of a track call is not a text; send a text",
	"event_setting":                                       "the schema of the source blocks the event; allow it there",
	"id_not_string":                                       "an id is not a text; send a text",
	"id_required":                                         "a call lacks an id that its type needs; send it",
	"locked_workspace":                                    "the workspace is locked; talk to Segment",
	"multi_user_error":                                    "a call has several users; send one",
	"name_not_string":                                     "name is not a text; send a text",
	"no_user_anon_id":                                     "a call has neither userId nor anonymousId; send one of them",
	"properties_not_object":                               "properties is not an object; send an object",
	"schema_violation":                                    "the call breaks a rule of the tracking plan; correct the call or the plan",
	"source_disabled":                                     "the source is disabled; enable it",
	"traits_not_object":                                   "traits is not an object; send an object",
	"unknown_source":                                      "no source has the write key; correct the key",
	"unplanned":                                           "the tracking plan has no such event; plan it, or allow unplanned events",
	"unplanned_and_schema_violation":                      "the tracking plan has no such event, and the call breaks a rule of it; plan the event",
}

// Meaning says what the code of a discard means, and what to do. Segment writes
// some codes in capitals.
func Meaning(code string) string {
	if said, known := discards[strings.ToLower(code)]; known {
		return said
	}
	return "look the code up in Segment's list of discards"
}
