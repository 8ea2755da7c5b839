package publicapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

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
	to.URL.Scheme, to.URL.Host = "http", strings.TrimPrefix(sb.URL, "http://")
	to.URL.Path = strings.TrimPrefix(sb.PublicAPI(), sb.URL) + to.URL.Path
	to.Host = ""
	return sb.Client().Transport.RoundTrip(to)
}

// regions are two sandboxes in the places of Segment's regions. Only one of them
// knows the token.
func regions(t *testing.T, home string) byHost {
	t.Helper()
	hosts := byHost{}
	for region, base := range publicapi.Regions {
		sb := segmenttest.NewInProcess(t)
		tokens := []string{"another"}
		if region == home {
			tokens = []string{token}
		}
		sb.SetWorkspace(segmenttest.Workspace{Name: "Workspace of " + region, Tokens: tokens, Sources: sources(3)})
		hosts[strings.TrimPrefix(base, "https://")] = sb
	}
	return hosts
}

func lookup(t *testing.T, conf publicapi.Config, expected string) *publicapi.Lookup {
	t.Helper()
	l, err := publicapi.NewLookup(conf, expected)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

func TestTheRegionOfAWorkspaceIsTheOneThatKnowsItsToken(t *testing.T) {
	for _, home := range []string{"us", "eu"} {
		for _, expected := range []string{"us", "eu"} {
			t.Run(home+", expected "+expected, func(t *testing.T) {
				found, err := lookup(t, publicapi.Config{Token: token, Transport: regions(t, home)}, expected).List(t.Context())
				require.NoError(t, err)
				assert.Equal(t, home, found.Region)
				assert.Equal(t, "Workspace of "+home, found.Workspace.Name)
				assert.Len(t, found.Sources, 3)
			})
		}
	}
	_, err := lookup(t, publicapi.Config{Token: token, Transport: regions(t, "nowhere")}, "us").List(t.Context())
	require.ErrorContains(t, err, "answered 403")
}

// The US sends tokens of the EU to the EU, by what typewriter expects of it.
func TestARedirectToTheOtherRegionIsUnderstood(t *testing.T) {
	hosts := regions(t, "eu")
	_, err := hosts["api.segmentapis.com"].Inject(segmenttest.Fault{
		Status: 307, Header: map[string]string{"Location": "https://eu1.api.segmentapis.com/"}, Match: segmenttest.Match{Path: "/public-api"},
	})
	require.NoError(t, err)
	found, err := lookup(t, publicapi.Config{Token: token, Transport: hosts}, "us").List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "eu", found.Region)
}

// An API that is away says nothing about regions.
func TestAnAPIThatIsAwayIsNotAnotherRegion(t *testing.T) {
	hosts := regions(t, "eu")
	_, err := hosts["api.segmentapis.com"].Inject(segmenttest.Fault{Status: 503, Match: segmenttest.Match{Path: "/public-api"}})
	require.NoError(t, err)
	_, err = lookup(t, publicapi.Config{Token: token, Transport: hosts}, "us").List(t.Context())
	kind, _ := publicapi.KindOf(err)
	assert.Equal(t, publicapi.Unavailable, kind)
}

func TestARegionThatDoesNotExistIsRefused(t *testing.T) {
	_, err := publicapi.NewLookup(publicapi.Config{Token: token}, "mars")
	require.ErrorContains(t, err, `"mars" is not a region of Segment`)
}

func TestAKeyIsFoundOnAnyPage(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	all := sources(405)
	all[404].Disabled = true
	settings := segmenttest.Workspace{Sources: all}
	sb.SetWorkspace(settings)
	conf := publicapi.Config{BaseURL: sb.PublicAPI(), Token: token, Transport: sb.Client().Transport, Timeout: time.Minute}
	found, err := lookup(t, conf, "us").List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, found.Region, "nobody knows")
	for key, want := range map[string]publicapi.State{
		"key-000": publicapi.Enabled, "key-403": publicapi.Enabled, "key-404": publicapi.Disabled, "key-405": publicapi.Unknown, "": publicapi.Unknown,
	} {
		source, state := found.Of(key)
		assert.Equal(t, want, state, key)
		if state != publicapi.Unknown {
			assert.Equal(t, strings.Replace(key, "key-", "Source ", 1), source.Name)
		}
	}
	assert.NotContains(t, fmt.Sprintf("%+v %#v", found, *found), "key-000", "a dump shows no write key")

	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{}})
	found, err = lookup(t, conf, "us").List(t.Context())
	require.NoError(t, err)
	_, state := found.Of("key-000")
	assert.Equal(t, publicapi.Sourceless, state)

	settings.HidesWriteKeys = true
	sb.SetWorkspace(settings)
	found, err = lookup(t, conf, "us").List(t.Context())
	require.NoError(t, err)
	_, state = found.Of("key-000")
	assert.Equal(t, publicapi.Unshown, state)
	assert.Len(t, found.Sources, 405)
}
