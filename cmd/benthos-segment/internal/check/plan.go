package check

import (
	"strconv"
	"strings"

	"benthos-segment/internal/segment"
)

// planSums are what is said of the tracking plan at the end.
type planSums struct {
	// isGiven says that there is a plan, events how many events break it, and
	// places where they do, by rule.
	isGiven bool
	events  int
	places  tally
}

// againstPlan says where the events of a message do not keep to the tracking plan.
func (k *checker) againstPlan(doc source, findings []segment.Finding) {
	if len(findings) == 0 {
		return
	}
	elements := elementsOf(doc)
	broken := map[string]bool{}
	for i := range findings {
		f := &findings[i]
		payload, index, field := doc.Payload, "", f.Field
		if elements != nil {
			index, field, _ = strings.Cut(f.Field, ".")
			n, _ := strconv.Atoi(index) // The converter has written it.
			payload = elements[n].Payload
		}
		if f.IsViolation() {
			broken[index] = true
		}
		k.plan.places.add(placeInPlan(f, field, payload))
		k.report.found(finding{
			place: doc.at(offsetOfField(doc.Payload, f.Field)), Kind: unplanned, File: k.file,
			Reason: f.Kind.String(), Field: f.Field, Sentence: planSentence(f), isHarmless: !f.IsViolation(),
		})
	}
	k.plan.events += len(broken)
}

func planSentence(f *segment.Finding) string {
	sentence := f.Description
	if f.Rule != nil {
		sentence += " (" + f.Rule.String() + ")"
	}
	return sentence + "; correct the event or the plan"
}

// placeInPlan is what a finding has in common with those of other events: the
// kind, the field without the places in arrays, and the rule with its version and
// labels. An event without a rule has its name.
func placeInPlan(f *segment.Finding, field string, payload []byte) string {
	if f.Rule == nil {
		return f.Kind.String() + ": " + nameOf(payload)
	}
	tokens := strings.Split(field, ".")
	for i, token := range tokens {
		if _, err := strconv.Atoi(token); err == nil {
			tokens[i] = "$"
		}
	}
	return f.Kind.String() + " " + strings.Join(tokens, ".") + ": " + f.Rule.String()
}
