package segment_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// reported is an event that somebody reported, or a twin of one of ours.
type reported struct {
	Case, Source, Input string
	// Want is a reason, or skipped, or the members that the call has by their
	// paths; null is one that it must not have.
	Want any
	// Notes are those of the conversion, nil where they do not matter.
	Notes []string
	// Says is in the sentence of a refusal.
	Says string
}

// cases reads the files of events that were reported.
func cases(t *testing.T) (all []reported) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "cases", "*.ndjson"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range bytes.Lines(text) {
			var r reported
			decoder := json.NewDecoder(bytes.NewReader(line))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&r), "%s", line)
			all = append(all, r)
		}
	}
	return all
}

// recordTime is when the records of the cases came in, where that is asked for.
var recordTime = time.Date(2024, time.February, 22, 8, 34, 23, 500_000_000, time.UTC)

const lessThanRecord = "receivedAt of the record, less "

// wanted returns what a path has to hold. A time may be told from the record's.
func wanted(t *testing.T, value any) any {
	t.Helper()
	text, isText := value.(string)
	if less, isRelative := strings.CutPrefix(text, lessThanRecord); isText && isRelative {
		age, err := time.ParseDuration(strings.ReplaceAll(less, " ", ""))
		require.NoError(t, err)
		return recordTime.Add(-age).Format("2006-01-02T15:04:05.000000Z")
	}
	return value
}

// source hands in the time of the record where a case wants it.
func (r *reported) source() segment.Provenance {
	from := fromKey
	if strings.Contains(r.Input, "sentAt") {
		from.Received = func() time.Time { return recordTime }
	}
	return from
}

func TestReportedEventsAreSentAsTheyShouldBe(t *testing.T) {
	for _, r := range cases(t) {
		t.Run(r.Case, func(t *testing.T) {
			converter := segment.NewConverter(config())
			calls, skips, v := converter.Convert(nil, []byte(r.Input), r.source())
			members, isCall := r.Want.(map[string]any)
			switch {
			case r.Want == "skipped":
				assert.Empty(t, calls)
				assert.Equal(t, segment.Skips{Integrations: 1}, skips)
			case isCall:
				require.Nil(t, v, "%v", v)
				require.Len(t, calls, 1)
				assertHas(t, members, calls[0].JSON)
				assert.Empty(t, segment.Inspect(calls[0].JSON, segment.UnknownType).Violations)
			default:
				require.NotNil(t, v, "%s", calls)
				assert.Equal(t, r.Want, string(v.Reason))
				assert.Contains(t, v.Sentence, r.Says)
			}
			if r.Notes != nil {
				assert.ElementsMatch(t, r.Notes, described(converter.Notes()))
			}
		})
	}
}

// assertHas checks what a call holds at some paths.
func assertHas(t *testing.T, want map[string]any, call []byte) {
	t.Helper()
	got := document(t, call)
	for path, value := range want {
		if value == nil {
			assert.False(t, got.ExistsP(path), "%s in %s", path, call)
			continue
		}
		assert.Equal(t, wanted(t, value), got.Path(path).Data(), "%s of %s", path, call)
	}
}
