package workspace

import (
	"bytes"
	"encoding/json"
	"fmt"

	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
)

// The reasons for which a tracking plan blocks calls.
// https://www.twilio.com/docs/segment/connections/delivery-overview
const (
	codeUnplanned           = "unplanned"
	codeSchema              = "schema_violation"
	codeCommonSchema        = "common_schema_violation"
	codeUnplannedWithSchema = "unplanned_and_schema_violation"
)

// protocol throws away the calls of a source that do not follow its tracking
// plan, as the settings of the source say.
type protocol struct {
	plan     *plan.Plan
	settings planSettings
}

// planSettings say what happens to calls that do not follow the plan. What is
// not set lets them pass.
type planSettings struct {
	Track struct {
		AllowUnplannedEvents          *bool       `json:"allowUnplannedEvents"`
		AllowUnplannedEventProperties *bool       `json:"allowUnplannedEventProperties"`
		AllowEventOnViolations        *bool       `json:"allowEventOnViolations"`
		AllowPropertiesOnViolations   *bool       `json:"allowPropertiesOnViolations"`
		CommonEventOnViolations       consequence `json:"commonEventOnViolations"`
	} `json:"track"`
	Identify                  traitSettings `json:"identify"`
	Group                     traitSettings `json:"group"`
	ForwardingViolationsTo    *string       `json:"forwardingViolationsTo"`
	ForwardingBlockedEventsTo *string       `json:"forwardingBlockedEventsTo"`
}

type traitSettings struct {
	AllowUnplannedTraits    *bool       `json:"allowUnplannedTraits"`
	AllowTraitsOnViolations *bool       `json:"allowTraitsOnViolations"`
	CommonEventOnViolations consequence `json:"commonEventOnViolations"`
}

// consequence is what becomes of a call that breaks the rule for all calls.
type consequence string

const block consequence = "BLOCK"

func (c *consequence) UnmarshalText(text []byte) error {
	switch *c = consequence(text); *c {
	case "ALLOW", block, "OMIT_PROPERTIES", "OMIT_TRAITS":
		return nil
	default:
		return fmt.Errorf("commonEventOnViolations is %q: it must be ALLOW, BLOCK, OMIT_PROPERTIES or OMIT_TRAITS", inbox.Clip(string(text), maxName))
	}
}

// protocolOf returns what judges the calls of a source, nil if they all pass.
func protocolOf(s Source) (*protocol, error) {
	p := &protocol{}
	if len(s.Settings) > 0 {
		dec := json.NewDecoder(bytes.NewReader(s.Settings))
		dec.DisallowUnknownFields() // A misspelt one would let all calls pass.
		if err := dec.Decode(&p.settings); err != nil {
			return nil, fmt.Errorf("source %q has settings that GET /sources/{id}/settings of the Public API does not have: %w", s.Name, err)
		}
	}
	if s.TrackingPlan == nil || !p.settings.block() {
		return nil, nil
	}
	rules := s.TrackingPlan.Rules
	if len(rules) == 0 {
		// All events are unplanned, and no call breaks a rule.
		rules = []json.RawMessage{json.RawMessage(`{"type":"COMMON","jsonSchema":{}}`)}
	}
	file, err := json.Marshal(map[string]any{"rules": rules})
	if err == nil {
		p.plan, err = plan.Parse(file)
	}
	if err != nil {
		return nil, fmt.Errorf("source %q blocks calls by a tracking plan that cannot be used: %w", s.Name, err)
	}
	return p, nil
}

// block reports whether there is a call that does not pass.
func (s *planSettings) block() bool {
	for _, t := range [...]segment.Type{segment.Track, segment.Identify, segment.Group} {
		if s.of(t) != (blocked{}) {
			return true
		}
	}
	return false
}

// blocked says what calls of one type are thrown away for.
type blocked struct{ unplanned, schema, common bool }

// of returns what calls of a type are thrown away for. Pages and screens count as
// events. Only the traits of identify and group calls can be thrown away for a
// rule of their own, and nothing is set for alias calls.
func (s *planSettings) of(t segment.Type) blocked {
	isOff := func(allow *bool) bool { return allow != nil && !*allow }
	switch t {
	case segment.Track, segment.Page, segment.Screen:
		return blocked{isOff(s.Track.AllowUnplannedEvents), isOff(s.Track.AllowEventOnViolations), s.Track.CommonEventOnViolations == block}
	case segment.Identify:
		return blocked{common: s.Identify.CommonEventOnViolations == block}
	case segment.Group:
		return blocked{common: s.Group.CommonEventOnViolations == block}
	default:
		return blocked{}
	}
}

// verdict says why a call is thrown away, or returns nil if it passes.
func (p *protocol) verdict(call *inbox.Call) *inbox.Violation {
	of := segment.ParseType(call.Type)
	blocks := p.settings.of(of)
	if blocks == (blocked{}) {
		return nil
	}
	var unplanned, schema, common *segment.Finding
	found := p.plan.Judge(of, call.Raw, call.Raw)
	for i := len(found) - 1; i >= 0; i-- { // so that the first one stays
		switch f := &found[i]; {
		case !f.IsViolation():
		case f.Rule == nil:
			unplanned = f
		case f.Rule.Type == segment.PlanRuleCommon:
			common = f
		default:
			schema = f
		}
	}
	blocks.unplanned = blocks.unplanned && unplanned != nil
	blocks.schema = blocks.schema && schema != nil
	blocks.common = blocks.common && common != nil
	switch {
	case blocks.unplanned && blocks.common:
		return violationOf(codeUnplannedWithSchema, unplanned)
	case blocks.unplanned:
		return violationOf(codeUnplanned, unplanned)
	case blocks.schema:
		return violationOf(codeSchema, schema)
	case blocks.common:
		return violationOf(codeCommonSchema, common)
	default:
		return nil
	}
}

// maxMessage bounds what is said of one call.
const maxMessage = 500

func violationOf(code string, f *segment.Finding) *inbox.Violation {
	message := "the tracking plan of the source blocks this call, and Segment answers 200 all the same: " + f.Description
	if f.Rule != nil {
		message += " (" + f.Rule.String() + ")"
	}
	return &inbox.Violation{
		Code: code, Field: inbox.Clip(f.Field, maxName),
		Message: inbox.Clip(message, maxMessage) + "; correct the event or the plan",
	}
}
