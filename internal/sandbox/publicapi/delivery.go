package publicapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"benthos-segment/internal/sandbox/workspace"
)

var steps = map[string]workspace.Step{
	"successfully-received": workspace.Received,
	"failed-on-ingest":      workspace.FailedOnIngest,
	"filtered-at-source":    workspace.FilteredAtSource,
}

// afterSource are the steps that are about one destination.
var afterSource = []string{"filtered-at-destination", "failed-delivery", "successful-delivery"}

const (
	byName, byType, byVersion = "eventName", "eventType", "appVersion"
	byReason, bySource        = "discardReason", "source"
)

var callTypes = []string{"identify", "track", "page", "screen", "group", "alias"}

// bucket is the part of a count that is of one minute, hour or day.
type bucket struct {
	Time       time.Time `json:"time"`
	Count      int       `json:"count"`
	RetryCount *int      `json:"retryCount,omitempty"`
}

// rowView is a row as the API shows it: without the dimensions that nobody asked
// for.
type rowView struct {
	Source        *sourceRef `json:"source,omitempty"`
	EventName     string     `json:"eventName,omitempty"`
	EventType     string     `json:"eventType,omitempty"`
	AppVersion    string     `json:"appVersion,omitempty"`
	DiscardReason string     `json:"discardReason,omitempty"`
	Total         int        `json:"total"`
	Series        []bucket   `json:"series"`
}

type sourceRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

func (h *Handler) delivery(r *http.Request, p params) (any, *refusal) {
	name := r.PathValue("step")
	step, known := steps[name]
	switch {
	case slices.Contains(afterSource, name) && p["destinationConfigId"] == "":
		return nil, invalid("destinationConfigId", "destinationConfigId is required")
	case slices.Contains(afterSource, name):
		return nil, notFound("destination", p["destinationConfigId"])
	case !known:
		return nil, notFound("step", name)
	case p["sourceId"] == "":
		return nil, invalid("sourceId", "sourceId is required")
	}
	source, refused := h.find(p["sourceId"])
	if refused != nil {
		return nil, refused
	}
	dimensions := []string{byName, byType, byVersion}
	if step != workspace.Received {
		dimensions = append(dimensions, byReason)
	}
	want, _, refused := p.want("filter.", dimensions...)
	if refused != nil {
		return nil, refused
	}
	total := 0
	views := []rowView{}
	for _, row := range h.workspace.Counts(source.ID, step, want) {
		total += row.Total
		views = append(views, viewOfRow(row, step == workspace.Received))
	}
	list, at := pageOf(p, views)
	return map[string]any{"total": total, "dataset": list, "pagination": at}, nil
}

func (h *Handler) volume(_ *http.Request, p params) (any, *refusal) {
	want, groupBy, refused := p.want("", byName, byType, bySource, byVersion)
	if refused != nil {
		return nil, refused
	}
	wanted := p.list("sourceId")
	views := []rowView{}
	for _, source := range h.workspace.Settings().Sources {
		if len(wanted) > 0 && !slices.Contains(wanted, source.ID) {
			continue
		}
		for _, row := range h.workspace.Counts(source.ID, workspace.Received, want) {
			view := viewOfRow(row, true)
			if slices.Contains(groupBy, bySource) {
				view.Source = &sourceRef{source.ID, source.Name, slugOf(source.Name)}
			}
			views = append(views, view)
		}
	}
	list, at := pageOf(p, views)
	return map[string]any{
		"path": "/observability/event_volume/v2.json",
		"query": map[string]string{
			"workspaceId": workspaceID, "granularity": p["granularity"], "startTime": p["startTime"], "endTime": p["endTime"],
		},
		"result": list, "pagination": at,
	}, nil
}

// want reads which counts are wanted. Filters have the names of the dimensions
// behind a prefix.
func (p params) want(prefix string, dimensions ...string) (want workspace.Want, groupBy []string, refused *refusal) {
	if want.Start, want.End, want.Bucket, refused = p.span(); refused != nil {
		return
	}
	if groupBy, refused = p.listOf("groupBy", dimensions...); refused != nil {
		return
	}
	if _, refused = p.listOf(prefix+byType, callTypes...); refused != nil {
		return
	}
	want.Keep = func(d workspace.Dimensions) (kept workspace.Dimensions) {
		for _, name := range groupBy {
			switch name {
			case byName:
				kept.EventName = d.EventName
			case byType:
				kept.EventType = d.EventType
			case byVersion:
				kept.AppVersion = d.AppVersion
			case byReason:
				kept.DiscardReason = d.DiscardReason
			}
		}
		return kept
	}
	want.Match = func(d workspace.Dimensions) bool {
		return p.admits(prefix+byName, d.EventName) && p.admits(prefix+byType, d.EventType) &&
			p.admits(prefix+byVersion, d.AppVersion) && p.admits(prefix+byReason, d.DiscardReason)
	}
	return
}

// admits says whether a filter lets a value pass. One that is not given does.
func (p params) admits(name, value string) bool {
	values := p.list(name)
	return len(values) == 0 || slices.Contains(values, value)
}

func viewOfRow(row workspace.Row, isReceived bool) rowView {
	view := rowView{
		EventName: row.EventName, EventType: row.EventType, AppVersion: row.AppVersion, DiscardReason: row.DiscardReason,
		Total: row.Total, Series: []bucket{},
	}
	for at, count := range row.Series {
		b := bucket{Time: at, Count: count}
		if !isReceived {
			b.RetryCount = new(int)
		}
		view.Series = append(view.Series, b)
	}
	slices.SortFunc(view.Series, func(a, b bucket) int { return cmp.Compare(a.Time.Unix(), b.Time.Unix()) })
	return view
}
