package publicapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"benthos-segment/internal/sandbox/workspace"
)

// planView is a tracking plan as the API shows it.
type planView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
	Type string `json:"type"`
}

func viewOfPlan(p *workspace.TrackingPlan) planView {
	return planView{ID: p.ID, Name: p.Name, Slug: slugOf(p.Name), Type: "LIVE"}
}

// allPlans returns each plan that a source follows, once.
func (h *Handler) allPlans() (plans []*workspace.TrackingPlan) {
	for _, s := range h.workspace.Settings().Sources {
		isKnown := s.TrackingPlan == nil || slices.ContainsFunc(plans, func(p *workspace.TrackingPlan) bool { return p.ID == s.TrackingPlan.ID })
		if !isKnown {
			plans = append(plans, s.TrackingPlan)
		}
	}
	return plans
}

func (h *Handler) findPlan(id string) (*workspace.TrackingPlan, *refusal) {
	for _, p := range h.allPlans() {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, notFound("tracking plan", id)
}

func (h *Handler) plans(_ *http.Request, p params) (any, *refusal) {
	types := []string{"ENGAGE", "LIVE", "PROPERTY_LIBRARY", "RULE_LIBRARY", "TEMPLATE"}
	wanted := p["type"]
	if wanted != "" && !slices.Contains(types, wanted) {
		return nil, invalid("type", "there is no such type of tracking plan")
	}
	views := []planView{}
	for _, plan := range h.allPlans() {
		if wanted == "" || wanted == "LIVE" {
			views = append(views, viewOfPlan(plan))
		}
	}
	list, at := pageOf(p, views)
	return map[string]any{"trackingPlans": list, "pagination": at}, nil
}

func (h *Handler) plan(r *http.Request, _ params) (any, *refusal) {
	plan, refused := h.findPlan(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	return map[string]any{"trackingPlan": viewOfPlan(plan)}, nil
}

func (h *Handler) rules(r *http.Request, p params) (any, *refusal) {
	plan, refused := h.findPlan(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	list, at := pageOf[json.RawMessage](p, plan.Rules)
	return map[string]any{"rules": list, "pagination": at}, nil
}

func (h *Handler) planSources(r *http.Request, p params) (any, *refusal) {
	plan, refused := h.findPlan(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	list, at := pageOf(p, h.views(func(s workspace.Source) bool { return s.TrackingPlan != nil && s.TrackingPlan.ID == plan.ID }))
	return map[string]any{"sources": list, "pagination": at}, nil
}
