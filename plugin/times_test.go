package plugin_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox"
)

// timestampsOf returns the timestamps of the calls that have arrived.
func timestampsOf(t *testing.T, sb *sandbox.TestServer) (times []string) {
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
		`"2019/7/31 18:43:03 -0700"`: "2019-08-01T01:43:03.000Z",
		`"12/31/2015 10:15:00 PM"`:   "2015-12-31T22:15:00.000Z",
	} {
		t.Run(given, func(t *testing.T) {
			payload := `{"type":"track","event":"E","userId":"u","timestamp":` + given + `}`
			sb := sandbox.New(t)
			p := start(t, withDeadLetter(segmentOutput(sb.URL)))
			p.accept(events(payload))
			require.Len(t, p.dead.reasons(), 1)
			assert.Regexp(t, `^segment timestamp_unparseable timestamp: `, p.dead.reasons()[0])
			mapping := advice.FindStringSubmatch(p.dead.reasons()[0])
			require.NotNil(t, mapping, p.dead.reasons()[0])

			start(t, segmentOutput(sb.URL, fields{"mapping": mapping[1]})).accept(events(payload))

			require.Len(t, sb.Calls(), 1)
			sent := timestampsOf(t, sb)[0]
			assert.Equal(t, want[:len("2006-01-02T15:04:05.000")], sent[:len("2006-01-02T15:04:05.000")])
		})
	}
}
