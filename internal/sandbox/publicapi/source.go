package publicapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/sandbox/workspace"
)

const workspaceID = "sandboxworkspace"

func (h *Handler) root(*http.Request, params) (any, *refusal) {
	name := h.workspace.Settings().Name
	return map[string]any{"workspace": map[string]string{"id": workspaceID, "slug": slugOf(name), "name": name}}, nil
}

func slugOf(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "-")) }

// sourceView is a source as the API shows it.
type sourceView struct {
	ID          string         `json:"id"`
	Slug        string         `json:"slug"`
	Name        string         `json:"name"`
	WorkspaceID string         `json:"workspaceId"`
	Enabled     bool           `json:"enabled"`
	WriteKeys   []string       `json:"writeKeys"`
	Metadata    map[string]any `json:"metadata"`
	Settings    map[string]any `json:"settings"`
	Labels      []any          `json:"labels"`
}

func viewOf(s workspace.Source, hidesKeys bool) sourceView {
	keys := s.WriteKeys
	if hidesKeys || keys == nil {
		keys = []string{}
	}
	return sourceView{
		ID: s.ID, Slug: slugOf(s.Name), Name: s.Name, WorkspaceID: workspaceID,
		Enabled: !s.Disabled, WriteKeys: keys,
		Metadata: map[string]any{
			"id": "IqDTy1TpoU", "name": "HTTP API", "slug": "http-api", "description": "A source of the sandbox",
			"logos": map[string]string{}, "options": []any{}, "categories": []string{"Server"}, "isCloudEventSource": false, "status": "PUBLIC",
		},
		Settings: map[string]any{}, Labels: []any{},
	}
}

func (h *Handler) views(keep func(workspace.Source) bool) []sourceView {
	settings := h.workspace.Settings()
	views := []sourceView{}
	for _, s := range settings.Sources {
		if keep(s) {
			views = append(views, viewOf(s, settings.HidesWriteKeys))
		}
	}
	return views
}

func (h *Handler) sources(_ *http.Request, p params) (any, *refusal) {
	list, at := pageOf(p, h.views(func(workspace.Source) bool { return true }))
	return map[string]any{"sources": list, "pagination": at}, nil
}

// find returns the source of an id.
func (h *Handler) find(id string) (workspace.Source, *refusal) {
	for _, s := range h.workspace.Settings().Sources {
		if s.ID == id {
			return s, nil
		}
	}
	return workspace.Source{}, notFound("source", id)
}

func (h *Handler) source(r *http.Request, _ params) (any, *refusal) {
	s, refused := h.find(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	var planID *string
	if s.TrackingPlan != nil {
		planID = &s.TrackingPlan.ID
	}
	return map[string]any{"source": viewOf(s, h.workspace.Settings().HidesWriteKeys), "trackingPlanId": planID}, nil
}

func (h *Handler) settings(r *http.Request, _ params) (any, *refusal) {
	s, refused := h.find(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	settings := s.Settings
	if settings == nil {
		settings = json.RawMessage(`{}`)
	}
	return map[string]any{"sourceId": s.ID, "settings": settings}, nil
}

func (h *Handler) destinations(r *http.Request, p params) (any, *refusal) {
	if _, refused := h.find(r.PathValue("id")); refused != nil {
		return nil, refused
	}
	list, at := pageOf(p, []any{}) // The sandbox sends nothing on.
	return map[string]any{"destinations": list, "pagination": at}, nil
}

// echo shows what a client has sent, for tests of one.
func (h *Handler) echo(r *http.Request, p params) (any, *refusal) {
	if ms, err := strconv.Atoi(p["delay"]); err == nil && ms > 0 {
		timer := time.NewTimer(min(time.Duration(ms)*time.Millisecond, time.Minute))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}
	if p["triggerError"] == "true" || p["triggerMultipleErrors"] == "true" {
		return nil, invalid("triggerError", "an error as asked for")
	}
	if p["triggerUnexpectedError"] == "true" {
		return nil, &refusal{status: http.StatusInternalServerError, Type: typeRequest, Message: "an unexpected error as asked for"}
	}
	if status, err := strconv.Atoi(p["statusCode"]); err == nil && status >= 400 && status <= 599 {
		return nil, &refusal{status: status, Type: typeRequest, Message: "a status as asked for"}
	}
	return map[string]any{"method": r.Method, "message": p["message"], "headers": map[string]string{"user-agent": r.UserAgent()}}, nil
}
