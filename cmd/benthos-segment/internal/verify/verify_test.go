package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/verify"
	"benthos-segment/cmd/internal/command"
	_ "benthos-segment/plugin"
	"benthos-segment/plugin/segmenttest"
)

const token = "sgp_CANARY0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"

// run runs the command, and returns what it says and the code that it ends with.
func run(t *testing.T, args ...string) (said string, code command.Code) {
	t.Helper()
	var out bytes.Buffer
	app := &cli.App{Name: "benthos-segment", Writer: &out, ErrWriter: &out, Commands: []*cli.Command{verify.Command("v1.2.3")}}
	app.ExitErrHandler = func(*cli.Context, error) {}
	err := app.RunContext(t.Context(), append([]string{"benthos-segment", "verify"}, args...))
	if err != nil {
		fmt.Fprintln(&out, err)
	}
	assert.NotContains(t, out.String(), "CANARY", "the token shows")
	assert.NotContains(t, out.String(), "a-write-key", "the write key shows")
	return out.String(), command.CodeOf(err)
}

// pipeline writes a config with one output, and returns its path.
func pipeline(t *testing.T, output string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	text := "http: {enabled: false}\ninput: {generate: {mapping: 'root = {}'}}\noutput:\n" + output
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// usual is a pipeline with the key of the tests, within a fallback.
const usual = `
  fallback:
    - segment: {write_key: "${SEGMENT_TEST_KEY:a-write-key}", endpoint: "$ENDPOINT", verify: {token: "${SEGMENT_TEST_TOKEN:}"}}
    - drop: {}
`

func usualPipeline(t *testing.T, sb *segmenttest.Server) string {
	t.Helper()
	return pipeline(t, strings.ReplaceAll(usual, "$ENDPOINT", sb.URL))
}

func send(t *testing.T, sb *segmenttest.Server, calls ...string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+"/v1/batch", strings.NewReader(`{"batch":[`+strings.Join(calls, ",")+`]}`))
	require.NoError(t, err)
	r.SetBasicAuth("a-write-key", "")
	res, err := sb.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

var website = segmenttest.Source{Name: "Website", WriteKeys: []string{"a-write-key"}}

const good = `{"type":"track","event":"Clicked","userId":"u"}`

func TestTheReportSaysWhatBecameOfTheCalls(t *testing.T) {
	disabled := website
	disabled.Disabled = true
	other := segmenttest.Source{Name: "App", WriteKeys: []string{"another"}}
	blocking := following(clicked)
	blocking.Sources[0].Settings = json.RawMessage(`{"track":{"allowUnplannedEvents":false}}`)
	for name, test := range map[string]struct {
		workspace segmenttest.Workspace
		calls     []string
		args      []string
		code      command.Code
		says      []string
		never     string
	}{
		"all is well": {
			workspace: segmenttest.Workspace{Name: "Acme", Sources: []segmenttest.Source{other, website}},
			calls:     []string{good, good}, code: command.Good,
			says: []string{"source     Website, enabled", "workspace  Acme", "track               -          2          0", "output.fallback.0, write key"}, never: "wrong:",
		},
		// https://github.com/segmentio/analytics-next/issues/1035
		"a discard behind a 200": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{website}},
			calls:     []string{good, `{"type":"track","userId":"u"}`}, code: command.Wrong,
			says: []string{"wrong: 1 track call was answered with 200 and thrown away, event_not_defined: a track call has no event; name what happened"},
		},
		"a discard by the plan of the source": {
			workspace: blocking,
			calls:     []string{good, `{"type":"track","event":"Sold","userId":"u"}`}, code: command.Wrong,
			says: []string{"track               -          1          1", "wrong: 1 track call was answered with 200 and thrown away, unplanned: the tracking plan has no such event; plan it, or allow unplanned events"},
		},
		"a wrong key": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{other}},
			calls:     []string{good}, code: command.Wrong,
			says: []string{"wrong: the only source that the token may see does not have this write key, so Segment answers 200"},
		},
		"a wrong key among many": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{other, {Name: "Shop", WriteKeys: []string{"third"}}}},
			code:      command.Wrong, says: []string{"wrong: none of the 2 sources that the token may see has this write key"},
		},
		"no source": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{}}, code: command.CouldNotRun,
			says: []string{"unknown: the token sees no source of the workspace"},
		},
		// What is wrong is known, whatever else is not.
		"a disabled source without Delivery Overview": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{disabled}, Without: []string{"delivery-overview"}}, code: command.Wrong,
			says: []string{"wrong: the source is disabled", "unknown: what was thrown away is not known"},
		},
		"a disabled source": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{disabled}},
			calls:     []string{good}, code: command.Wrong,
			says: []string{"Website, disabled", "wrong: the source is disabled", "source_disabled: the source is disabled; enable it"},
		},
		"hidden keys": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{website}, HidesWriteKeys: true}, code: command.CouldNotRun,
			says: []string{"unknown: the token shows none of the write keys", "Source Admin"},
		},
		"no Delivery Overview": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{website}, Without: []string{"delivery-overview"}},
			calls:     []string{good}, code: command.CouldNotRun,
			says: []string{"track               -          1          -", "unknown: what was thrown away is not known, only what was received", "Business plan"},
		},
		"no counts": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{website}, Without: []string{"delivery-overview", "events-volume"}},
			code:      command.CouldNotRun, says: []string{"Website, enabled", "unknown: asking what Segment counted", "; and what was received is not known either: "},
			never: "\\u000a",
		},
		"only the source": {
			workspace: segmenttest.Workspace{Sources: []segmenttest.Source{website}, Without: []string{"delivery-overview", "events-volume"}},
			args:      []string{"--source-only"}, code: command.Good, says: []string{"Website, enabled"}, never: "counted",
		},
		"a wrong token": {
			workspace: segmenttest.Workspace{Tokens: []string{"another"}}, code: command.CouldNotRun,
			says: []string{"the token is invalid, revoked or of a workspace in the other region"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
			sb := segmenttest.New(t)
			sb.SetWorkspace(test.workspace)
			if test.calls != nil {
				send(t, sb, test.calls...)
			}
			said, code := run(t, append(test.args, "--api", sb.PublicAPI(), usualPipeline(t, sb))...)
			assert.Equal(t, test.code, code, said)
			for _, want := range test.says {
				assert.Contains(t, said, want)
			}
			if test.never != "" {
				assert.NotContains(t, said, test.never)
			}
		})
	}
}

