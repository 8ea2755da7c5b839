// Package plan judges calls by a tracking plan, of Segment's or of RudderStack's,
// as its maker would.
//
// A plan is a list of JSON Schemas, one for each event. Segment's are for the
// call as it is sent, RudderStack's for the event as its SDK wrote it.
//
//	https://www.twilio.com/docs/segment/protocols
//	https://www.rudderstack.com/docs/data-governance/tracking-plans/
package plan

import (
	"cmp"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/jsonscan"
)

// Vendor says whose plan it is.
type Vendor string

// The two whose plans are understood.
const (
	Segment     Vendor = "segment"
	RudderStack Vendor = "rudderstack"
)

// Plan is a tracking plan. It is safe for concurrent use.
type Plan struct {
	Vendor   Vendor
	ID, Name string

	// rules has the versions of each rule, the oldest first.
	rules  map[key][]*rule
	common []*rule
	// commonNeed is what the common rules have to see.
	commonNeed *need
}

var _ segment.Plan = (*Plan)(nil)

// key is what a rule is found by. The name is that of an event, a page or a
// screen, and empty for all others.
type key struct {
	of   segment.Type
	name string
}

// ruleType is the type of a rule: of one type of calls, or of all calls.
type ruleType struct {
	of       segment.Type
	isCommon bool
}

func (t ruleType) String() string {
	if t.isCommon {
		return "common"
	}
	return t.of.String()
}

// branch is the member of a call whose names are compared with the plan.
func (t ruleType) branch() string {
	switch t.of {
	case segment.Track, segment.Page, segment.Screen:
		return "properties"
	case segment.Identify, segment.Group:
		return "traits"
	default:
		return ""
	}
}

// rule is one rule of a plan.
type rule struct {
	segment.PlanRule
	line     int
	isCommon bool
	schema   *jsonschema.Schema
	// skipped counts the texts that passed because a pattern takes too long.
	skipped *atomic.Int64
	// need is what this rule and the common ones have to see of a call.
	need *need
	// names are those that may be in the properties or traits of the call.
	names *names
	// branches are the schemas of the members of a call.
	branches *node
}

// settle orders the versions, and tells each rule what the common ones say.
func (p *Plan) settle() {
	for _, c := range p.common {
		p.commonNeed = p.commonNeed.and(c.need)
	}
	for at, versions := range p.rules {
		slices.SortFunc(versions, func(a, b *rule) int { return cmp.Compare(a.Version, b.Version) })
		branch := ruleType{of: at.of}.branch()
		for _, r := range versions {
			r.need = r.need.and(p.commonNeed)
			for _, c := range p.common {
				if inner := c.branches.get(branch); inner != nil && r.names != nil {
					r.names = r.names.and(namesOf(inner))
				}
			}
		}
	}
}

// Rules returns how many rules the plan has.
func (p *Plan) Rules() int {
	count := len(p.common)
	for _, versions := range p.rules {
		count += len(versions)
	}
	return count
}

// Judge returns where a call does not keep to the plan: event is the event as
// it came in, and call what is sent of it. Both must be valid.
func (p *Plan) Judge(t segment.Type, event, call []byte) []segment.Finding {
	if p.Vendor == RudderStack {
		return p.judge(t, event)
	}
	return p.judge(t, call)
}

func (p *Plan) judge(t segment.Type, subject jsontext.Value) (findings []segment.Finding) {
	r, isPlanned := p.ruleOf(t, subject)
	if !isPlanned {
		findings = append(findings, p.unplannedEvent())
	}
	n := p.commonNeed
	if r != nil {
		n = r.need
	}
	if n == nil {
		return findings
	}
	decoded := n.decode(subject)
	if r != nil {
		findings = p.validate(findings, r, decoded)
		findings = r.unplannedNames(findings, t, subject)
	}
	for _, c := range p.common {
		findings = p.validate(findings, c, decoded)
	}
	return findings
}

// ruleOf returns the rule of a call, if there is one. Only a track call without
// one is unplanned.
func (p *Plan) ruleOf(t segment.Type, subject jsontext.Value) (r *rule, isPlanned bool) {
	var versions []*rule
	switch t {
	case segment.Track:
		name := jsonscan.UnquoteText(jsonscan.Lookup(subject, "event"))
		if versions = p.rules[key{t, name}]; versions == nil {
			return nil, false
		}
	case segment.Page, segment.Screen:
		versions = p.viewed(t, subject)
	default:
		versions = p.rules[key{of: t}]
	}
	if versions == nil {
		return nil, true
	}
	return pick(versions, subject), true
}

// viewed returns the rule of a page or screen: that of its name, else that of
// all pages or screens, else that of the event that Segment makes of them.
func (p *Plan) viewed(t segment.Type, subject jsontext.Value) []*rule {
	name := jsonscan.UnquoteText(jsonscan.Lookup(subject, "name"))
	if versions := p.rules[key{t, name}]; versions != nil {
		return versions
	}
	if versions := p.rules[key{of: t}]; versions != nil || p.Vendor == RudderStack {
		return versions
	}
	return p.rules[key{segment.Track, viewedEvents[t]}]
}

// viewedEvents are the events that Segment makes of pages and screens.
var viewedEvents = map[segment.Type]string{segment.Page: "Page Viewed", segment.Screen: "Screen Viewed"}

// pick returns the version that the call names, or the oldest.
func pick(versions []*rule, subject jsontext.Value) *rule {
	if len(versions) == 1 {
		return versions[0]
	}
	protocols := jsonscan.Lookup(jsonscan.Lookup(subject, "context"), "protocols")
	// An integer may be written as 2.0.
	wanted, err := strconv.ParseFloat(string(jsonscan.Lookup(protocols, "event_version")), 64)
	if err != nil {
		return versions[0]
	}
	for _, r := range versions {
		if float64(r.Version) == wanted {
			return r
		}
	}
	return versions[0]
}

// unplannedNames adds the properties or traits that the plan does not have.
func (r *rule) unplannedNames(findings []segment.Finding, t segment.Type, subject jsontext.Value) []segment.Finding {
	if r.names == nil || r.names.isOpen {
		return findings
	}
	branch := ruleType{of: t}.branch()
	first := len(findings)
	r.names.unplanned(branch, jsonscan.Lookup(subject, branch), func(path string) {
		findings = append(findings, segment.Finding{
			Kind: segment.FindingUnplannedProperty, Type: typesOf[Segment][segment.FindingUnplannedProperty],
			Field: path, Description: "the plan has no such property", Rule: &r.PlanRule,
		})
	})
	slices.SortFunc(findings[first:], compareFindings)
	return findings
}

func (p *Plan) unplannedEvent() segment.Finding {
	return segment.Finding{
		Kind: segment.FindingUnplannedEvent, Type: typesOf[p.Vendor][segment.FindingUnplannedEvent],
		Field: "event", Description: "the plan has no event of this name",
	}
}
