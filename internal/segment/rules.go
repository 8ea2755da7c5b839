package segment

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// maxMessageIDRunes is the length of the longest message id that Segment accepts.
// Unify silently drops longer ones.
// https://www.twilio.com/docs/segment/unify/product-limits
const maxMessageIDRunes = 100

// rule checks one aspect of calls.
type rule struct {
	// on are the types of calls that it checks.
	on typeSet
	// broken returns nil if the call is fine.
	broken func(d *document) *Violation
}

// rules are what Segment demands of a call, in the order in which a person
// would fix them. The converter stops at the first broken one; Inspect checks
// all.
var rules = [...]rule{
	idRule(fieldUserID),
	idRule(fieldAnonymousID),
	{onAny, someIDRule},
	{on(Track), eventRule},
	objectRule(fieldProperties, ReasonPropertiesNotObject),
	objectRule(fieldTraits, ReasonTraitsNotObject),
	objectRule(fieldContext, ReasonContextNotObject),
	objectRule(fieldIntegrations, ReasonBadRequest),
	nameRule(fieldName, ReasonNameNotString),
	nameRule(fieldCategory, ReasonCategoryNotString),
	requiredIDRule(fieldGroupID, "a group call needs a group; set groupId to a non-empty string"),
	requiredIDRule(fieldPreviousID, "an alias call needs the id that is replaced; set previousId, "+
		"or an anonymousId that differs from userId"),
	{onAny, messageIDRule},
	{onAny, advertisingIDRule},
	{on(Track), consentRule},
}

// rulesOf lists the rules for each type.
var rulesOf = func() (lists [len(typeNames)][]rule) {
	for t := range lists {
		for _, r := range rules {
			if r.on.has(Type(t)) {
				lists[t] = append(lists[t], r)
			}
		}
	}
	return lists
}()

// firstViolation returns the violation of the first rule that the call breaks, or
// nil.
func (d *document) firstViolation(t Type) *Violation {
	for i := range rulesOf[t] {
		if v := rulesOf[t][i].broken(d); v != nil {
			return v
		}
	}
	return nil
}

// idRule: an id is a non-empty string.
func idRule(f field) rule {
	broken := &Violation{
		Reason: ReasonIDNotString,
		Field:  fields[f].name,
		Sentence: "Segment discards a call whose id is not a non-empty string; " +
			"send a non-empty string, or leave the member out",
	}
	return rule{onAny, func(d *document) *Violation {
		if !d.has(f) || jsonscan.IsText(d.value[f]) {
			return nil
		}
		return broken
	}}
}

var violationNoID = &Violation{
	Reason: ReasonNoUserAnonID,
	Field:  fields[fieldUserID].name,
	Sentence: "Segment discards a call without userId and anonymousId; " +
		"set one of them in the mapping",
}

func someIDRule(d *document) *Violation {
	if d.has(fieldUserID) || d.has(fieldAnonymousID) {
		return nil
	}
	return violationNoID
}

var (
	violationNoEvent = &Violation{
		Reason: ReasonEventNotDefined,
		Field:  fields[fieldEvent].name,
		Sentence: "Segment discards a track call without the name of its event; " +
			"set event to a non-empty string",
	}
	violationEventNotString = &Violation{
		Reason:   ReasonEventNotString,
		Field:    fields[fieldEvent].name,
		Sentence: "Segment discards a track call whose event is not a string; set event to the name of the event",
	}
)

func eventRule(d *document) *Violation {
	switch {
	case jsonscan.IsText(d.value[fieldEvent]):
		return nil
	case !d.has(fieldEvent) || jsonscan.KindOf(d.value[fieldEvent]) == '"':
		return violationNoEvent
	default:
		return violationEventNotString
	}
}

// objectRule: the field f is an object, if it is there.
func objectRule(f field, reason Reason) rule {
	broken := func(sentence string) *Violation {
		return &Violation{Reason: reason, Field: fields[f].name, Sentence: sentence}
	}
	notObject := broken("this must be a JSON object; send an object, or leave the member out")
	array := broken("this is an array and must be a JSON object; send an object, or leave the member out. " +
		"PHP writes an array without names as a list: give each value a name, as in ['plan' => 'pro']")
	return rule{fields[f].on, func(d *document) *Violation {
		switch kind := jsonscan.KindOf(d.value[f]); kind {
		case 0, '{':
			return nil
		case '[':
			return array
		default:
			return notObject
		}
	}}
}

// nameRule: the name and the category of a page or screen are non-empty strings,
// if they are there.
func nameRule(f field, reason Reason) rule {
	broken := &Violation{
		Reason: reason,
		Field:  fields[f].name,
		Sentence: "Segment discards a call where this is not a non-empty string; " +
			"send a non-empty string, or leave the member out",
	}
	return rule{fields[f].on, func(d *document) *Violation {
		if !d.has(f) || jsonscan.IsText(d.value[f]) {
			return nil
		}
		return broken
	}}
}

// requiredIDRule: the id f must be there on the calls that have it.
func requiredIDRule(f field, sentence string) rule {
	missing := &Violation{Reason: ReasonIDRequired, Field: fields[f].name, Sentence: sentence}
	notText := idRule(f)
	return rule{fields[f].on, func(d *document) *Violation {
		if !d.has(f) {
			return missing
		}
		return notText.broken(d)
	}}
}

var (
	violationMessageIDNotString = &Violation{
		Reason:   ReasonIDNotString,
		Field:    fields[fieldMessageID].name,
		Sentence: "Segment removes duplicates by this id, which must be a non-empty string; send one, or leave the member out",
	}
	violationMessageIDTooLong = &Violation{
		Reason:   ReasonMessageIDTooLong,
		Field:    fields[fieldMessageID].name,
		Sentence: "Segment accepts ids of at most 100 characters; send a hash of a longer id",
	}
)

func messageIDRule(d *document) *Violation {
	id := d.value[fieldMessageID]
	switch {
	case !d.has(fieldMessageID):
		return nil
	case !jsonscan.IsText(id):
		return violationMessageIDNotString
	case isLongMessageID(id):
		return violationMessageIDTooLong
	default:
		return nil
	}
}

func isLongMessageID(quoted jsontext.Value) bool {
	if len(quoted)-len(`""`) <= maxMessageIDRunes {
		return false
	}
	return utf8.RuneCount(jsonscan.Unquote(quoted)) > maxMessageIDRunes
}

var violationAdvertisingID = &Violation{
	Reason:   ReasonAdvertisingID,
	Field:    "context.device.advertisingId",
	Sentence: "Segment discards a call where this is not a string; send a string, or leave the member out",
}

func advertisingIDRule(d *document) *Violation {
	id := jsonscan.Lookup(d.contextMember(contextDevice), "advertisingId")
	if id == nil || jsonscan.KindOf(id) == '"' || jsonscan.KindOf(id) == 'n' {
		return nil
	}
	return violationAdvertisingID
}
