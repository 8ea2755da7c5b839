package plugin_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Jeffail/gabs/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// The events that people reported go through a stream with default settings:
// the converter's tests say what each of them has to become, and this one that
// nothing between an input and the wire changes it.
func TestReportedEventsArriveWithDefaultSettings(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	skipped := int64(0)
	for _, r := range reportedEvents(t) {
		t.Run(r.Case, func(t *testing.T) {
			sb.Reset()
			p.dead.Forget()
			batch := events(r.Input)
			if strings.Contains(r.Input, "sentAt") {
				batch[0].MetaSetMut("kafka_timestamp_ms", recordTime.UnixMilli())
			}

			p.accept(batch)

			switch want := r.Want.(type) {
			case map[string]any:
				require.Empty(t, p.dead.Reasons())
				require.Len(t, sb.Calls(), 1)
				assertArrived(t, want, sb.Calls()[0])
			case string:
				assert.Empty(t, sb.Calls())
				if want == "skipped" {
					skipped++
					assert.Empty(t, p.dead.Reasons())
					break
				}
				require.Len(t, p.dead.Reasons(), 1)
				assert.Contains(t, p.dead.Reasons()[0], "segment "+want+" ")
			}
			assert.Equal(t, skipped, p.counts.Sum("segment_calls_skipped", "integrations"))
		})
	}
	require.Positive(t, skipped)
	assert.Equal(t, 1, p.said.Times("excludes Segment"), "it is said once")
}

var recordTime = time.Date(2024, time.February, 22, 8, 34, 23, 500_000_000, time.UTC)

type reportedEvent struct {
	Case, Input string
	Want        any
}

func reportedEvents(t *testing.T) (all []reportedEvent) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "internal", "segment", "testdata", "cases", "*.ndjson"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range bytes.Lines(text) {
			var r reportedEvent
			require.NoError(t, json.Unmarshal(line, &r), "%s", line)
			all = append(all, r)
		}
	}
	return all
}

// assertArrived checks what a call holds at some paths; null is nothing.
func assertArrived(t *testing.T, want map[string]any, call segmenttest.Call) {
	t.Helper()
	assert.Empty(t, call.Violations)
	got, err := gabs.ParseJSON(call.Raw)
	require.NoError(t, err)
	for path, value := range want {
		text, _ := value.(string)
		less, isRelative := strings.CutPrefix(text, "receivedAt of the record, less ")
		switch {
		case value == nil:
			assert.False(t, got.ExistsP(path), "%s in %s", path, call.Raw)
		case isRelative:
			age, err := time.ParseDuration(strings.ReplaceAll(less, " ", ""))
			require.NoError(t, err)
			assert.Equal(t, recordTime.Add(-age).Format("2006-01-02T15:04:05.000000Z"), got.Path(path).Data())
		default:
			assert.Equal(t, value, got.Path(path).Data(), "%s of %s", path, call.Raw)
		}
	}
}

// What the output refuses as a discard of Segment's, the sandbox shows as one.
func TestTheSandboxShowsTheDiscardsThatTheOutputRefuses(t *testing.T) {
	sb := segmenttest.New(t)
	for _, r := range reportedEvents(t) {
		want, isReason := r.Want.(string)
		if !isReason || !strings.HasPrefix(want, "consent_") {
			continue
		}
		t.Run(r.Case, func(t *testing.T) {
			sb.Reset()
			response, err := http.Post(sb.URL+"/v1/batch", "application/json",
				strings.NewReader(`{"writeKey":"a-write-key","batch":[`+r.Input+`]}`))
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Len(t, sb.Calls(), 1)
			require.Len(t, sb.Calls()[0].Violations, 1)
			assert.Equal(t, want, sb.Calls()[0].Violations[0].Code)
			assert.Equal(t, 1, sb.Summary().Discarded)
		})
	}
}
