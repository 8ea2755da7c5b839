package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/plugin/segmenttest"
)

// counts writes what a pipeline has counted, as Benthos does.
func counts(t *testing.T, start time.Time, sent int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "counts.prom")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `# HELP segment_calls_sent Benthos Counter metric
# TYPE segment_calls_sent counter
segment_calls_sent{label="",path="root.output.fallback.0",stream="",type="track"} %d
# TYPE segment_start_time_seconds gauge
segment_start_time_seconds{label="",path="root.output.fallback.0"} %d
`, sent, start.Unix()), 0o600))
	return path
}

// settledLongAgo are those of a pipeline that has ended a while ago.
func settledLongAgo(t *testing.T, start time.Time, sent int) string {
	t.Helper()
	file := counts(t, start, sent)
	ended := time.Now().Add(-6 * time.Minute)
	require.NoError(t, os.Chtimes(file, ended, ended))
	return file
}

// Calls of the last minutes are not called lost.
func TestCallsThatSegmentHasNotCountedYetAreNotWrong(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	sb := segmenttest.New(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{website}})
	file := usualPipeline(t, sb)

	said, code := run(t, "--counts", counts(t, time.Now().Add(-time.Minute), 1), "--api", sb.PublicAPI(), file)
	assert.Equal(t, command.CouldNotRun, code, said)
	assert.Contains(t, said, "unknown: not shown yet: 1 call that the pipeline has sent")
	assert.Contains(t, said, "--wait 5m")

	said, code = run(t, "--counts", settledLongAgo(t, time.Now().Add(-time.Hour), 1), "--api", sb.PublicAPI(), file)
	assert.Equal(t, command.Wrong, code, said)
	assert.Contains(t, said, "wrong: shown nowhere: 1 call that the pipeline has sent")
	assert.NotContains(t, said, "--wait")
}

func TestCountsAreComparedWithThoseOfThePipeline(t *testing.T) {
	for name, test := range map[string]struct {
		sent  int
		since []string
		code  command.Code
		says  string
		// running is what is said while the pipeline goes on sending.
		running string
	}{
		"all arrived":         {2, nil, command.Good, "note: Segment shows all calls that the pipeline has sent", ""},
		"some are missing":    {5, nil, command.Wrong, "wrong: shown nowhere: 3 calls that the pipeline has sent", "unknown: not shown yet: 3 calls"},
		"others send as well": {1, nil, command.Good, "note: Segment shows 1 call more than the pipeline has sent", ""},
		"another time":        {5, []string{"--since", "3h"}, command.Good, "note: the pipeline has counted since", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
			sb := segmenttest.New(t)
			sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{website}})
			send(t, sb, good, good)
			file := settledLongAgo(t, time.Now().Add(-10*time.Minute), test.sent)
			page := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(file))))
			defer page.Close()
			for _, from := range [][]string{{"--counts", file}, {"--metrics", page.URL + "/counts.prom"}} {
				if from[0] == "--metrics" && test.running != "" {
					test.code, test.says = command.CouldNotRun, test.running
				}
				args := append(append(test.since, from...), "--api", sb.PublicAPI(), usualPipeline(t, sb))
				said, code := run(t, args...)
				assert.Equal(t, test.code, code, said)
				assert.Contains(t, said, test.says)
			}
		})
	}
}

// Segment shows calls a while after it has received them.
func TestCallsThatComeLateAreWaitedFor(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	sb := segmenttest.New(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{website}})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/public-api/delivery-overview/filtered-at-source" && len(sb.Calls()) == 0 {
			send(t, sb, good)
		}
		sb.ServeHTTP(w, r)
	}))
	defer server.Close()
	said, code := run(t, "--wait", "1m", "--counts", counts(t, time.Now().Add(-time.Minute), 1), "--api", server.URL+"/public-api", usualPipeline(t, sb))
	assert.Equal(t, command.Good, code, said)
	assert.Contains(t, said, "waiting for 1 call that Segment does not show yet")
	assert.Contains(t, said, "Segment shows all calls")
}
