package segment

// Reason is the stable, machine-readable name of what is wrong with a payload. If
// Segment discards such calls, it is Segment's own discard code, so that it can
// be found in Segment's help.
type Reason string

// Segment's discard codes for calls that a sender can recognise,
// https://www.twilio.com/docs/segment/connections/delivery-overview.
const (
	ReasonNoUserAnonID        Reason = "no_user_anon_id"
	ReasonIDRequired          Reason = "id_required"
	ReasonIDNotString         Reason = "id_not_string"
	ReasonEventNotDefined     Reason = "event_not_defined"
	ReasonEventNotString      Reason = "event_not_string"
	ReasonPropertiesNotObject Reason = "properties_not_object"
	ReasonTraitsNotObject     Reason = "traits_not_object"
	ReasonNameNotString       Reason = "name_not_string"
	ReasonCategoryNotString   Reason = "category_not_string"
	ReasonConsentPreferences  Reason = "consent_categorypreferences_should_exist"
	ReasonConsentNotObject    Reason = "consent_categorypreferences_fields_should_be_object"
	ReasonConsentNotBool      Reason = "consent_categorypreferences_fields_should_be_bool"
	ReasonConsentVersion      Reason = "consent_version_should_be_number"
	ReasonAdvertisingID       Reason = "device_advertisingid_should_be_string"
	ReasonBadRequest          Reason = "bad_request"
	ReasonEmptyBatch          Reason = "empty_batch"
)

// Segment's codes for calls that a tracking plan blocks. Only an output with a
// plan of its own refuses them.
const (
	ReasonUnplanned             Reason = "unplanned"
	ReasonSchemaViolation       Reason = "schema_violation"
	ReasonCommonSchemaViolation Reason = "common_schema_violation"
)

// Our own reasons, for which Segment has no code.
const (
	ReasonInvalidJSON          Reason = "invalid_json"
	ReasonUnknownType          Reason = "unknown_type"
	ReasonContextNotObject     Reason = "context_not_object"
	ReasonTimestampUnparseable Reason = "timestamp_unparseable"
	ReasonMessageIDTooLong     Reason = "message_id_too_long"
	ReasonOversizedCall        Reason = "oversized_call"
	ReasonOversizedBatch       Reason = "oversized_batch"
	ReasonMappingFailed        Reason = "mapping_failed"
	ReasonWriteKeyMissing      Reason = "write_key_missing"
	ReasonRefused              Reason = "refused"
	ReasonUndelivered          Reason = "undelivered"
)

// Reasons lists all of them.
func Reasons() []Reason {
	return []Reason{
		ReasonNoUserAnonID,
		ReasonIDRequired,
		ReasonIDNotString,
		ReasonEventNotDefined,
		ReasonEventNotString,
		ReasonPropertiesNotObject,
		ReasonTraitsNotObject,
		ReasonNameNotString,
		ReasonCategoryNotString,
		ReasonConsentPreferences,
		ReasonConsentNotObject,
		ReasonConsentNotBool,
		ReasonConsentVersion,
		ReasonAdvertisingID,
		ReasonBadRequest,
		ReasonEmptyBatch,
		ReasonUnplanned,
		ReasonSchemaViolation,
		ReasonCommonSchemaViolation,
		ReasonInvalidJSON,
		ReasonUnknownType,
		ReasonContextNotObject,
		ReasonTimestampUnparseable,
		ReasonMessageIDTooLong,
		ReasonOversizedCall,
		ReasonOversizedBatch,
		ReasonMappingFailed,
		ReasonWriteKeyMissing,
		ReasonRefused,
		ReasonUndelivered,
	}
}

// Violation says why one call cannot be sent or was not accepted, or why Segment
// would answer it with 200 and discard it.
type Violation struct {
	// Reason names what is wrong.
	Reason Reason
	// Field is the dotted path of the member to blame. It is empty if there is no
	// single one.
	Field string
	// Sentence says what is wrong and how to fix it. It contains no value of the
	// payload, except that the error of a failed mapping may quote one.
	Sentence string
}

// Error returns the stable form that a dead-letter mapping can take apart:
//
//	segment <reason> <field>: <sentence>
//
// with a dash if no field is to blame.
func (v *Violation) Error() string {
	field := v.Field
	if field == "" {
		field = "-"
	}
	return "segment " + string(v.Reason) + " " + field + ": " + v.Sentence
}
