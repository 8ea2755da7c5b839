package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"benthos-segment/internal/segment"
)

// Parse reads a plan from its file: the rules of Segment's Public API, also as
// typewriter or the Config API keep them, or the events of a plan of
// RudderStack. Its errors are of type *Error.
func Parse(file []byte) (*Plan, error) {
	root, err := parse(file)
	if err != nil {
		return nil, err
	}
	r := &reader{plan: &Plan{rules: make(map[key][]*rule)}}
	if err := r.document(root); err != nil {
		return nil, err
	}
	r.plan.settle()
	return r.plan, nil
}

// reader gathers the rules of a file.
type reader struct {
	plan *Plan
}

const notAPlan = "this is no tracking plan: it has no rules as in Segment's Public API (GET /tracking-plans/{id}/rules), " +
	"and no events with rules as in RudderStack's plans"

// document reads one of the shapes that plans have.
func (r *reader) document(root *node) error {
	if data := root.get("data"); data != nil {
		root = data // The envelope of an API.
	}
	if next := root.get("pagination").get("next"); next != nil {
		return &Error{Line: next.line, Text: "this is one page of several, and events of the others would count as unplanned: " +
			"read the other pages too, and put their rules into one list"}
	}
	rules, events := root.get("rules"), root.get("events")
	r.plan.ID = firstText(root.get("id"), root.get("trackingPlanId"))
	r.plan.Name = firstText(root.get("display_name"), root.get("name"))
	switch {
	case rules.isArray():
		return r.segmentRules(rules)
	case rules.isObject():
		return r.older(root, rules)
	case events.isArray() && isOlder(events):
		return r.older(root, &node{line: events.line, kind: '{', names: []string{"events"}, members: map[string]*node{"events": events}})
	case events.isArray():
		return r.rudderEvents(events)
	case root.isArray() && len(root.elements) > 0 && schemaOf(root.elements[0]) != nil:
		return r.segmentRules(root)
	case root.isArray():
		return r.rudderEvents(root)
	default:
		return &Error{Line: root.line, Text: notAPlan}
	}
}

// isOlder reports whether events are those of Segment's Config API, taken out of
// their plan: they have rules and no type.
func isOlder(events *node) bool {
	for _, n := range events.elements {
		if n.get("rules") == nil || n.get("eventType") != nil || n.get("type") != nil {
			return false
		}
	}
	return len(events.elements) > 0
}

func firstText(all ...*node) string {
	for _, n := range all {
		if text := n.string(); text != "" {
			return text
		}
	}
	return ""
}

// schemaOf returns the schema of a rule of Segment's.
func schemaOf(n *node) *node {
	if schema := n.get("jsonSchema"); schema != nil {
		return schema
	}
	return n.get("json_schema")
}

// segmentTypes are the types of rules, by the names that Segment has for them.
var segmentTypes = map[string]ruleType{
	"track": {of: segment.Track}, "identify": {of: segment.Identify}, "group": {of: segment.Group},
	"page": {of: segment.Page}, "screen": {of: segment.Screen}, "common": {isCommon: true},
}

