package verification

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/publicapi"
	"benthos-segment/plugin/segmenttest"
)

// byHost carries requests to the sandbox that stands for their host.
type byHost map[string]*segmenttest.Server

func (hosts byHost) RoundTrip(r *http.Request) (*http.Response, error) {
	sb := hosts[r.URL.Host]
	to := r.Clone(r.Context())
	to.URL.Path, to.Host = strings.TrimPrefix(sb.PublicAPI(), sb.URL)+to.URL.Path, ""
	to.URL.Scheme, to.URL.Host = "http", "127.0.0.1"
	return sb.Client().Transport.RoundTrip(to)
}

const usHost, euHost = "api.segmentapis.com", "eu1.api.segmentapis.com"

// twoRegions are sandboxes in the places of Segment's regions. The workspace is in
// the EU.
func twoRegions(t *testing.T) byHost {
	t.Helper()
	hosts := byHost{usHost: segmenttest.NewInProcess(t), euHost: segmenttest.NewInProcess(t)}
	hosts[usHost].SetWorkspace(segmenttest.Workspace{Tokens: []string{"another"}})
	hosts[euHost].SetWorkspace(segmenttest.Workspace{Name: "Acme", Sources: []segmenttest.Source{{Name: "Website", WriteKeys: []string{"k"}}}})
	return hosts
}

func copyOf(t *testing.T, hosts byHost, alter func(*Config), with ...service.MockResourcesOptFn) *Copy {
	t.Helper()
	conf := Config{
		Token: "a-token", Interval: 5 * time.Minute, Required: true, Region: "eu", IsOfRegion: true, WriteKey: "k", Transport: hosts,
	}
	alter(&conf)
	c, err := New(conf, service.MockResources(with...))
	require.NoError(t, err)
	t.Cleanup(c.Stop)
	return c
}

// passes says whether a call passes within a time.
func passes(t *testing.T, c *Copy, within time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	c.Await(ctx)
	return ctx.Err() == nil
}

// The wrong region is a reason for which events vanish behind a 200, too.
//
// https://github.com/segmentio/analytics-next/issues/1035
func TestAWorkspaceOfTheOtherRegionTakesNoCalls(t *testing.T) {
	for name, test := range map[string]struct {
		alter  func(*Config)
		passes bool
		says   string
	}{
		"the right region": {func(*Config) {}, true, ""},
		"the wrong region": {func(c *Config) { c.Region = "us" }, false, `workspace "Acme" is in the region eu, and calls go to the region us`},
		// Where calls go through a domain of one's own, nobody can tell.
		"an own domain": {func(c *Config) { c.Region, c.IsOfRegion = "us", false }, true, ""},
		"not required":  {func(c *Config) { c.Region, c.Required = "us", false }, true, "set region: eu"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := copyOf(t, twoRegions(t), test.alter)
				c.Start()
				synctest.Wait()
				assert.Equal(t, test.passes, passes(t, c, time.Minute))
				err := c.Test(t.Context())
				if test.says == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, test.says)
				}
				c.Stop()
			})
		})
	}
}

// Where calls wait for the first answer, they do so for ten seconds at the most,
// all in all, and no longer than until the API is given up.
func TestAnAPIThatHangsIsWaitedForAtMostTenSeconds(t *testing.T) {
	require.Less(t, oneQuestion, firstAnswer)
	synctest.Test(t, func(t *testing.T) {
		hosts := twoRegions(t)
		hosts[euHost].Delay(time.Hour).Match(segmenttest.Match{Path: "/public-api"})
		c := copyOf(t, hosts, func(*Config) {})
		c.Start()
		start := time.Now()
		require.True(t, passes(t, c, time.Minute))
		assert.Equal(t, oneQuestion, time.Since(start))
		require.True(t, passes(t, c, time.Minute))
		assert.Equal(t, oneQuestion, time.Since(start))
		c.Stop()
	})
}

// lines are the log of a copy.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// logged is a copy that writes its log to lines.
func logged(t *testing.T, hosts byHost, alter func(*Config)) (*Copy, *lines) {
	t.Helper()
	said := &lines{}
	return copyOf(t, hosts, alter, service.MockResourcesOptUseLogger(service.NewLoggerFromSlog(slog.New(slog.NewTextHandler(said, nil))))), said
}

// A run of one event is over before the API has answered.
func TestAShortRunSaysWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := twoRegions(t)
		hosts[euHost].Delay(300 * time.Millisecond).Match(segmenttest.Match{Path: "/public-api"})
		c, said := logged(t, hosts, func(c *Config) { c.WriteKey, c.Required = "wrong", false })
		start := time.Now()
		c.Start()
		c.Stop()
		assert.Contains(t, said.String(), "has the write key")
		assert.Less(t, time.Since(start), lastLook)
	})
}

func TestAStopDoesNotWaitLongForAnAPIThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := twoRegions(t)
		hosts[euHost].Delay(time.Hour).Match(segmenttest.Match{Path: "/public-api"})
		c := copyOf(t, hosts, func(c *Config) { c.Required = false })
		start := time.Now()
		c.Start()
		c.Stop()
		assert.Equal(t, lastLook, time.Since(start))
	})
}

