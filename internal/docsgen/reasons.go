package main

import _ "embed"

const reasonsPageName = "reasons.md"

//go:embed reasons.md.tmpl
var reasonsTemplate string

// reasonGroup is a part of the page of reasons.
type reasonGroup struct {
	Title, Intro string
	Reasons      []explanation
}

// reasonsPage renders the page of every reason for which a call is not sent.
func reasonsPage() ([]byte, error) {
	groups := []reasonGroup{
		discardCode: {
			Title: "Segment's discard codes",
			Intro: "Segment answers 200 to such a call and discards it under this name, " +
				"which you find in the Delivery Overview of the source and in Segment's help. " +
				"The output refuses it before it is sent.",
		},
		ofPlan: {
			Title: "Reasons of the tracking plan",
			Intro: "The call breaks the plan in [`tracking_plan`](segment.md#tracking_plan), and `on_violation: reject` is set. " +
				"Segment blocks such calls under the same names, if its own plan says so. The sentence names the rule: " +
				"[tracking-plans.md](tracking-plans.md).",
		},
		ownReason: {
			Title: "Reasons of our own",
			Intro: "The event cannot become a call, or it would not be the call that its sender meant.",
		},
		ofDelivery: {
			Title: "Reasons of delivery",
			Intro: "The event became a call, and the call was not accepted.",
		},
		ofSandbox: {
			Title: "Only in the sandbox",
			Intro: "The output never sends such requests. The sandbox reports them for other senders.",
		},
	}
	for _, e := range explanations {
		groups[e.kind].Reasons = append(groups[e.kind].Reasons, e)
	}
	return render(reasonsTemplate, groups)
}
