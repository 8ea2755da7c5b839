package segment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/jsonscan"
)

// Plan is a tracking plan. It must be safe for concurrent use.
type Plan interface {
	// Judge returns where a call does not keep to the plan: event is the event as
	// it came in, and call what is sent of it.
	Judge(t Type, event, call []byte) []Finding
}

// PlanMode says what happens to a call that breaks the tracking plan.
type PlanMode uint8

const (
	// PlanPass sends it.
	PlanPass PlanMode = iota
	// PlanMark sends it, and writes into it what is wrong.
	PlanMark
	// PlanReject refuses it.
	PlanReject
)

// FindingKind says what is wrong.
type FindingKind uint8

const (
	// FindingUnplannedEvent: the plan has no event of that name.
	FindingUnplannedEvent FindingKind = iota
	// FindingMissing: a member that the plan requires is missing.
	FindingMissing
	// FindingMistyped: a member has another type than in the plan.
	FindingMistyped
	// FindingExtra: a member that the plan forbids.
	FindingExtra
	// FindingInvalid: a value that the plan does not allow.
	FindingInvalid
	// FindingUnplannedProperty: a property or trait that the plan does not have,
	// and does not forbid. It breaks nothing.
	FindingUnplannedProperty
	// FindingUnjudged: a pattern of the plan took too long, and the call passed. It
	// breaks nothing.
	FindingUnjudged

	findingKindCount
)

// findingKinds are labels of a metric and must not change.
var findingKinds = [findingKindCount]string{
	FindingUnplannedEvent:    "unplanned_event",
	FindingMissing:           "missing",
	FindingMistyped:          "mistyped",
	FindingExtra:             "extra",
	FindingInvalid:           "invalid",
	FindingUnplannedProperty: "unplanned_property",
	FindingUnjudged:          "unjudged",
}

// String returns the name of the kind in metrics and reports.
func (k FindingKind) String() string { return findingKinds[k] }

// Finding is a place where a call does not keep to the tracking plan. It has
// names of members but never a value.
type Finding struct {
	Kind FindingKind
	// Type is the name that such a violation has at the maker of the plan.
	Type string
	// Field is the dotted path of the member. It is empty if it is the whole call.
	Field string
	// Description says what is wrong.
	Description string
	// Rule is the rule that the call breaks. It is nil for an unplanned event.
	Rule *PlanRule
}

// IsViolation reports whether the plan is broken.
func (f *Finding) IsViolation() bool { return f.Kind < FindingUnplannedProperty }

// String describes the finding.
func (f *Finding) String() string {
	text := "plan " + f.Kind.String() + " " + fieldText(f.Field) + ": " + f.Description
	if f.Rule != nil {
		text += " (" + f.Rule.String() + ")"
	}
	return text
}

// FindingCounts counts findings by their kind.
type FindingCounts [findingKindCount]int

// Add counts some findings.
func (c *FindingCounts) Add(all []Finding) {
	for i := range all {
		c[all[i].Kind]++
	}
}

// PlanRule names a rule of a plan.
type PlanRule struct {
	// Type is that of the calls, or common for the rule of all calls.
	Type string
	// Name is that of the event, if the rule is for one.
	Name    string
	Version int
	// Labels are those of the plan, such as the team that owns the event.
	Labels map[string]string
}

// PlanRuleCommon is the type of the rule for all calls.
const PlanRuleCommon = "common"

// String names the rule, with its version and its labels.
func (r *PlanRule) String() string {
	text := "the rule for " + r.Type + " calls"
	switch {
	case r.Type == PlanRuleCommon:
		text = "the rule for all calls"
	case r.Name != "":
		text = "the rule for " + r.Type + " " + strconv.Quote(r.Name)
	}
	text += ", version " + strconv.Itoa(r.Version)
	labels := make([]string, 0, len(r.Labels))
	for name, value := range r.Labels {
		labels = append(labels, name+":"+value)
	}
	slices.Sort(labels)
	if len(labels) > 0 {
		text += ", " + strings.Join(labels, " ")
	}
	return text
}

