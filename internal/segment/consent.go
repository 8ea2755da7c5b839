package segment

import (
	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// consentEvent is the only event whose context.consent Segment checks.
// https://www.twilio.com/docs/segment/privacy/consent-management/consent-in-segment-connect
const consentEvent = "Segment Consent Preference Updated"

const consentPreferences = "context.consent.categoryPreferences"

var (
	violationConsentPreferences = &Violation{
		Reason: ReasonConsentPreferences,
		Field:  consentPreferences,
		Sentence: "Segment discards this event without it; " +
			"send an object of category ids with true or false",
	}
	violationConsentNotObject = &Violation{
		Reason: ReasonConsentNotObject,
		Field:  consentPreferences,
		Sentence: "Segment discards this event if this is not an object; " +
			"send an object of category ids with true or false",
	}
	violationConsentNotBool = &Violation{
		Reason: ReasonConsentNotBool,
		Field:  consentPreferences,
		Sentence: "Segment discards this event if a category is neither true nor false; " +
			"send true or false for each category, without quotes",
	}
	violationConsentVersion = &Violation{
		Reason: ReasonConsentVersion,
		Field:  "context.consent.version",
		Sentence: "Segment discards this event if the version is not a number; " +
			"send a number, or leave the member out",
	}
)

// consentRule: the event about the consent of a person has categories that are
// true or false.
func consentRule(d *document) *Violation {
	if event := d.value[fieldEvent]; jsonscan.KindOf(event) != '"' || string(jsonscan.Unquote(event)) != consentEvent {
		return nil
	}
	consent := d.contextMember(contextConsent)
	if v := preferencesViolation(jsonscan.Lookup(consent, "categoryPreferences")); v != nil {
		return v
	}
	if version := jsonscan.Lookup(consent, "version"); version != nil && jsonscan.KindOf(version) != '0' {
		return violationConsentVersion
	}
	return nil
}

func preferencesViolation(preferences jsontext.Value) *Violation {
	switch jsonscan.KindOf(preferences) {
	case 0, 'n':
		return violationConsentPreferences
	case '{':
	default:
		return violationConsentNotObject
	}
	for m := range jsonscan.Members(preferences) {
		if kind := jsonscan.KindOf(m.Value); kind != 't' && kind != 'f' {
			return violationConsentNotBool
		}
	}
	return nil
}
