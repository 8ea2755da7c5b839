package plugin_test

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// timestampsOf returns the timestamps of the calls that have arrived.
func timestampsOf(t *testing.T, sb *segmenttest.Server) (times []string) {
	t.Helper()
	for _, call := range sb.Calls() {
		var sent struct{ Timestamp string }
		require.NoError(t, json.Unmarshal(call.Raw, &sent))
		times = append(times, sent.Timestamp)
	}
	return times
}

// A time in a form that is not read is refused with the mapping that reads it.
func TestARefusedTimeComesWithTheMappingThatReadsIt(t *testing.T) {
	advice := regexp.MustCompile("`(root = [^`]+)`")
	for given, want := range map[string]string{
		`20240131`:                   "2024-01-31T00:00:00.000Z",
		`"20240131"`:                 "2024-01-31T00:00:00.000Z",
		`20240131123000`:             "2024-01-31T12:30:00.000Z",
		`"20240131123000"`:           "2024-01-31T12:30:00.000Z",
		`638423424000000000`:         "2024-02-01T00:00:00.000Z",
		`"638423424001230000"`:       "2024-02-01T00:00:00.123Z",
		`133512192000000000`:         "2024-02-01T00:00:00.000Z",
		`45322`:                      "2024-01-31T00:00:00.000Z",
		`45322.5`:                    "2024-01-31T12:00:00.000Z",
		`"9/3/2015 10:15:00 AM"`:     "2015-09-03T10:15:00.000Z",
		`"9/3/2015"`:                 "2015-09-03T00:00:00.000Z",
		`"31/12/2015 22:15"`:         "2015-12-31T22:15:00.000Z",
		`"31.01.2024 07:08:09"`:      "2024-01-31T07:08:09.000Z",
		`"1-31-24"`:                  "2024-01-31T00:00:00.000Z",
		`"2019/7/31 18:43:03 -0700"`: "2019-08-01T01:43:03.000Z",
		`"12/31/2015 10:15:00 PM"`:   "2015-12-31T22:15:00.000Z",
	} {
		t.Run(given, func(t *testing.T) {
			payload := `{"type":"track","event":"E","userId":"u","timestamp":` + given + `}`
			sb := segmenttest.New(t)
			p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
			p.accept(events(payload))
			require.Len(t, p.dead.Reasons(), 1)
			assert.Regexp(t, `^segment timestamp_unparseable timestamp: `, p.dead.Reasons()[0])
			mapping := advice.FindStringSubmatch(p.dead.Reasons()[0])
			require.NotNil(t, mapping, p.dead.Reasons()[0])

			start(t, segmentOutput(sb.URL, fields{"mapping": mapping[1]})).accept(events(payload))

			require.Len(t, sb.Calls(), 1)
			sent := timestampsOf(t, sb)[0]
			assert.Equal(t, want[:len("2006-01-02T15:04:05.000")], sent[:len("2006-01-02T15:04:05.000")])
		})
	}
}