// judge finds out whether a call keeps to the plan, and marks or refuses it if
// that is wanted.
func (c *Converter) judge(call *Call) *Violation {
	findings := c.conf.Plan.Judge(call.Type, c.doc.raw, call.JSON)
	if len(findings) == 0 {
		return nil
	}
	for _, f := range findings {
		if c.notes.element != notInArray {
			f.Field = strings.TrimSuffix(strconv.Itoa(c.notes.element)+"."+f.Field, ".")
		}
		c.findings = append(c.findings, f)
	}
	violations := slices.DeleteFunc(findings, func(f Finding) bool { return !f.IsViolation() })
	switch {
	case len(violations) == 0 || c.conf.PlanMode == PlanPass:
	case c.conf.PlanMode == PlanReject:
		return planViolation(violations)
	default:
		c.mark(call, violations)
	}
	return nil
}

// planViolation says why a call is refused, by its first violation.
func planViolation(all []Finding) *Violation {
	worst := slices.MinFunc(all, func(a, b Finding) int { return planSeverity(a) - planSeverity(b) })
	v := &Violation{
		Reason: [...]Reason{ReasonUnplanned, ReasonSchemaViolation, ReasonCommonSchemaViolation}[planSeverity(worst)],
		Field:  fieldText(worst.Field),
	}
	v.Sentence = "this breaks the tracking plan: " + worst.Description
	if worst.Rule != nil {
		v.Sentence += " (" + worst.Rule.String() + ")"
	}
	if len(all) > 1 {
		v.Sentence += fmt.Sprintf(", the first of %d violations", len(all))
	}
	v.Sentence += "; correct the event or the plan"
	return v
}

// planSeverity orders violations by what Segment blocks a call for.
func planSeverity(f Finding) int {
	switch {
	case f.Rule == nil:
		return 0
	case f.Rule.Type != PlanRuleCommon:
		return 1
	default:
		return 2
	}
}

// fieldText is a path that can stand in an error, where blanks end it.
func fieldText(path string) string {
	if path == "" {
		return ""
	}
	const longest = 200
	text := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsGraphic(r) {
			return '_'
		}
		return r
	}, path)
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// maxMarks bounds the violations that are written into a call.
const maxMarks = 20

// mark writes violations into context.protocols of a call, where Segment writes
// them. A call that would become too large stays as it is.
// https://www.twilio.com/docs/segment/protocols/faq
func (c *Converter) mark(call *Call, violations []Finding) {
	violations = violations[:min(len(violations), maxMarks)]
	context := jsonscan.Lookup(call.JSON, fields[fieldContext].name)
	list := []byte{'['}
	for i := range violations {
		if i > 0 {
			list = append(list, ',')
		}
		list = appendMark(list, &violations[i])
	}
	protocols := withMember(jsonscan.Lookup(context, "protocols"), "violations", append(list, ']'))
	marked := withMember(call.JSON, fields[fieldContext].name, withMember(context, "protocols", protocols))
	if c.conf.MaxCallBytes > 0 && len(marked) > c.conf.MaxCallBytes {
		return
	}
	buf := c.calls.Reserve(len(marked))
	start := len(buf)
	buf = append(buf, marked...)
	c.calls.Commit(buf)
	call.JSON = buf[start:len(buf):len(buf)]
}

func appendMark(list []byte, f *Finding) []byte {
	list = append(append(list, `{"type":`...), appendQuoted(nil, f.Type)...)
	list = append(append(list, `,"field":`...), appendQuoted(nil, f.Field)...)
	return append(append(append(list, `,"description":`...), appendQuoted(nil, f.Description)...), '}')
}

// withMember returns an object in which a member has that value. What is no
// object becomes one.
func withMember(object jsontext.Value, name string, value []byte) jsontext.Value {
	quoted := jsontext.Value(strconv.Quote(name))
	w := jsonobject.Begin(make([]byte, 0, len(object)+len(value)+len(name)+8))
	isThere := false
	for m := range jsonscan.Members(object) {
		if m.Named(name) {
			if isThere {
				continue
			}
			m.Value, isThere = value, true
		}
		w.Member(m)
	}
	if !isThere {
		w.Member(jsonscan.Member{Name: quoted, Value: value})
	}
	return w.End()
}
