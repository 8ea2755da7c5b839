package plan

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"benthos-segment/internal/segment"
)

// typesOf are the names that violations have at Segment and at RudderStack.
var typesOf = map[Vendor]map[segment.FindingKind]string{
	Segment: {
		segment.FindingUnplannedEvent:    "Unplanned Event",
		segment.FindingUnplannedProperty: "Unplanned Property",
		segment.FindingMissing:           "Required",
		segment.FindingMistyped:          "Invalid Type",
		segment.FindingExtra:             "Additional Property",
		segment.FindingInvalid:           "Invalid Value",
	},
	RudderStack: {
		segment.FindingUnplannedEvent: "Unplanned-Event",
		segment.FindingMissing:        "Required-Missing",
		segment.FindingMistyped:       "Datatype-Mismatch",
		segment.FindingExtra:          "Additional-Properties",
		segment.FindingInvalid:        "Advance-Rules-Violation",
	},
}

// unjudged has no name at RudderStack, which does not tell.
const unjudged = "Unjudged"

// unknownViolation is what RudderStack calls all that it has no name for.
const unknownViolation = "Unknown-Violation"

// validate adds what a rule finds wrong.
func (p *Plan) validate(findings []segment.Finding, r *rule, decoded any) []segment.Finding {
	err := r.schema.Validate(decoded)
	if r.skipped.Load() > 0 && r.skipped.Swap(0) > 0 {
		// It may be another event that is judged at the same time. The rule is right.
		findings = append(findings, segment.Finding{
			Kind: segment.FindingUnjudged, Type: unjudged, Rule: &r.PlanRule,
			Description: "a pattern takes too long to match, so that it was not judged; simplify the pattern",
		})
	}
	if err == nil {
		return findings
	}
	invalid := err.(*jsonschema.ValidationError)
	first := len(findings)
	f := finder{vendor: p.Vendor, rule: r, findings: findings}
	f.add(invalid)
	slices.SortFunc(f.findings[first:], compareFindings)
	return slices.CompactFunc(f.findings, func(a, b segment.Finding) bool {
		return a.Rule == b.Rule && compareFindings(a, b) == 0
	})
}

// compareFindings puts findings into an order that does not depend on chance.
func compareFindings(a, b segment.Finding) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Description, b.Description))
}

// finder makes findings of the errors of a validator.
type finder struct {
	vendor   Vendor
	rule     *rule
	findings []segment.Finding
}

func (f *finder) add(e *jsonschema.ValidationError) {
	if f.vendor == RudderStack {
		f.addCondition(e)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		f.causes(e)
	case *kind.Type:
		f.found(segment.FindingMistyped, e, "", "Invalid type. Expected: "+strings.Join(k.Want, " or ")+", given: "+k.Got)
	case *kind.Required:
		for _, name := range k.Missing {
			f.found(segment.FindingMissing, e, name, "this is required and missing")
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			f.found(segment.FindingExtra, e, name, "the plan allows no other members than its own")
		}
	case *kind.FalseSchema:
		f.extra(e)
	default:
		f.invalid(e)
	}
}

func (f *finder) causes(e *jsonschema.ValidationError) {
	for _, cause := range e.Causes {
		f.add(cause)
	}
}

// extra is about a member that a schema forbids.
func (f *finder) extra(e *jsonschema.ValidationError) {
	if strings.HasSuffix(e.SchemaURL, "/unevaluatedProperties") || strings.HasSuffix(e.SchemaURL, "/additionalProperties") {
		f.found(segment.FindingExtra, e, "", "the plan allows no other members than its own")
		return
	}
	f.other(e, "the plan forbids this")
}

