package publicapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/publicapi"
	"benthos-segment/plugin/segmenttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheWorkspaceOfATokenIsFound(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.SetWorkspace(segmenttest.Workspace{Name: "Acme"})
	got, err := clientOf(t, sb).Workspace(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Acme", got.Name)
	assert.Equal(t, "acme", got.Slug)
	assert.NotEmpty(t, got.ID)
}

// More sources than a page has, and more than Segment's largest page.
func TestAllPagesOfSourcesAreRead(t *testing.T) {
	for _, n := range []int{0, 1, 199, 200, 201, 1234} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			sb.SetWorkspace(segmenttest.Workspace{Sources: sources(n)})
			var names []string
			for s, err := range clientOf(t, sb).Sources(t.Context()) {
				require.NoError(t, err)
				assert.True(t, s.Enabled)
				require.Len(t, s.WriteKeys, 1)
				names = append(names, s.Name)
			}
			require.Len(t, names, n)
			for i, name := range names {
				assert.Equal(t, fmt.Sprintf("Source %03d", i), name)
			}
		})
	}
}

func TestAListThatIsNotReadToItsEndAsksForNoMore(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = fmt.Fprintf(w, `{"data":{"sources":[{"id":"%d"}],"pagination":{"current":"MA==","next":"n%d=="}}}`, asked, asked)
	}))
	defer server.Close()
	c := of(t, server)
	for s, err := range c.Sources(t.Context()) {
		require.NoError(t, err)
		if s.ID == "2" {
			break
		}
	}
	assert.Equal(t, 2, asked)
}

// of asks a server.
func of(t *testing.T, server *httptest.Server) *publicapi.Client {
	t.Helper()
	c, err := publicapi.New(publicapi.Config{BaseURL: server.URL, Token: token, Transport: server.Client().Transport})
	require.NoError(t, err)
	return c
}

