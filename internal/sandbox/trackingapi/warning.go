package trackingapi

import (
	"strings"

	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

// rule is one that a call can break.
type rule struct {
	reason segment.Reason
	field  string
}

// warned are the rules that cost no call at Segment when they are broken, with
// what happens instead. Segment's list of discards has none of them; its
// id_not_string and id_required are about userId and anonymousId only.
// https://www.twilio.com/docs/segment/connections/delivery-overview
//
// A rule that is not here makes a violation, also one that is added later.
var warned = map[rule]string{
	// Segment coerces what it can; what it does with the rest is not documented.
	{segment.ReasonTimestampUnparseable, "timestamp"}: "Segment may not be able to read this time, and uses the time of arrival then; " +
		"send RFC 3339, such as 2026-01-02T03:04:05Z",
	{segment.ReasonContextNotObject, "context"}: "nothing can be read from a context that is not an object; " +
		"send an object, or leave the member out",
	{segment.ReasonBadRequest, "integrations"}: "nothing can be read from integrations that are not an object, so every destination gets the call; " +
		"send an object, or leave the member out",
	{segment.ReasonIDNotString, "messageId"}: "Segment removes duplicates by this id, and it is not a non-empty string; " +
		"send a non-empty string, or leave the member out",
	{segment.ReasonMessageIDTooLong, "messageId"}: "Unify drops a call whose messageId has more than 100 characters, while destinations get it; " +
		"send a hash of the id",
	{segment.ReasonIDRequired, "groupId"}: "Unify drops a group call without a groupId, and destinations have no group to act on; " +
		"set groupId to a non-empty string",
	{segment.ReasonIDNotString, "groupId"}: "Unify drops a group call whose groupId is empty, and destinations expect a string; " +
		"set groupId to a non-empty string",
	{segment.ReasonIDRequired, "previousId"}: "an alias call without a previousId joins nothing; " +
		"set previousId to the id that userId replaces",
	{segment.ReasonIDNotString, "previousId"}: "an alias call whose previousId is not a non-empty string joins nothing; " +
		"set previousId to the id that userId replaces",
}

// sortOut tells what Segment would discard the call for from what it would
// accept all the same.
func sortOut(broken []*segment.Violation) (violations, warnings []inbox.Violation) {
	for _, v := range broken {
		found := inbox.Violation{Code: string(v.Reason), Field: v.Field, Message: v.Sentence}
		sentence, isWarning := warned[rule{v.Reason, v.Field}]
		if !isWarning {
			violations = append(violations, found)
			continue
		}
		found.Message = sentence
		warnings = append(warnings, found)
	}
	return violations, warnings
}

// warnOfBlanks returns a warning for each name and id of a call that begins or
// ends with a blank.
func warnOfBlanks(c *inbox.Call) (warnings []inbox.Violation) {
	name := "name"
	if c.Type == segment.Track.String() {
		name = "event"
	}
	for _, member := range []struct{ field, value string }{
		{name, c.Name}, {"userId", c.UserID}, {"anonymousId", c.AnonymousID}, {"previousId", c.PreviousID}, {"groupId", c.GroupID},
	} {
		if strings.TrimSpace(member.value) != member.value {
			warnings = append(warnings, inbox.Violation{
				Code: inbox.BlanksAround, Field: member.field,
				Message: "this value begins or ends with a blank, and is another one than that without; trim it before it is sent",
			})
		}
	}
	return warnings
}
