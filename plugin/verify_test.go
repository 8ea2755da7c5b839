package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

const publicToken = "sgp_CANARY0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"

// verified is an output that asks the Public API of a sandbox every second.
func verified(sb *segmenttest.Server, more ...fields) string {
	return segmentOutput(sb.URL, append([]fields{{"verify": fields{"token": publicToken, "endpoint": sb.PublicAPI(), "interval": "1s"}}}, more...)...)
}

// required is one whose calls wait.
func required(sb *segmenttest.Server) string {
	return verified(sb, fields{"verify": fields{"token": publicToken, "endpoint": sb.PublicAPI(), "interval": "1s", "required": true}})
}

// website is a source that has the key of the tests, and a workspace of it.
var website = segmenttest.Source{Name: "Website", WriteKeys: []string{"a-write-key"}}

func workspaceOf(sources ...segmenttest.Source) segmenttest.Workspace {
	return segmenttest.Workspace{Name: "Acme", Sources: sources}
}

// says waits until the log has a text.
func (p *pipeline) says(text string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.said.Has(text) }, patience, time.Millisecond, "it never says %q but %s", text, p.said)
}

const aCall = `{"type":"track","event":"Clicked","userId":"u"}`

// The oldest complaint about Segment's API is that it answers 200 to a wrong key
// and to that of a disabled source.
//
// https://github.com/segmentio/analytics-go/issues/205
// https://github.com/segmentio/analytics-python/issues/230
// https://github.com/segmentio/analytics-ruby/issues/136
func TestAWrongKeyIsSaidWithinSecondsOfTheStart(t *testing.T) {
	disabled := website
	disabled.Disabled = true
	other := segmenttest.Source{Name: "App", WriteKeys: []string{"another key"}}
	for name, test := range map[string]struct {
		workspace segmenttest.Workspace
		says      string
		enabled   []int64
	}{
		"a wrong key":       {workspaceOf(other), `no source of workspace \"Acme\" that the token of verify may see has the write key`, []int64{0}},
		"a disabled source": {workspaceOf(other, disabled), `source \"Website\" of workspace \"Acme\" is disabled`, []int64{0}},
		"all is well":       {workspaceOf(other, website), `source \"Website\" of workspace \"Acme\" has the write key and is enabled`, []int64{1}},
		"hidden keys": {
			segmenttest.Workspace{Name: "Acme", Sources: []segmenttest.Source{website}, HidesWriteKeys: true},
			`shows none of the write keys of workspace \"Acme\"`, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			sb.SetWorkspace(test.workspace)
			started := time.Now()
			p := start(t, verified(sb))

			p.says(test.says)

			assert.Less(t, time.Since(started), 10*time.Second)
			assert.Equal(t, len(test.enabled) > 0 && test.enabled[0] == 0, p.said.Has("answers 200 and throws all calls away"))
			p.accept(events(aCall)) // It flows all the same.
			assert.Equal(t, test.enabled, p.counts.Series("segment_source_enabled"))
			assert.NotContains(t, p.said.String(), "a-write-key")
		})
	}
}

// With required, calls wait instead of being sent into the void, and flow once the
// source takes them.
func TestCallsWaitForASourceThatTakesThem(t *testing.T) {
	disabled := website
	disabled.Disabled = true
	sb := segmenttest.New(t)
	sb.SetWorkspace(workspaceOf(disabled))
	p := start(t, required(sb))
	p.says("Until then, calls wait upstream, and nothing is lost")
	sent := make(chan error, 1)
	go func() { sent <- p.send(t.Context(), events(aCall)) }()
	asked := p.counts.Series("segment_source_enabled")
	assert.Equal(t, []int64{0}, asked)
	assert.Empty(t, sent)
	assert.Empty(t, sb.Requests())

	sb.SetWorkspace(workspaceOf(website))

	require.NoError(t, <-sent)
	require.True(t, sb.Wait(1)[0].Accepted)
	p.says(`has the write key and is enabled`)

	// A source that is disabled later is one that calls wait for as well.
	sb.SetWorkspace(workspaceOf(disabled))
	require.Eventually(t, func() bool { return p.counts.Last("segment_source_enabled") == 0 }, patience, time.Millisecond)
	go func() { sent <- p.send(t.Context(), events(aCall, aCall)) }()
	sb.SetWorkspace(workspaceOf(website))
	require.NoError(t, <-sent)
	assert.Len(t, sb.Wait(3, segmenttest.Filter{Accepted: new(true)}), 3)
}

