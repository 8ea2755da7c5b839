package policy

import (
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
	"benthos-segment/plugin/internal/parsed"
)

const (
	// FieldTrackingPlan is the name of the field about a tracking plan.
	FieldTrackingPlan = "tracking_plan"

	tpFieldFile        = "file"
	tpFieldOnViolation = "on_violation"
)

var planModes = map[string]segment.PlanMode{
	"pass": segment.PlanPass, "mark": segment.PlanMark, "reject": segment.PlanReject,
}

// TrackingPlan is the field about a tracking plan.
func TrackingPlan() *service.ConfigField {
	return service.NewObjectField(
		FieldTrackingPlan,
		service.NewStringField(tpFieldFile).
			Description("The plan as JSON: the rules that Segment's Public API gives, also as typewriter keeps them, or the events of a plan of RudderStack with their schemas. It is read at start.").
			Example("./plan.json").
			Optional(),
		service.NewStringAnnotatedEnumField(tpFieldOnViolation, map[string]string{
			"pass":   "Send the call as it is.",
			"mark":   "Send the call with `context.protocols.violations`, where Segment writes them. A call that would become too large is sent as it is.",
			"reject": "Refuse the call with the reason `unplanned`, `schema_violation` or `common_schema_violation`, so that a `fallback` receives the event.",
		}).
			Description("What happens to a call that breaks the plan. Each violation is counted in `segment_plan_findings`, whatever is set here.").
			Default("pass"),
	).
		Description("Judges each call by a tracking plan of Segment or RudderStack before it is sent: see [tracking plans](tracking-plans.md). When it is left out, nothing is judged.").
		// Without a default, create prints the fields with their examples, and
		// the plan of an example is not there.
		Default(map[string]any{}).
		Advanced()
}

// PlanInto reads the field about a tracking plan, and the plan, into a
// configuration.
func PlanInto(c *segment.Config, conf *service.ParsedConfig) error {
	if !conf.Contains(FieldTrackingPlan, tpFieldFile) {
		return nil
	}
	files := conf.Resources().FS()
	conf = conf.Namespace(FieldTrackingPlan)
	name, err := conf.FieldString(tpFieldFile)
	if err != nil {
		return err
	}
	if c.PlanMode, err = parsed.OneOf(conf, tpFieldOnViolation, planModes); err != nil {
		return fmt.Errorf("field %s: %w", FieldTrackingPlan, err)
	}
	file, err := service.ReadFile(files, strings.TrimSpace(name))
	if err != nil {
		return fmt.Errorf("field %s.%s: reading the plan: %w", FieldTrackingPlan, tpFieldFile, err)
	}
	loaded, err := plan.Parse(file)
	if err != nil {
		return fmt.Errorf("field %s.%s: %s: %w", FieldTrackingPlan, tpFieldFile, name, err)
	}
	c.Plan = loaded
	return nil
}