func TestTheReportIsJSONOnRequest(t *testing.T) {
	sb := segmenttest.New(t)
	sb.SetWorkspace(segmenttest.Workspace{Name: "Acme", Sources: []segmenttest.Source{website}})
	send(t, sb, good, `{"type":"page"}`)
	t.Setenv("SEGMENT_TEST_TOKEN", token) // by the pipeline's own field
	said, code := run(t, "--format", "json", "--api", sb.PublicAPI(), usualPipeline(t, sb))
	assert.Equal(t, command.Wrong, code)
	var got struct {
		Sources []struct {
			State     string
			WriteKey  string `json:"write_key"`
			Received  map[string]int
			Discarded []struct{ Reason, Type string }
			Problems  []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(said[:strings.LastIndex(said, "}")+1]), &got), said)
	require.Len(t, got.Sources, 1)
	assert.Equal(t, "enabled", got.Sources[0].State)
	assert.Equal(t, map[string]int{"track": 1}, got.Sources[0].Received)
	assert.Equal(t, "no_user_anon_id", got.Sources[0].Discarded[0].Reason)
	assert.Len(t, got.Sources[0].Problems, 1)
}

func TestEveryOutputOfAPipelineIsVerified(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	sb := segmenttest.New(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{website, {Name: "App", WriteKeys: []string{"key-of-the-app"}}}})
	file := pipeline(t, `
  broker:
    outputs:
      - {label: one, segment: {write_key: a-write-key}}
      - {label: two, segment: {write_key: key-of-the-app}}
      - {label: three, segment: {write_key: a-write-key}}
      - {label: four, segment: {write_key: '${! @key }'}}
`)
	said, code := run(t, "--api", sb.PublicAPI(), file)
	assert.Equal(t, command.CouldNotRun, code, said)
	assert.Contains(t, said, "one, three, write key")
	assert.Contains(t, said, "source     App, enabled")
	assert.Contains(t, said, "unknown: write_key is another one for each message")
}