// A stop does not wait for the source.
func TestAStopEndsTheWaitForASource(t *testing.T) {
	for name, wasRunning := range map[string]bool{"from the start": false, "later": true} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			if wasRunning {
				sb.SetWorkspace(workspaceOf(website))
			} else {
				sb.SetWorkspace(workspaceOf(segmenttest.Source{Name: "App", WriteKeys: []string{"another"}}))
			}
			p := start(t, required(sb))
			if wasRunning {
				p.accept(events(aCall))
				sb.SetWorkspace(workspaceOf(segmenttest.Source{Name: "App", WriteKeys: []string{"another"}}))
			}
			p.says("Until then, calls wait upstream")
			sent := make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { sent <- p.send(ctx, events(aCall)) }()
			requests := len(sb.Requests())
			p.stop()
			// The engine forgets a message that an output has not taken.
			cancel()
			require.Error(t, <-sent, "it is not acknowledged")
			assert.Len(t, sb.Requests(), requests)
		})
	}
}

// Whatever the Public API does, events flow, and one line says so.
func TestThePublicAPIIsNeverInTheWay(t *testing.T) {
	for name, fault := range map[string]segmenttest.Fault{
		"it is away":        {Drop: true},
		"it fails":          {Status: 503},
		"it limits us":      {Status: 429, RetryAfter: "1"},
		"a wrong token":     {Status: 403},
		"another place":     {Status: 302, Header: map[string]string{"Location": "https://login.example.com/"}},
		"a page of others":  {Status: 200, Body: "<html>"},
		"it repeats tokens": {Status: 401, Body: `{"errors":[{"type":"RequestError","message":"bad token ` + publicToken + `"}]}`},
	} {
		for _, output := range []func(*segmenttest.Server) string{func(sb *segmenttest.Server) string { return verified(sb) }, required} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				sb := segmenttest.New(t)
				sb.SetWorkspace(workspaceOf(website))
				ofThis := fault
				ofThis.Match.Path = "/public-api"
				id, err := sb.Inject(ofThis)
				require.NoError(t, err)
				p := start(t, output(sb))
				p.accept(events(aCall))
				require.Eventually(t, func() bool { return faultOf(sb, id).Hits >= 3 }, patience, time.Millisecond)

				p.accept(events(aCall))

				assert.Equal(t, 1, p.said.Times("verify cannot ask Segment's Public API; events flow as before"), p.said)
				assert.NotContains(t, p.said.String(), "CANARY")
				sb.Reset()
				p.says("verify can ask Segment's Public API again")
				p.says("is enabled")
			})
		}
	}
}

func faultOf(sb *segmenttest.Server, id int) segmenttest.FaultState {
	for _, state := range sb.Faults() {
		if state.ID == id {
			return state
		}
	}
	return segmenttest.FaultState{}
}

// An API that never answers holds nothing up.
func TestAPublicAPIThatHangsHoldsNothingUp(t *testing.T) {
	sb := segmenttest.New(t)
	_, err := sb.Inject(segmenttest.Fault{Delay: time.Hour, Match: segmenttest.Match{Path: "/public-api"}})
	require.NoError(t, err)
	p := start(t, verified(sb))
	p.accept(events(aCall))
	assert.Len(t, sb.Wait(1), 1)
}

// What the Tracking API has answered with 200 and thrown away shows in a gauge.
func TestDiscardsBehindA200AreCounted(t *testing.T) {
	sb := segmenttest.New(t)
	sb.SetWorkspace(workspaceOf(website))
	p := start(t, verified(sb))
	p.accept(events(aCall, aCall, `{"type":"identify","userId":"u"}`))
	sendPast(t, sb, "a-write-key", `{"type":"track","userId":"u"}`, `{"type":"track","userId":"u"}`, `{"type":"page"}`)

	require.Eventually(t, func() bool {
		return p.counts.Last("segment_received") == 3 && p.counts.Last("segment_discarded event_not_defined") == 2 &&
			p.counts.Last("segment_discarded no_user_anon_id") == 1
	}, patience, time.Millisecond, "%s", p.said)

	p.says(`Segment threw away`)
	p.says("event_not_defined 2")
	assert.LessOrEqual(t, p.said.Times("Segment threw away"), 3, "it is not said again and again")
}

