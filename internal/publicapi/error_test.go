package publicapi_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/publicapi"
	"benthos-segment/plugin/segmenttest"
)

// Each answer that is none, with what it means for whoever asked.
func TestErrorsSayWhatTheyMean(t *testing.T) {
	for name, test := range map[string]struct {
		workspace segmenttest.Workspace
		fault     *segmenttest.Fault
		ask       func(context.Context, *publicapi.Client) error
		kind      publicapi.Kind
		status    int
		says      string
	}{
		"a wrong token": {
			workspace: segmenttest.Workspace{Tokens: []string{"another"}},
			kind:      publicapi.Denied, status: 403, says: "the token is invalid, revoked or of a workspace in the other region",
		},
		"401": {fault: &segmenttest.Fault{Status: 401}, kind: publicapi.Denied, status: 401, says: "or it lacks what this needs (any role in the workspace)"},
		"a plan without Delivery Overview": {
			workspace: segmenttest.Workspace{Without: []string{"delivery-overview"}, Sources: []segmenttest.Source{{ID: "s", Name: "s"}}},
			ask: func(ctx context.Context, c *publicapi.Client) error {
				_, err := c.Delivery(ctx, publicapi.FailedOnIngest, publicapi.Query{SourceID: "s", Span: publicapi.Span{Start: time.Now().Add(-time.Hour), End: time.Now()}})
				return err
			},
			kind: publicapi.Denied, status: 403, says: "workspaces of the Business plan",
		},
		"an unknown source": {
			ask:  func(ctx context.Context, c *publicapi.Client) error { _, _, err := c.Source(ctx, "nobody"); return err },
			kind: publicapi.Missing, status: 404, says: `there is no source "nobody"`,
		},
		"a span that is too long": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{{ID: "s", Name: "s"}}},
			ask: func(ctx context.Context, c *publicapi.Client) error {
				_, err := c.Volume(ctx, "s", publicapi.Span{Start: time.Now().Add(-40 * 24 * time.Hour), End: time.Now()})
				return err
			},
			kind: publicapi.Invalid, status: 422, says: "it does not understand endTime",
		},
		"it fails":         {fault: &segmenttest.Fault{Status: 500}, kind: publicapi.Unavailable, status: 500, says: "a failure of its own"},
		"it is away":       {fault: &segmenttest.Fault{Drop: true}, kind: publicapi.Unreachable, says: "did not answer"},
		"a page of others": {fault: &segmenttest.Fault{Status: 200, Body: "<html>"}, kind: publicapi.Foreign, status: 200, says: "check the address"},
		"no data":          {fault: &segmenttest.Fault{Status: 200, Body: `{"ok":true}`}, kind: publicapi.Foreign, status: 200, says: "it has no data"},
		"another form": {
			fault: &segmenttest.Fault{Status: 200, Body: `{"data":{"workspace":{"id":7}}}`},
			kind:  publicapi.Foreign, status: 200, says: "workspace.id is not a string",
		},
		"errors in a success": {
			fault: &segmenttest.Fault{Status: 200, Body: `{"errors":[{"type":"RequestError"}]}`},
			kind:  publicapi.Foreign, status: 200, says: "RequestError",
		},
		"the other region": {
			fault: &segmenttest.Fault{Status: 301, Header: map[string]string{"Location": "https://eu1.api.segmentapis.com/"}},
			kind:  publicapi.Elsewhere, status: 301, says: "the workspace of the token is in the region eu",
		},
		"a redirect": {
			fault: &segmenttest.Fault{Status: 302, Header: map[string]string{"Location": "https://login.example.com/"}},
			kind:  publicapi.Elsewhere, status: 302, says: "redirects are not followed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			sb.SetWorkspace(test.workspace)
			if test.fault != nil {
				test.fault.Match.Path = "/public-api"
				_, err := sb.Inject(*test.fault)
				require.NoError(t, err)
			}
			if test.ask == nil {
				test.ask = func(ctx context.Context, c *publicapi.Client) error { _, err := c.Workspace(ctx); return err }
			}
			err := test.ask(t.Context(), clientOf(t, sb, func(c *publicapi.Config) { c.Patience = 0 }))
			failed, isOurs := errors.AsType[*publicapi.Error](err)
			require.True(t, isOurs, "%v", err)
			assert.Equal(t, test.kind, failed.Kind)
			assert.Equal(t, test.status, failed.Status)
			assert.Contains(t, failed.Error(), test.says)
			assert.NotContains(t, failed.Error(), token)
		})
	}
}
