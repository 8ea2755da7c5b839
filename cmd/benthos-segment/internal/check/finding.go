package check

import (
	"strings"

	"benthos-segment/internal/segment"
)

// kind says what becomes of the event that a finding is about.
type kind string

const (
	// refused events are not sent, and end in the dead letters.
	refused kind = "refused"
	// skipped events are not sent, and nobody misses them.
	skipped kind = "skipped"
	// noted events are sent, and not as their sender may think.
	noted kind = "note"
	// unplanned events are sent, and do not keep to the tracking plan.
	unplanned kind = "plan"
)

// finding is one line of the report.
type finding struct {
	place
	Kind   kind
	File   string
	Reason string
	// Field is empty where no single one is to blame.
	Field    string
	Sentence string
	// isHarmless says of what does not keep to the tracking plan that it breaks
	// nothing.
	isHarmless bool
}

// advice takes a sentence apart: what is wrong, and how to fix it. Sentences have
// a semicolon between both.
func (f finding) advice() (message, fix string) {
	message, fix, _ = strings.Cut(f.Sentence, "; ")
	return message, fix
}

// skips are the reasons to skip an event that its owner should know of. Each has
// its part of the summary. A pipeline's own, which the converter does not count,
// is the first.
var skips = []skipReason{
	byPipeline: {
		name:     "pipeline",
		count:    func(segment.Skips) int { return 0 },
		sentence: "the processors or the mapping of the pipeline drop this event",
		summary:  "which the processors or the mapping of the pipeline drop",
	},
	{
		name: "integrations", field: "integrations",
		count:    func(s segment.Skips) int { return s.Integrations },
		sentence: "this excludes Segment, as RudderStack reads it",
		summary: "whose integrations exclude Segment, as RudderStack reads them; " +
			"to send them, set integrations to forward, which lets Segment obey them, or to drop",
	},
	{
		name: "consent", field: "context.consentManagement",
		count:    func(s segment.Skips) int { return s.Consent },
		sentence: "the person has refused that this event is sent",
		summary:  "whose persons have refused, by the rule of the field consent",
	},
}

// byPipeline is the row of what a pipeline drops.
const byPipeline = 0

// skipReason is a row of that table.
type skipReason struct {
	// name is the reason's, and field is where the event says so.
	name, field string
	// count returns how many events were skipped for it.
	count func(segment.Skips) int
	// sentence is about one event, and summary about all of them.
	sentence, summary string
}