// sendPast sends calls by another sender, which does not look at them.
func sendPast(t *testing.T, sb *segmenttest.Server, key string, calls ...string) {
	t.Helper()
	body := `{"batch":[` + strings.Join(calls, ",") + `]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+"/v1/batch", strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(key, "")
	res, err := sb.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

// A plan without Delivery Overview still tells what was received.
func TestAWorkspaceWithoutDeliveryOverviewTellsWhatItCan(t *testing.T) {
	sb := segmenttest.New(t)
	settings := workspaceOf(website)
	settings.Without = []string{"delivery-overview"}
	sb.SetWorkspace(settings)
	p := start(t, verified(sb))
	p.accept(events(aCall, aCall))
	require.Eventually(t, func() bool { return p.counts.Last("segment_received") == 2 }, patience, time.Millisecond)
	assert.Equal(t, 1, p.said.Times("verify cannot see what Segment threw away, only what it received"))
	assert.Contains(t, p.said.String(), "workspaces of the Business plan")

	settings.Without = append(settings.Without, "events-volume")
	sb.SetWorkspace(settings)
	p.says("verify cannot see what Segment received and threw away; events flow as before")
	p.accept(events(aCall))
}

// A key that is another one for each message cannot be looked up.
func TestAnInterpolatedKeyIsSaidToBeUnverified(t *testing.T) {
	sb := segmenttest.New(t)
	var asked atomic.Int64
	api := counting(t, sb, &asked)
	p := start(t, verified(sb, fields{"write_key": "${! @key.or(\"k\") }", "verify": fields{"token": publicToken, "endpoint": api}}))
	p.accept(events(aCall))
	p.says("write_key is another one for each message, so verify cannot tell where calls go")
	assert.Zero(t, asked.Load())
}

// counting passes questions on to the Public API of a sandbox, and counts those
// for the list of sources.
func counting(t *testing.T, sb *segmenttest.Server, asked *atomic.Int64) (address string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/public-api/sources" {
			asked.Add(1)
		}
		sb.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL + "/public-api"
}

// Copies of an output, and outputs with the same token, ask for the list once.
func TestCopiesShareWhatTheyAsk(t *testing.T) {
	sb := segmenttest.New(t)
	sb.SetWorkspace(workspaceOf(website))
	var asked atomic.Int64
	output := verified(sb, fields{"verify": fields{"token": publicToken, "endpoint": counting(t, sb, &asked), "interval": "1h"}})
	p := start(t, `{"broker": {"copies": 3, "pattern": "fan_out", "outputs": [`+output+`,`+output+`]}}`)
	p.accept(events(aCall))
	require.Eventually(t, func() bool { return p.said.Times("has the write key and is enabled") == 2 }, patience, time.Millisecond, "%s", p.said)
	assert.EqualValues(t, 1, asked.Load())
}

func TestTheConnectionTestAsksForTheSource(t *testing.T) {
	sb := segmenttest.New(t)
	test := func() (err error) {
		withOutput(t, verified(sb), func(o *service.ResourceOutput) {
			for _, result := range o.ConnectionTest(t.Context()) {
				err = errors.Join(err, result.Err)
			}
		})
		return err
	}
	sb.SetWorkspace(workspaceOf(website))
	require.NoError(t, test())
	sb.SetWorkspace(workspaceOf(segmenttest.Source{Name: "App", WriteKeys: []string{"another"}}))
	require.ErrorContains(t, test(), "verifying the source: no source of workspace")
	sb.SetWorkspace(segmenttest.Workspace{Tokens: []string{"another"}})
	err := test()
	require.ErrorContains(t, err, "the token is invalid")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "CANARY")
	assert.Empty(t, sb.Calls())
}

// Nothing is asked when nothing is to be verified, as where a variable is unset.
func TestWithoutATokenNothingIsVerified(t *testing.T) {
	t.Setenv("SEGMENT_TEST_PUBLIC_TOKEN", "")
	sb := segmenttest.New(t)
	var asked atomic.Int64
	p := start(t, verified(sb, fields{"verify": fields{"token": "${SEGMENT_TEST_PUBLIC_TOKEN}", "endpoint": counting(t, sb, &asked)}}))
	p.accept(events(aCall))
	assert.Zero(t, asked.Load())
	assert.Empty(t, p.counts.Series("segment_source_enabled"))
	assert.NotContains(t, p.said.String(), "verify")
}

// An endpoint of Segment's is in a region, which is then asked first.
func TestTheRegionToVerifyIsThatOfTheEndpoint(t *testing.T) {
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- r.Host:
		default:
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	start(t, segmentOutput("https://events.eu1.segmentapis.com", fields{"proxy_url": proxy.URL, "verify": fields{"token": publicToken}}))
	assert.Equal(t, "eu1.api.segmentapis.com:443", <-asked)
}