// The token of an output is that of its workspace; the environment's is for those
// that have none. What one output is refused does not concern the others.
func TestTheTokenOfAnOutputGoesFirst(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	sb := segmenttest.New(t)
	sb.SetWorkspace(segmenttest.Workspace{Tokens: []string{token}, Sources: []segmenttest.Source{website, {Name: "App", WriteKeys: []string{"key-of-the-app"}}}})
	file := pipeline(t, `
  broker:
    outputs:
      - {label: one, segment: {write_key: key-of-the-app, verify: {token: of-another-workspace}}}
      - {label: two, segment: {write_key: a-write-key}}
`)
	said, code := run(t, "--format", "json", "--source-only", "--api", sb.PublicAPI(), file)
	assert.Equal(t, command.CouldNotRun, code, said)
	var got struct {
		Sources []struct {
			State string
			Gaps  []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(said[:strings.LastIndex(said, "}")+1]), &got), said)
	require.Len(t, got.Sources, 2)
	assert.Equal(t, "unknown", got.Sources[0].State)
	require.Len(t, got.Sources[0].Gaps, 1)
	assert.Contains(t, got.Sources[0].Gaps[0], "the token is invalid")
	assert.Equal(t, "enabled", got.Sources[1].State)
	assert.Empty(t, got.Sources[1].Gaps)
}

// What cannot run says why, and quotes no secret.
func TestWhatCannotRunSaysWhy(t *testing.T) {
	sb := segmenttest.New(t)
	other := counts(t, time.Now(), 1)
	require.NoError(t, os.WriteFile(other+"2", []byte("go_goroutines 7\n"), 0o600))
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		says string
	}{
		"nothing to verify":   {nil, nil, "name the pipeline to verify, or set SEGMENT_WRITE_KEY"},
		"no token":            {[]string{usualPipeline(t, sb)}, nil, "set SEGMENT_PUBLIC_API_TOKEN"},
		"an absent file":      {[]string{"absent.yaml"}, nil, "absent.yaml: no such file"},
		"a file of another":   {[]string{pipeline(t, "  drop: {}\n")}, nil, "has no output segment"},
		"no YAML":             {[]string{pipeline(t, "  segment: {write_key: *a-write-key}\n")}, nil, "is not a valid pipeline: benthos-segment lint"},
		"two files":           {[]string{"a", "b"}, nil, "verify takes one pipeline"},
		"a time to come":      {[]string{"--since", "2999-01-01T00:00:00Z", "p"}, nil, "--since must be how long ago"},
		"no time":             {[]string{"--since", "-1h", "p"}, nil, "--since must be how long ago"},
		"both":                {[]string{"--metrics", "http://a", "--counts", "b", "p"}, nil, "exclude each other"},
		"metrics of nobody":   {[]string{"--metrics", gone.URL, usualPipeline(t, sb)}, nil, "nothing answers there"},
		"metrics of others":   {[]string{"--counts", other + "2", usualPipeline(t, sb)}, nil, "none of an output segment"},
		"no metrics":          {[]string{"--counts", usualPipeline(t, sb), usualPipeline(t, sb)}, nil, "no metrics in the form of Prometheus"},
		"an API that is away": {[]string{"--source-only", "--api", "nonsense", usualPipeline(t, sb)}, map[string]string{"SEGMENT_PUBLIC_API_TOKEN": token}, "must begin with http:// or https://, followed by a host"},
		"a token in clear text": {
			[]string{"--api", "http://203.0.113.9/public-api", usualPipeline(t, sb)},
			map[string]string{"SEGMENT_PUBLIC_API_TOKEN": token},
			"--api: the address of the Public API must use https",
		},
		"a token in two lines": {[]string{usualPipeline(t, sb)}, map[string]string{"SEGMENT_PUBLIC_API_TOKEN": "CANARY\nCANARY"}, "copy it again"},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			said, code := run(t, test.args...)
			assert.Equal(t, command.CouldNotRun, code)
			assert.Contains(t, said, test.says)
		})
	}
}

// Without a pipeline, the key is the environment's.
func TestAKeyOfTheEnvironmentIsVerified(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	t.Setenv("SEGMENT_WRITE_KEY", "a-write-key")
	sb := segmenttest.New(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{website}})
	said, code := run(t, "--api", sb.PublicAPI())
	assert.Equal(t, command.Good, code, said)
	assert.Contains(t, said, "SEGMENT_WRITE_KEY, write key")
}

// An endpoint of Segment's is in a region, which is then asked first.
func TestTheRegionIsThatOfTheEndpoint(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Host
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	said, code := run(t, pipeline(t, `
  segment: {write_key: a-write-key, endpoint: "https://events.eu1.segmentapis.com/v1", proxy_url: "`+proxy.URL+`"}
`))
	assert.Equal(t, command.CouldNotRun, code, said)
	assert.Equal(t, "eu1.api.segmentapis.com:443", <-asked)
}