func (r *reader) segmentRules(rules *node) error {
	r.plan.Vendor = Segment
	if len(rules.elements) == 0 {
		return &Error{Line: rules.line, Text: "the plan has no rules, so that every event would be unplanned"}
	}
	for _, n := range rules.elements {
		if err := r.segmentRule(n); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) segmentRule(n *node) error {
	kind, isKnown := segmentTypes[strings.ToLower(n.get("type").string())]
	if !isKnown {
		return &Error{Line: n.line, Text: fmt.Sprintf("a rule has the type %q: it must be TRACK, IDENTIFY, GROUP, PAGE, SCREEN or COMMON", n.get("type").string())}
	}
	schema := schemaOf(n)
	if schema != nil && schema.kind == '"' {
		inner, err := parse([]byte(schema.text))
		if err != nil {
			return &Error{Line: schema.line, Text: "the schema of a rule is text that is not JSON: " + err.Error()}
		}
		inner.moveTo(schema.line)
		schema = inner
	}
	if !schema.isObject() {
		return &Error{Line: n.line, Text: "a rule has no jsonSchema"}
	}
	name := n.get("key").string()
	if metadata := schema.get("eventMetadata"); metadata != nil {
		// Typewriter keeps the schema of the properties instead of the whole one.
		name = firstText(metadata.get("name"), n.get("key"))
		schema = ofProperties(schema)
	}
	version, err := versionOf(n)
	if err != nil {
		return err
	}
	return r.add(kind, name, version, n.line, labelsOf(n, schema), schema)
}

// moveTo gives a tree the line of the text that it was in.
func (n *node) moveTo(line int) {
	n.line = line
	for _, element := range n.elements {
		element.moveTo(line)
	}
	for _, member := range n.members {
		member.moveTo(line)
	}
}

// ofProperties makes of a schema for properties one for the whole call.
func ofProperties(schema *node) *node {
	object := func(name string, value *node) *node {
		return &node{line: schema.line, kind: '{', names: []string{name}, members: map[string]*node{name: value}}
	}
	whole := object("properties", object("properties", schema))
	if declared := schema.get("$schema"); declared != nil {
		whole.names, whole.members["$schema"] = append(whole.names, "$schema"), declared
	}
	return whole
}

func versionOf(n *node) (int, error) {
	given := n.get("version")
	if given == nil {
		return 1, nil
	}
	// An integer may be written as 1.0, as in a call.
	version, err := strconv.ParseFloat(given.text, 64)
	if err != nil || version != math.Trunc(version) || math.Abs(version) > math.MaxInt32 {
		return 0, &Error{Line: given.line, Text: "the version of a rule must be a whole number"}
	}
	return int(version), nil
}

// labelsOf returns the labels of a rule.
func labelsOf(all ...*node) map[string]string {
	labels := map[string]string{}
	for _, n := range all {
		of := n.get("labels")
		if !of.isObject() {
			continue
		}
		for _, name := range of.names {
			labels[name] = of.members[name].string()
		}
	}
	return labels
}

// older reads the shape of Segment's Config API, which RudderStack's older plans
// have, too.
func (r *reader) older(root, rules *node) error {
	r.plan.Vendor = Segment
	if isOlderOfRudderStack(root, rules) {
		r.plan.Vendor = RudderStack
	}
	found := 0
	if common := rules.get("global"); common.isObject() && r.plan.Vendor == Segment {
		found++
		if err := r.add(ruleType{isCommon: true}, "", 1, common.line, nil, common); err != nil {
			return err
		}
	}
	for _, name := range typedRules {
		schema := rules.get(name)
		if !schema.isObject() {
			continue
		}
		found++
		if err := r.add(segmentTypes[name], "", 1, schema.line, nil, r.cleaned(schema)); err != nil {
			return err
		}
	}
	events := rules.get("events")
	if events.isArray() {
		for _, n := range events.elements {
			found++
			if err := r.olderEvent(n); err != nil {
				return err
			}
		}
	}
	if found == 0 {
		return &Error{Line: rules.line, Text: notAPlan}
	}
	return nil
}

// typedRules are the rules of the older shape that are for a type of calls.
var typedRules = [...]string{"identify", "group", "page", "screen"}

// isOlderOfRudderStack reports whether a plan in the older shape is RudderStack's:
// it names its workspace and its version, which Segment does in the name of the
// plan, or it keeps a version in a schema.
func isOlderOfRudderStack(root, rules *node) bool {
	if root.get("workspaceId") != nil || root.get("version") != nil || rules.get("version") != nil {
		return true
	}
	for _, name := range typedRules {
		if rules.get(name).get("version") != nil {
			return true
		}
	}
	events := rules.get("events")
	return events.isArray() && slices.ContainsFunc(events.elements, func(n *node) bool { return n.get("rules").get("version") != nil })
}

func (r *reader) olderEvent(n *node) error {
	schema := n.get("rules")
	if !schema.isObject() {
		return &Error{Line: n.line, Text: "an event of the plan has no rules"}
	}
	version, err := versionOf(n)
	if err != nil {
		return err
	}
	return r.add(segmentTypes["track"], n.get("name").string(), version, n.line, labelsOf(n, schema), r.cleaned(schema))
}

// cleaned removes the version that RudderStack keeps in a schema.
func (r *reader) cleaned(schema *node) *node {
	if r.plan.Vendor == RudderStack {
		schema.without("version")
	}
	return schema
}

func (n *node) without(name string) {
	if n.members[name] == nil {
		return
	}
	delete(n.members, name)
	kept := n.names[:0]
	for _, other := range n.names {
		if other != name {
			kept = append(kept, other)
		}
	}
	n.names = kept
}

func (r *reader) rudderEvents(events *node) error {
	r.plan.Vendor = RudderStack
	if len(events.elements) == 0 {
		return &Error{Line: events.line, Text: "the plan has no events, so that every event would be unplanned"}
	}
	for _, n := range events.elements {
		if !n.isObject() || n.get("eventType") == nil && n.get("rules") == nil {
			return &Error{Line: n.line, Text: notAPlan}
		}
		kind, isKnown := segmentTypes[strings.ToLower(firstText(n.get("eventType"), n.get("type")))]
		if !isKnown || kind.isCommon {
			return &Error{Line: n.line, Text: fmt.Sprintf("an event has the eventType %q: it must be track, identify, group, page or screen", n.get("eventType").string())}
		}
		schema := n.get("rules")
		if inner := schema.get("rules"); inner.isObject() && schema.get("properties") == nil {
			schema = inner
		}
		if !schema.isObject() {
			return &Error{Line: n.line, Text: "an event has no rules that are a JSON Schema: the catalog API gives them with ?format=schema"}
		}
		name := ""
		if kind.of == segment.Track {
			name = n.get("name").string()
		}
		if err := r.add(kind, name, 1, n.line, labelsOf(n), r.cleaned(schema)); err != nil {
			return err
		}
	}
	return nil
}

// add compiles a rule.
func (r *reader) add(kind ruleType, name string, version, line int, labels map[string]string, schema *node) error {
	if kind.of == segment.Track && name == "" {
		return &Error{Line: line, Text: "a rule of track calls has no name: set it to the name of the event, exactly as it is sent"}
	}
	about := segment.PlanRule{Type: kind.String(), Name: name, Version: version, Labels: labels}
	skipped := new(atomic.Int64)
	compiled, err := compile(schema, r.plan.Vendor, about.String(), skipped)
	if err != nil {
		return err
	}
	added := &rule{PlanRule: about, line: line, isCommon: kind.isCommon, schema: compiled, skipped: skipped, need: needOf(schema)}
	// In RudderStack's plans the schema alone says which names there may be.
	if branch := kind.branch(); branch != "" && r.plan.Vendor == Segment {
		if inner := schema.get("properties").get(branch); inner != nil {
			added.names = namesOf(inner)
		}
	}
	added.branches = schema.get("properties")
	if kind.isCommon {
		r.plan.common = append(r.plan.common, added)
		return nil
	}
	at := key{kind.of, name}
	for _, other := range r.plan.rules[at] {
		if other.Version == version {
			return &Error{Line: line, Text: fmt.Sprintf("the plan has %s twice, first on line %d: remove one of them", about.String(), other.line)}
		}
	}
	r.plan.rules[at] = append(r.plan.rules[at], added)
	return nil
}
