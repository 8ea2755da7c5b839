package main

import "benthos-segment/internal/segment"

// explanation says what a reason means to whoever finds it on a dead letter, and
// what to do about it.
type explanation struct {
	Reason segment.Reason
	// kind says who has found what.
	kind reasonKind
	// Meaning says what is wrong, Fix what to do.
	Meaning, Fix string
}

// reasonKind says who finds a reason, and when.
type reasonKind uint8

const (
	// discardCode: Segment answers 200 to such a call and discards it under this
	// name, so that it is refused before it is sent.
	discardCode reasonKind = iota
	// ofPlan: the call breaks the tracking plan of the output. The names are
	// Segment's.
	ofPlan
	// ownReason: the payload cannot become a call, or would not be the call that
	// its sender meant. Segment has no name for it.
	ownReason
	// ofDelivery: the call was fine as far as can be told, and did not get
	// through.
	ofDelivery
	// ofSandbox: only the sandbox says so, of requests that the output never
	// makes.
	ofSandbox
)

// explanations lists every reason once, those that belong together beside each
// other.
var explanations = []explanation{
	{
		segment.ReasonNoUserAnonID, discardCode,
		"The call has neither `userId` nor `anonymousId`. An empty string counts as absent.",
		"Set one of them in `mapping`.",
	},
	{
		segment.ReasonIDNotString, discardCode,
		"`userId`, `anonymousId`, `groupId`, `previousId` or `messageId` is a boolean, an object or an array. The output " +
			"makes strings of numbers and leaves empty strings out; the sandbox reports these as well.",
		"Send a non-empty string, or leave the member out.",
	},
	{
		segment.ReasonIDRequired, discardCode,
		"A group call has no `groupId`, or an alias call has no `previousId` and no `anonymousId` other than its " +
			"`userId`.",
		"Set the field that the dead letter names.",
	},
	{
		segment.ReasonEventNotDefined, discardCode,
		"A track call has no `event`, or an empty one.",
		"Set `event` to the name of what happened.",
	},
	{
		segment.ReasonEventNotString, discardCode,
		"The `event` of a track call is not a string.",
		"Set `event` to the name of what happened. An object is often an envelope around the real event.",
	},
	{
		segment.ReasonPropertiesNotObject, discardCode,
		"`properties` is not a JSON object.",
		"Send an object, or leave the member out. Properties that were encoded as a string need `parse_json()`.",
	},
	{
		segment.ReasonTraitsNotObject, discardCode,
		"`traits` is not a JSON object.",
		"Send an object, or leave the member out. Traits that were encoded as a string need `parse_json()`.",
	},
	{
		segment.ReasonNameNotString, discardCode,
		"The `name` of a page or screen call is not a string. The output leaves an empty one out.",
		"Send a non-empty string, or leave the member out.",
	},
	{
		segment.ReasonCategoryNotString, discardCode,
		"The `category` of a page or screen call is not a string. The output leaves an empty one out.",
		"Send a non-empty string, or leave the member out.",
	},
	{
		segment.ReasonAdvertisingID, discardCode,
		"`context.device.advertisingId` is not a string.",
		"Send a string, or leave the member out.",
	},
	{
		segment.ReasonConsentPreferences, discardCode,
		"The event \"Segment Consent Preference Updated\" has no `context.consent.categoryPreferences`.",
		"Send an object of category ids with `true` or `false`.",
	},
	{
		segment.ReasonConsentNotObject, discardCode,
		"`context.consent.categoryPreferences` of the event \"Segment Consent Preference Updated\" is not an object.",
		"Send an object of category ids with `true` or `false`.",
	},
	{
		segment.ReasonConsentNotBool, discardCode,
		"A category in `context.consent.categoryPreferences` of the event \"Segment Consent Preference Updated\" is " +
			"neither `true` nor `false`.",
		"Send `true` or `false`.",
	},
	{
		segment.ReasonConsentVersion, discardCode,
		"`context.consent.version` of the event \"Segment Consent Preference Updated\" is not a number.",
		"Send a number, or leave the member out.",
	},
	{
		segment.ReasonUnplanned, ofPlan,
		"The plan has no event of this name. Names are compared letter by letter, with capitals and blanks.",
		"Correct the name in the sender or in `mapping`, or add the event to the plan.",
	},
	{
		segment.ReasonSchemaViolation, ofPlan,
		"The call breaks the rule of its event: a property is missing, has another type, is forbidden, or has a value that is not permitted.",
		"Correct the field that the dead letter names, or the rule.",
	},
	{
		segment.ReasonCommonSchemaViolation, ofPlan,
		"The call breaks the rule of the plan that is for all calls.",
		"Correct the field that the dead letter names, or the rule.",
	},
	{
		segment.ReasonBadRequest, ownReason,
		"The payload is JSON but not an event: not an object or an array of objects, an SDK's envelope " +
			"(`{\"batch\": […]}`), or `integrations` is not an object where it would be sent.",
		"The sentence has the mapping that takes the events out, where there is one.",
	},
	{
		segment.ReasonInvalidJSON, ownReason,
		"The payload is not valid JSON, or not UTF-8. The sentence names the byte and what is wrong there, such as `NaN`, " +
			"a comma too many, UTF-16 or gzip.",
		"Correct the sender. Where a mapping can make JSON of it, the sentence has that mapping.",
	},
	{
		segment.ReasonUnknownType, ownReason,
		"`type` is missing, or is none of identify, track, page, screen, group and alias. Often the event is wrapped in " +
			"another object.",
		"Where a wrapped event was found, the sentence has the mapping that unwraps it. Else set `type` in `mapping`; " +
			"events that are not meant for Segment become `deleted()` there.",
	},
	{
		segment.ReasonContextNotObject, ownReason,
		"`context` is not a JSON object.",
		"Send an object, or leave the member out.",
	},
	{
		segment.ReasonTimestampUnparseable, ownReason,
		"`timestamp` cannot be read as a time. Segment would take the time of arrival instead, which moves the event.",
		"Send RFC 3339, such as `2026-01-02T03:04:05Z`. The sentence names the likely form, and the mapping that reads " +
			"it. [segment.md](segment.md#times) lists the forms that are read.",
	},
	{
		segment.ReasonOversizedCall, ownReason,
		"The call is larger than `max_call_bytes`. Segment takes 32 KB, and would refuse the whole request.",
		"Leave out large properties in `mapping`.",
	},
	{
		segment.ReasonMappingFailed, ownReason,
		"Bloblang failed for this message, in the field that the dead letter names: `mapping`, `write_key` or " +
			"`message_id`. The sentence is Bloblang's own and may quote a value of the event.",
		"Correct the mapping, for example with `.or(…)` or `.catch(…)`, and send the event again.",
	},
	{
		segment.ReasonWriteKeyMissing, ownReason,
		"The interpolation in `write_key` gave nothing for this message.",
		"Set a key for it, or filter such messages out before the output.",
	},
	{
		segment.ReasonRefused, ofDelivery,
		"The server refused this call alone, with the status in the sentence (400, 413, 422 or another 4xx), while it " +
			"accepted others.",
		"The status says most. A proxy or a gateway in front of Segment is the usual cause; Segment itself answers " +
			"200 to calls that it does not like.",
	},
	{
		segment.ReasonUndelivered, ofDelivery,
		"Nothing is wrong with the event. `retry.max_elapsed_time` ran out, or `on_setup_error: reject` met a set-up " +
			"error. In the log also: the process was stopped.",
		"Correct what the sentence names, and send the event again as it is. The input can deliver such events again, " +
			"see [dead-letters.md](dead-letters.md#undelivered).",
	},
	{
		segment.ReasonMessageIDTooLong, ofSandbox,
		"`messageId` has more than 100 characters, and Unify drops the call. The output sends a hash of such an id.",
		"Send a hash of the id.",
	},
	{
		segment.ReasonEmptyBatch, ofSandbox,
		"The request has a `batch` without calls.",
		"Send at least one call.",
	},
	{
		segment.ReasonOversizedBatch, ofSandbox,
		"The request is larger than 500 KB, which Segment refuses, or has more than 2,500 calls, which it answers with 200 " +
			"and discards.",
		"Send smaller requests.",
	},
}