// invalid is about a value of the right type. What the value is, is not told.
func (f *finder) invalid(e *jsonschema.ValidationError) {
	says := f.found
	switch k := e.ErrorKind.(type) {
	case *kind.Enum:
		says(segment.FindingInvalid, e, "", "it is none of the permitted values")
	case *kind.Pattern:
		says(segment.FindingInvalid, e, "", "it does not match the pattern "+k.Want)
	case *kind.Format:
		says(segment.FindingInvalid, e, "", "it does not have the format "+k.Want)
	case *kind.MinLength:
		says(segment.FindingInvalid, e, "", fmt.Sprintf("it must have at least %d characters", k.Want))
	case *kind.MaxLength:
		says(segment.FindingInvalid, e, "", fmt.Sprintf("it must have at most %d characters", k.Want))
	case *kind.MinItems:
		says(segment.FindingInvalid, e, "", fmt.Sprintf("it must have at least %d elements", k.Want))
	case *kind.MaxItems:
		says(segment.FindingInvalid, e, "", fmt.Sprintf("it must have at most %d elements", k.Want))
	case *kind.UniqueItems:
		says(segment.FindingInvalid, e, "", "its elements must differ from each other")
	case *kind.Minimum:
		says(segment.FindingInvalid, e, "", "it must be at least "+exact(k.Want))
	case *kind.Maximum:
		says(segment.FindingInvalid, e, "", "it must be at most "+exact(k.Want))
	case *kind.ExclusiveMinimum:
		says(segment.FindingInvalid, e, "", "it must be more than "+exact(k.Want))
	case *kind.ExclusiveMaximum:
		says(segment.FindingInvalid, e, "", "it must be less than "+exact(k.Want))
	case *kind.MultipleOf:
		says(segment.FindingInvalid, e, "", "it must be a multiple of "+exact(k.Want))
	case *kind.AnyOf:
		f.alternatives(e, "it must match one of several schemas, and matches none")
	case *kind.OneOf:
		f.alternatives(e, "it must match exactly one of several schemas")
	case *kind.Dependency:
		f.missing(e, k.Missing, k.Prop)
	case *kind.DependentRequired:
		f.missing(e, k.Missing, k.Prop)
	default:
		f.other(e, "it breaks the rule "+strings.Join(e.ErrorKind.KeywordPath(), "."))
	}
}

// missing is about members that another one needs.
func (f *finder) missing(e *jsonschema.ValidationError, names []string, because string) {
	for _, name := range names {
		f.at(segment.FindingMissing, f.unknown(segment.FindingMissing), e, name, "this is required beside "+because+", and missing")
	}
}

// alternatives is about schemas one of which has to match. RudderStack also
// lists what is wrong with each.
func (f *finder) alternatives(e *jsonschema.ValidationError, says string) {
	f.other(e, says)
	if f.vendor == RudderStack {
		f.causes(e)
	}
}

func (f *finder) other(e *jsonschema.ValidationError, says string) {
	f.at(segment.FindingInvalid, f.unknown(segment.FindingInvalid), e, "", says)
}

// unknown is the type of what RudderStack has no name for.
func (f *finder) unknown(k segment.FindingKind) string {
	if f.vendor == RudderStack {
		return unknownViolation
	}
	return typesOf[f.vendor][k]
}

// addCondition adds that a condition is not met, which RudderStack reports
// beside the reason for it.
func (f *finder) addCondition(e *jsonschema.ValidationError) {
	if len(e.Causes) > 0 || !isConditional(e.SchemaURL) {
		return
	}
	f.at(segment.FindingInvalid, typesOf[RudderStack][segment.FindingInvalid], &jsonschema.ValidationError{
		InstanceLocation: nil, ErrorKind: &kind.Group{},
	}, "", "a condition of the plan is not met")
}

// isConditional reports whether a place in a schema is below a then or an else.
func isConditional(url string) bool {
	tokens := strings.Split(url, "/")
	for i := 1; i < len(tokens); i++ {
		if tokens[i] != "then" && tokens[i] != "else" {
			continue
		}
		switch tokens[i-1] {
		case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
		default:
			return true
		}
	}
	return false
}

// found adds a finding about a value, or about its member of that name.
func (f *finder) found(k segment.FindingKind, e *jsonschema.ValidationError, member, says string) {
	f.at(k, typesOf[f.vendor][k], e, member, says)
}

func (f *finder) at(k segment.FindingKind, typ string, e *jsonschema.ValidationError, member, says string) {
	path := e.InstanceLocation
	if member != "" {
		path = append(slices.Clone(path), member)
	}
	f.findings = append(f.findings, segment.Finding{
		Kind: k, Type: typ, Field: strings.Join(path, "."), Description: says, Rule: &f.rule.PlanRule,
	})
}

// exact writes a number of the plan with all its digits.
func exact(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	digits, isExact := n.FloatPrec()
	if !isExact {
		return n.RatString()
	}
	return n.FloatString(digits)
}
