package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/publicapi"
	"benthos-segment/internal/segment/plan"
)

// planFile is a tracking plan as the field tracking_plan and the flag --plan of
// check read it.
type planFile struct {
	ID    string           `json:"id"`
	Name  string           `json:"name"`
	Rules []publicapi.Rule `json:"rules"`
}

// fetchPlan writes the tracking plan of a source into the file that --plan names.
func (e *examination) fetchPlan(ctx context.Context, sourceID string) {
	client := e.listing.Client
	_, id, err := client.Source(ctx, sourceID)
	if err != nil {
		e.gap(err.Error())
		return
	}
	if id == "" {
		e.problem("the source follows no tracking plan, so there is none to write: connect one to it at Segment, under Protocols")
		return
	}
	fetched, err := planOf(ctx, client, id)
	if err != nil {
		e.gap(err.Error())
		return
	}
	if err := fetched.write(e.conf.plan); err != nil {
		e.gap(err.Error())
		return
	}
	e.note(fmt.Sprintf("the tracking plan %q with %s is in %s: benthos-segment check --%s reads it, and so does the field tracking_plan",
		fetched.Name, command.Count(len(fetched.Rules), "rule"), e.conf.plan, flagPlan))
}

func planOf(ctx context.Context, client *publicapi.Client, id string) (f planFile, err error) {
	about, err := client.TrackingPlan(ctx, id)
	if err != nil {
		return f, err
	}
	f = planFile{ID: about.ID, Name: about.Name}
	for rule, err := range client.TrackingPlanRules(ctx, id) {
		if err != nil {
			return f, err
		}
		f.Rules = append(f.Rules, rule)
	}
	return f, nil
}

// write writes the plan, if it is one that can be used.
func (f planFile) write(name string) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the tracking plan: %w", err)
	}
	if _, err := plan.Parse(append(text, '\n')); err != nil {
		return fmt.Errorf("the tracking plan at Segment cannot be used, so %s is left as it is: %w", name, err)
	}
	if err := os.WriteFile(name, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the tracking plan: %w", err)
	}
	return nil
}
