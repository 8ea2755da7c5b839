package publicapi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/publicapi"
	"benthos-segment/plugin/segmenttest"
)

func track(id, version string) string {
	return fmt.Sprintf(`{"type":"track","event":"Clicked","userId":"u","messageId":%q,"context":{"app":{"version":%q}}}`, id, version)
}

// What the Tracking API answered with 200 is told apart: received, or thrown away
// and why.
func TestCountsTellWhatBecameOfCalls(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{
		{ID: "s1", Name: "Website", WriteKeys: []string{"k1"}}, {ID: "s2", Name: "App", WriteKeys: []string{"k2"}, Disabled: true},
	}})
	post(t, sb, "k1", track("m1", "1.0"), track("m2", "2.0"), `{"type":"identify","userId":"u"}`, `{"type":"track","userId":"u"}`, `{"type":"page"}`)
	post(t, sb, "k1", track("m1", "1.0")) // a duplicate is counted nowhere
	post(t, sb, "k2", track("m3", "1.0"))
	post(t, sb, "a wrong key", track("m4", "1.0"))
	c := clientOf(t, sb)
	counts := func(source string, step publicapi.Step, version string, by ...publicapi.Dimension) map[string]int64 {
		rows, err := c.Delivery(t.Context(), step, publicapi.Query{SourceID: source, Span: last(t, time.Hour), GroupBy: by, AppVersion: version})
		require.NoError(t, err)
		found := map[string]int64{}
		for _, row := range rows {
			found[row.EventType+row.EventName+row.AppVersion+row.DiscardReason] += int64(row.Total)
			for _, bucket := range row.Series {
				assert.NotZero(t, bucket.Count)
				assert.Less(t, time.Since(bucket.Time), 3*time.Minute)
			}
		}
		return found
	}
	assert.Equal(t, map[string]int64{"track": 2, "identify": 1}, counts("s1", publicapi.SuccessfullyReceived, "", publicapi.EventType))
	assert.Equal(t, map[string]int64{"": 3}, counts("s1", publicapi.SuccessfullyReceived, ""))
	assert.Equal(t, map[string]int64{"Clicked": 1}, counts("s1", publicapi.SuccessfullyReceived, "2.0", publicapi.EventName))
	assert.Equal(t, map[string]int64{"1.0": 1, "2.0": 1, "": 1}, counts("s1", publicapi.SuccessfullyReceived, "", publicapi.AppVersion))
	assert.Equal(t, map[string]int64{"trackevent_not_defined": 1, "pageno_user_anon_id": 1},
		counts("s1", publicapi.FailedOnIngest, "", publicapi.EventType, publicapi.DiscardReason))
	assert.Equal(t, map[string]int64{"source_disabled": 1}, counts("s2", publicapi.FailedOnIngest, "", publicapi.DiscardReason))
	assert.Empty(t, counts("s2", publicapi.SuccessfullyReceived, "", publicapi.EventType))
	assert.Empty(t, counts("s1", publicapi.FilteredAtSource, "", publicapi.DiscardReason))

	rows, err := c.Volume(t.Context(), "s1", last(t, time.Hour))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	assert.Equal(t, "track", rows[0].EventType)
	assert.EqualValues(t, 2, rows[0].Total)
}

// More names than a page has.
func TestAllPagesOfCountsAreRead(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{{ID: "s", Name: "s", WriteKeys: []string{"k"}}}})
	var calls []string
	for i := range 450 {
		calls = append(calls, fmt.Sprintf(`{"type":"track","event":"E%d","userId":"u"}`, i))
	}
	post(t, sb, "k", calls...)
	rows, err := clientOf(t, sb).Delivery(t.Context(), publicapi.SuccessfullyReceived,
		publicapi.Query{SourceID: "s", Span: last(t, time.Hour), GroupBy: []publicapi.Dimension{publicapi.EventName}})
	require.NoError(t, err)
	assert.Len(t, rows, 450)
}

// Every span from a second to thirty days is one that the API accepts.
func TestASpanIsWhatTheAPICanTell(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	sb.SetWorkspace(segmenttest.Workspace{Sources: []segmenttest.Source{{ID: "s", Name: "s", WriteKeys: []string{"k"}}}})
	c := clientOf(t, sb)
	for _, length := range []time.Duration{
		time.Second, time.Minute, time.Hour, 4*time.Hour - time.Second, 4 * time.Hour, 4*time.Hour + time.Second, 47 * time.Hour,
		14*24*time.Hour - time.Minute, 14 * 24 * time.Hour, 15 * 24 * time.Hour, 30 * 24 * time.Hour,
	} {
		span := last(t, length)
		_, err := c.Delivery(t.Context(), publicapi.FailedOnIngest, publicapi.Query{SourceID: "s", Span: span})
		require.NoError(t, err, "%s: %v", length, span)
		assert.InDelta(t, length.Seconds(), span.End.Sub(span.Start).Seconds(), (24 * time.Hour).Seconds(), length)
	}
	now := time.Now()
	_, err := publicapi.Since(now.Add(time.Minute), now)
	require.ErrorContains(t, err, "not in the past")
	_, err = publicapi.Since(now.Add(-31*24*time.Hour), now)
	require.ErrorContains(t, err, "counts are kept for 30 days")
}
