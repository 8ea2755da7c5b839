package trackingapi

import (
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

// maxFindings bounds what is noted of one call.
const maxFindings = 100

// judge notes what the calls break of the tracking plan, if there is one.
func (h *Handler) judge(a *arrival) {
	if h.settings.Plan == nil {
		return
	}
	for i := range a.calls {
		call := &a.calls[i]
		of := segment.ParseType(call.Type)
		if of == segment.UnknownType {
			continue // Segment discards it before it looks into a plan.
		}
		found := h.settings.Plan.Judge(of, call.Raw, call.Raw)
		for _, f := range found[:min(len(found), maxFindings)] {
			call.PlanFindings = append(call.PlanFindings, planFinding(f))
		}
	}
}

// planFinding is a finding as a call shows it.
func planFinding(f segment.Finding) inbox.Violation {
	message := f.Description
	if f.Rule != nil {
		message += " (" + f.Rule.String() + ")"
	}
	return inbox.Violation{
		Code: f.Kind.String(), Field: f.Field,
		Message: message + "; correct the event or the plan",
	}
}