// The metadata is that which the inputs of Redpanda Connect set, in its types.
func TestTheRecordsOwnTimeStandsInForReceivedAt(t *testing.T) {
	const (
		// analytics_flutter#60: the device's clock, without a zone.
		event       = `{"type":"track","event":"E","anonymousId":"a14","originalTimestamp":"2024-02-22T03:34:17.882927","sentAt":"2024-02-22T03:34:23.476Z"}`
		corrected   = "2024-02-22T08:34:18.406927Z"
		ofTheDevice = "2024-02-22T03:34:17.882927Z"
	)
	for name, test := range map[string]struct {
		metadata map[string]any
		want     string
	}{
		"kafka, kafka_franz, redpanda":     {map[string]any{"kafka_timestamp_ms": int64(1708590864000), "kafka_timestamp_unix": int64(1708590864)}, corrected},
		"kafka, as seconds alone":          {map[string]any{"kafka_timestamp_unix": int64(1708590864)}, corrected},
		"kafka, set again by a mapping":    {map[string]any{"kafka_timestamp_ms": "1708590864000"}, corrected},
		"kafka, out of a JSON document":    {map[string]any{"kafka_timestamp_ms": json.Number("1708590864000")}, corrected},
		"kafka, a float":                   {map[string]any{"kafka_timestamp_ms": 1708590864000.0}, corrected},
		"kafka, as bytes":                  {map[string]any{"kafka_timestamp_ms": []byte("1708590864000")}, corrected},
		"kafka, other whole numbers":       {map[string]any{"kafka_timestamp_ms": uint64(1708590864000)}, corrected},
		"kafka, still others":              {map[string]any{"kafka_timestamp_ms": 1708590864000}, corrected},
		"nats_jetstream":                   {map[string]any{"nats_timestamp_unix_nano": "1708590864000000001"}, "2024-02-22T08:34:18.406927001Z"},
		"redis_streams":                    {map[string]any{"redis_stream": "1708590864000-55"}, corrected},
		"a record of Kafka without a time": {map[string]any{"kafka_timestamp_ms": int64(-1), "kafka_timestamp_unix": int64(-1)}, ofTheDevice},
		"the year 1 of the kafka input":    {map[string]any{"kafka_timestamp_ms": int64(-62135596800000), "kafka_timestamp_unix": int64(-62135596800)}, ofTheDevice},
		"an id that somebody made up":      {map[string]any{"redis_stream": "5-1"}, ofTheDevice},
		"text that is no number":           {map[string]any{"kafka_timestamp_ms": "soon"}, ofTheDevice},
		"a number that is too large":       {map[string]any{"kafka_timestamp_ms": uint64(1 << 63)}, ofTheDevice},
		"a float that is too large":        {map[string]any{"kafka_timestamp_ms": 1e300}, ofTheDevice},
		"something else":                   {map[string]any{"kafka_timestamp_ms": []any{1}}, ofTheDevice},
		"no metadata":                      {nil, ofTheDevice},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, segmentOutput(sb.URL))
			p.accept(service.MessageBatch{read(event, test.metadata)})
			assert.Equal(t, []string{test.want}, timestampsOf(t, sb))
			assert.Zero(t, p.counts.Sum("segment_conversion_notes", "clock_uncorrected"))
		})
	}
}

// The record of a dead letter or of an archive is younger than its event.
func TestARecordThatIsPublishedAgainLaterCorrectsNoClock(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	var batch service.MessageBatch
	for _, hours := range []int64{0, 23, 25, 24 * 365} {
		batch = append(batch, read(
			`{"type":"track","event":"E","userId":"u","originalTimestamp":"2026-01-02T03:00:00Z","sentAt":"2026-01-02T03:00:00Z"}`,
			map[string]any{"kafka_timestamp_ms": time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC).UnixMilli() + hours*3_600_000},
		))
	}

	want := []string{"2026-01-02T03:00:00.000Z", "2026-01-03T02:00:00.000Z", "2026-01-02T03:00:00.000Z", "2026-01-02T03:00:00.000Z"}

	p.accept(batch)
	p.accept(batch)

	assert.Equal(t, append(want, want...), timestampsOf(t, sb))
	assert.EqualValues(t, 2*2, p.counts.Sum("segment_conversion_notes", "clock_uncorrected"))
}

// A mapping makes a new message, and what was read stays what it was.
func TestAMappingKeepsTheTimeOfTheRecord(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL, fields{"mapping": "root = [this.event, this.event]\nmeta = deleted()"}))
	p.accept(service.MessageBatch{read(
		`{"event":{"type":"track","event":"E","userId":"u","originalTimestamp":"2024-02-22T03:34:17Z","sentAt":"2024-02-22T03:34:23Z"}}`,
		map[string]any{"kafka_timestamp_ms": int64(1_708_590_863_000)},
	)})
	assert.Equal(t, []string{"2024-02-22T08:34:17.000Z", "2024-02-22T08:34:17.000Z"}, timestampsOf(t, sb))
}
