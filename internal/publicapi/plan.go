package publicapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
)

// TrackingPlan says which events are planned.
type TrackingPlan struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
	Type string `json:"type"`
}

// Rule is what a tracking plan says of one event, or of all calls of a type.
type Rule struct {
	// Type is COMMON, GROUP, IDENTIFY, PAGE, SCREEN or TRACK.
	Type string `json:"type"`
	// Key is the name of the event; empty where the rule is for all of its type.
	Key     string `json:"key"`
	Version Count  `json:"version"`
	// JSONSchema is for the whole call.
	JSONSchema   json.RawMessage `json:"jsonSchema"`
	CreatedAt    string          `json:"createdAt,omitempty"`
	UpdatedAt    string          `json:"updatedAt,omitempty"`
	DeprecatedAt string          `json:"deprecatedAt,omitempty"`
}

const needsTrackingPlan = "Protocols, which is an addition to the Business plan, and the role Tracking Plan Read-only"

// TrackingPlans lists the plans of the workspace that people made.
func (c *Client) TrackingPlans(ctx context.Context) iter.Seq2[TrackingPlan, error] {
	q := question{
		op: "listing the tracking plans", needs: needsTrackingPlan,
		path: "/tracking-plans", query: url.Values{"type": {"LIVE"}},
	}
	return list[TrackingPlan](ctx, c, q, "trackingPlans")
}

// TrackingPlan returns one plan, without its rules.
func (c *Client) TrackingPlan(ctx context.Context, id string) (TrackingPlan, error) {
	var got struct {
		TrackingPlan TrackingPlan `json:"trackingPlan"`
	}
	q := question{op: "asking for the tracking plan", needs: needsTrackingPlan, path: "/tracking-plans/" + url.PathEscape(id)}
	err := c.ask(ctx, q, &got)
	return got.TrackingPlan, err
}

// TrackingPlanRules lists the rules of a plan, with all of their versions.
func (c *Client) TrackingPlanRules(ctx context.Context, id string) iter.Seq2[Rule, error] {
	q := question{op: "listing the rules of the tracking plan", needs: needsTrackingPlan, path: "/tracking-plans/" + url.PathEscape(id) + "/rules"}
	return list[Rule](ctx, c, q, "rules")
}

// SourceSettings says what happens to calls that do not follow the plan of their
// source. A field that the API leaves out is nil or empty.
type SourceSettings struct {
	Track    TrackSettings  `json:"track"`
	Identify TraitsSettings `json:"identify"`
	Group    TraitsSettings `json:"group"`
}

// TrackSettings are those of track calls.
type TrackSettings struct {
	AllowUnplannedEvents          *bool  `json:"allowUnplannedEvents"`
	AllowUnplannedEventProperties *bool  `json:"allowUnplannedEventProperties"`
	AllowEventOnViolations        *bool  `json:"allowEventOnViolations"`
	AllowPropertiesOnViolations   *bool  `json:"allowPropertiesOnViolations"`
	CommonEventOnViolations       string `json:"commonEventOnViolations"`
}

// TraitsSettings are those of identify or group calls.
type TraitsSettings struct {
	AllowUnplannedTraits    *bool  `json:"allowUnplannedTraits"`
	AllowTraitsOnViolations *bool  `json:"allowTraitsOnViolations"`
	CommonEventOnViolations string `json:"commonEventOnViolations"`
}

// SourceSettings returns those of one source.
func (c *Client) SourceSettings(ctx context.Context, sourceID string) (SourceSettings, error) {
	var got struct {
		Settings SourceSettings `json:"settings"`
	}
	q := question{op: "asking for the settings of the source", needs: needsTrackingPlan, path: "/sources/" + url.PathEscape(sourceID) + "/settings"}
	err := c.ask(ctx, q, &got)
	return got.Settings, err
}