// A plan or a role that comes later is noticed, and its absence said once.
func TestDiscardsAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := twoRegions(t)
		settings := segmenttest.Workspace{Sources: []segmenttest.Source{{Name: "Website", WriteKeys: []string{"k"}}}}
		settings.Without = []string{"delivery-overview"}
		hosts[euHost].SetWorkspace(settings)
		c, said := logged(t, hosts, func(*Config) {})
		c.Start()
		time.Sleep(3*discardsAgain + time.Minute)
		assert.Equal(t, 1, strings.Count(said.String(), "verify cannot see what Segment threw away"))
		settings.Without = nil
		hosts[euHost].SetWorkspace(settings)
		time.Sleep(discardsAgain + c.watch.conf.Interval)
		c.Stop()
		assert.Equal(t, 1, strings.Count(said.String(), "verify can see from now on what Segment throws away"))
		assert.False(t, c.watch.tally.byVolume)
	})
}

// What the API has said holds calls for a while after it has gone away, and not for
// ever.
func TestAnAPIThatGoesAwayDoesNotHoldCallsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := twoRegions(t)
		c := copyOf(t, hosts, func(c *Config) { c.WriteKey = "wrong" })
		c.Start()
		assert.False(t, passes(t, c, time.Minute))
		hosts[euHost].Fail(http.StatusServiceUnavailable).Match(segmenttest.Match{Path: "/public-api"})
		gone := time.Now()
		assert.False(t, passes(t, c, lastWord-time.Minute))
		assert.True(t, passes(t, c, 3*5*time.Minute))
		assert.Less(t, time.Since(gone), lastWord+2*5*time.Minute)
		c.Stop()
	})
}

// A fix is noticed within half a minute, however long the interval.
func TestAFixIsNoticedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := twoRegions(t)
		c := copyOf(t, hosts, func(c *Config) { c.WriteKey, c.Interval = "new", time.Hour })
		c.Start()
		assert.False(t, passes(t, c, time.Minute))
		hosts[euHost].SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{{Name: "Website", WriteKeys: []string{"new"}}}})
		assert.True(t, passes(t, c, whileWrong+time.Second))
		c.Stop()
	})
}

// An output that is stopped and started again begins anew.
func TestACopyMayStartAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := twoRegions(t)
		c := copyOf(t, hosts, func(c *Config) { c.WriteKey = "wrong" })
		for range 2 {
			c.Start()
			c.Start()
			assert.False(t, passes(t, c, time.Minute))
			c.Stop()
			c.Stop()
		}
	})
}

// The sums stay right while minutes settle, and through an outage that is longer
// than what can be asked for at once.
func TestCountsAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{{ID: "s", Name: "s", WriteKeys: []string{"k"}}}})
		client, err := publicapi.New(publicapi.Config{BaseURL: sb.PublicAPI(), Token: "t", Transport: sb.Client().Transport})
		require.NoError(t, err)
		tally := newTally(time.Now())
		sums, err := tally.update(t.Context(), client, "s", time.Now())
		require.NoError(t, err)
		assert.Zero(t, sums.received)
		var want int64
		for _, pause := range []time.Duration{
			time.Second, 5 * time.Minute, 5 * time.Minute, 20 * time.Minute, 5 * time.Minute, 11 * time.Hour, time.Minute, 14 * time.Minute, time.Hour,
		} {
			post(t, sb, `{"type":"track","event":"E","userId":"u"}`, `{"type":"track","userId":"u"}`, `{"type":"track","userId":"u"}`)
			want++
			time.Sleep(pause)
			sums, err = tally.update(t.Context(), client, "s", time.Now())
			require.NoError(t, err)
			assert.Equal(t, want, sums.received, pause)
			assert.Equal(t, 2*want, sums.discarded["event_not_defined"], pause)
			assert.Equal(t, 2*want, sums.allDiscarded())
		}
		assert.Equal(t, "event_not_defined 2", sums.since(map[string]int64{"event_not_defined": 2*want - 2}))
	})
}

func post(t *testing.T, sb *segmenttest.Server, calls ...string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+"/v1/batch", strings.NewReader(`{"batch":[`+strings.Join(calls, ",")+`]}`))
	require.NoError(t, err)
	r.SetBasicAuth("k", "")
	res, err := sb.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
}

func TestReasonsAreNamesOfFewSeries(t *testing.T) {
	known := map[string]int64{}
	for range maxReasons {
		known[strings.Repeat("a", len(known)+1)] = 1
	}
	assert.Equal(t, "source_disabled", reasonName("SOURCE_DISABLED", nil))
	assert.Equal(t, "a_b", reasonName("a b", nil))
	assert.Equal(t, "other", reasonName("", nil))
	assert.Equal(t, "other", reasonName("new", known))
	assert.Equal(t, "aaa", reasonName("AAA", known))
}
