package publicapi

import (
	"context"
	"iter"
	"net/url"
)

// Workspace is what a token belongs to.
type Workspace struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Source is where calls go.
type Source struct {
	ID      string `json:"id"`
	Slug    string `json:"slug"`
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	// WriteKeys is empty unless the token is a Source Admin's, and for sources
	// that have none, such as those of cloud apps.
	WriteKeys []string `json:"writeKeys"`
}

// Title is what people call the source.
func (s Source) Title() string {
	for _, name := range []string{s.Name, s.Slug} {
		if name != "" {
			return name
		}
	}
	return s.ID
}

const (
	needsAnyRole     = "any role in the workspace"
	needsSourceAdmin = "the role Source Admin"
)

// Workspace returns the workspace of the token.
func (c *Client) Workspace(ctx context.Context) (Workspace, error) {
	var got struct {
		Workspace Workspace `json:"workspace"`
	}
	err := c.ask(ctx, question{op: "asking for the workspace", needs: needsAnyRole, path: "/"}, &got)
	return got.Workspace, err
}

// Sources lists the sources that the token may see, page by page. An error ends
// the list.
func (c *Client) Sources(ctx context.Context) iter.Seq2[Source, error] {
	q := question{op: "listing the sources", needs: needsSourceAdmin, path: "/sources"}
	return list[Source](ctx, c, q, "sources")
}

// Source returns one source, and the id of the tracking plan that it follows,
// empty for none.
func (c *Client) Source(ctx context.Context, id string) (s Source, trackingPlanID string, err error) {
	var got struct {
		Source         Source `json:"source"`
		TrackingPlanID string `json:"trackingPlanId"`
	}
	q := question{op: "asking for the source", needs: needsSourceAdmin, path: "/sources/" + url.PathEscape(id)}
	err = c.ask(ctx, q, &got)
	return got.Source, got.TrackingPlanID, err
}