func TestPagesThatGoRoundInACircleEnd(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"data":{"sources":[{"id":"s"}],"pagination":{"next":"MA=="}}}`))
	}))
	defer server.Close()
	var failed error
	for _, err := range of(t, server).Sources(t.Context()) {
		failed = err
	}
	require.ErrorContains(t, failed, "have no end")
}

// The last page has no next, or one that is null; cursors are Base64 with =.
func TestTheLastPageHasNoNext(t *testing.T) {
	for _, end := range []string{`{"current":"MjAw"}`, `{"current":"MjAw","next":null}`, `{"current":"MjAw","next":""}`} {
		var cursors []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cursors = append(cursors, r.URL.Query().Get("pagination[cursor]"))
			at := end
			if len(cursors) == 1 {
				at = `{"current":"MA==","next":"a+/b=="}`
			}
			_, _ = fmt.Fprintf(w, `{"data":{"sources":[{"id":"s","name":null,"writeKeys":null}],"pagination":%s}}`, at)
		}))
		n := 0
		for _, err := range of(t, server).Sources(t.Context()) {
			require.NoError(t, err)
			n++
		}
		server.Close()
		assert.Equal(t, 2, n)
		assert.Equal(t, []string{"", "a+/b=="}, cursors)
	}
}

func TestASourceIsFoundWithItsPlan(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{
		{
			ID: "s1", Name: "Website", WriteKeys: []string{"k"}, TrackingPlan: &segmenttest.TrackingPlan{ID: "tp_1", Name: "Plan", Rules: rules(450)},
			Settings: json.RawMessage(`{"track":{"allowUnplannedEvents":false,"commonEventOnViolations":"BLOCK"}}`),
		},
		{ID: "s2", Name: "App", Disabled: true},
	}})
	c := clientOf(t, sb)
	s, plan, err := c.Source(t.Context(), "s1")
	require.NoError(t, err)
	assert.Equal(t, "Website", s.Title())
	assert.Equal(t, "tp_1", plan)
	s, plan, err = c.Source(t.Context(), "s2")
	require.NoError(t, err)
	assert.False(t, s.Enabled)
	assert.Empty(t, plan)

	settings, err := c.SourceSettings(t.Context(), "s1")
	require.NoError(t, err)
	assert.Equal(t, new(false), settings.Track.AllowUnplannedEvents)
	assert.Nil(t, settings.Track.AllowEventOnViolations)
	assert.Equal(t, "BLOCK", settings.Track.CommonEventOnViolations)

	found, err := c.TrackingPlan(t.Context(), "tp_1")
	require.NoError(t, err)
	assert.Equal(t, publicapi.TrackingPlan{ID: "tp_1", Name: "Plan", Slug: "plan", Type: "LIVE"}, found)
	n := 0
	for rule, err := range c.TrackingPlanRules(t.Context(), "tp_1") {
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("Event %03d", n), rule.Key)
		assert.JSONEq(t, `{"type":"object"}`, string(rule.JSONSchema))
		assert.EqualValues(t, 1, rule.Version)
		n++
	}
	assert.Equal(t, 450, n)
	for p, err := range c.TrackingPlans(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, "tp_1", p.ID)
	}
}

// The limit of a minute is waited for as long as the answer says, in each of the
// ways in which it may say so.
func TestARateLimitIsWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		fault segmenttest.Fault
		wait  time.Duration
	}{
		"msBeforeNext": {segmenttest.Fault{Status: 429, Body: `{"errors":[{"type":"RequestError","data":{"msBeforeNext":41500,"remainingPoints":0}}]}`}, 41500 * time.Millisecond},
		"Retry-After":  {segmenttest.Fault{Status: 429, RetryAfter: "7"}, 7 * time.Second},
		"a date":       {segmenttest.Fault{Status: 429, RetryAfter: "Sat, 01 Jan 2000 00:00:30 GMT"}, 30 * time.Second},
		"the reset":    {segmenttest.Fault{Status: 429, Header: map[string]string{"X-RateLimit-Reset": "Sat, 1 Jan 2000 00:00:20 +0000"}}, 20 * time.Second},
		"nothing":      {segmenttest.Fault{Status: 429}, 500 * time.Millisecond},
		"a failure":    {segmenttest.Fault{Status: 502}, 500 * time.Millisecond},
		"a pause":      {segmenttest.Fault{Status: 503, RetryAfter: "2"}, 2 * time.Second},
		"no answer":    {segmenttest.Fault{Drop: true}, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in which it is the year 2000
				sb := segmenttest.NewInProcess(t)
				test.fault.Times, test.fault.Match.Path = 1, "/public-api"
				_, err := sb.Inject(test.fault)
				require.NoError(t, err)
				var pauses []time.Duration
				c := clientOf(t, sb, func(c *publicapi.Config) {
					c.Waiting = func(pause time.Duration, _ *publicapi.Error) { pauses = append(pauses, pause) }
				})
				start := time.Now()
				_, err = c.Workspace(t.Context())
				require.NoError(t, err)
				assert.Equal(t, test.wait, time.Since(start))
				assert.Equal(t, []time.Duration{test.wait}, pauses)
			})
		})
	}
}

// The sandbox has Segment's own limit for the rules of a plan: 200 in a minute.
func TestTheLimitsOfTheAPIAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{
			{Name: "s", TrackingPlan: &segmenttest.TrackingPlan{ID: "tp_1", Name: "p", Rules: rules(1)}},
		}})
		c := clientOf(t, sb)
		start := time.Now()
		for range 201 {
			for _, err := range c.TrackingPlanRules(t.Context(), "tp_1") {
				require.NoError(t, err)
			}
		}
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		_, err := sb.Inject(segmenttest.Fault{Status: 429, RetryAfter: "30", Match: segmenttest.Match{Path: "/public-api"}})
		require.NoError(t, err)
		start := time.Now()
		_, err = clientOf(t, sb, func(c *publicapi.Config) { c.Patience = time.Minute }).Workspace(t.Context())
		failed, isOurs := errors.AsType[*publicapi.Error](err)
		require.True(t, isOurs)
		assert.Equal(t, 30*time.Second, failed.RetryIn)
		assert.LessOrEqual(t, time.Since(start), time.Minute)
	})
}

// A closed port is not a limit: patience is of no use.
func TestAHostThatCannotBeReachedIsAskedThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		_, err := sb.Inject(segmenttest.Fault{Drop: true, Match: segmenttest.Match{Path: "/public-api"}})
		require.NoError(t, err)
		start := time.Now()
		pauses := 0
		_, err = clientOf(t, sb, func(c *publicapi.Config) {
			c.Waiting = func(time.Duration, *publicapi.Error) { pauses++ }
		}).Workspace(t.Context())
		require.ErrorContains(t, err, "did not answer")
		assert.Equal(t, 2, pauses)
		assert.Equal(t, 1500*time.Millisecond, time.Since(start))
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		_, err := sb.Inject(segmenttest.Fault{Status: 429, RetryAfter: "30", Match: segmenttest.Match{Path: "/public-api"}})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err = clientOf(t, sb).Workspace(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

// A server that does not answer is given up, which is not an error of the client.
func TestASilentAPIIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		_, err := sb.Inject(segmenttest.Fault{Delay: time.Hour, Match: segmenttest.Match{Path: "/public-api"}})
		require.NoError(t, err)
		start := time.Now()
		_, err = clientOf(t, sb, func(c *publicapi.Config) { c.Timeout, c.Patience = 3*time.Second, 0 }).Workspace(t.Context())
		require.ErrorContains(t, err, "it took too long")
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
