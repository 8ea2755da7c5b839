package send_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestAWrongKeyEndsTheRunAndLosesNothing(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	wrong := sb.Fail(401)
	path := file(t, "events.ndjson", events(0, 1500)...)

	code, said := begin(t, "--endpoint", sb.URL, path).code()

	assert.Equal(t, 2, code)
	assert.Contains(t, said, "status 401")
	assert.Contains(t, said, "Check SEGMENT_WRITE_KEY, --region and --endpoint.")
	assert.Contains(t, said, "Nothing is lost: the same command goes on from there.")
	assert.NotContains(t, said, theKey)
	assert.NoFileExists(t, path+".dead.ndjson", "nothing is wrong with the events")

	wrong.Remove()
	code, said = begin(t, "--endpoint", sb.URL, path).code()
	assert.Zero(t, code, said)
	assert.Equal(t, 1500, sb.Summary().Unique)
}

func TestADeadServerIsWaitedForAndAStopLosesNothing(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	path := file(t, "events.ndjson", events(0, 1500)...)
	s := begin(t, "--endpoint", dead.URL, path)
	s.await("annot deliver to Segment")

	s.stop()

	code, said := s.code()
	assert.Equal(t, 2, code)
	assert.Contains(t, said, "retrying")
	assert.Contains(t, said, "Stopped before the end: it was interrupted.")
	assert.Contains(t, said, "Nothing is lost")
	assert.NotContains(t, said, "segment_oldest_unsent_seconds")
	assert.NoFileExists(t, path+".dead.ndjson")
}

func TestADeadServerIsGivenUpWhenAsked(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	sb.Fail(503)
	path := file(t, "events.ndjson", events(0, 15)...)

	code, said := begin(t, "--endpoint", sb.URL, "--give-up-after", "50ms", path).code()

	assert.Equal(t, 2, code)
	assert.Contains(t, said, "Stopped before the end: ")
	assert.Contains(t, said, "503")
	assert.NoFileExists(t, path+".dead.ndjson")
}

// cockroach#174963: a restart replaced what the checkpoint knew by nothing, and a
// second stop sent everything again.
func TestAStopAfterAStopForgetsNothing(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	first, second := file(t, "a.ndjson", events(0, 800)...), file(t, "b.ndjson", events(800, 800)...)
	code, said := begin(t, "--endpoint", sb.URL, "--checkpoint", first+".checkpoint", first).code()
	require.Zero(t, code, said)

	for range 2 {
		wrong := sb.Fail(401)
		code, said = begin(t, "--endpoint", sb.URL, first, second).code()
		require.Equal(t, 2, code, said)
		wrong.Remove()
	}
	require.Equal(t, 800, sb.Summary().Calls)
	code, said = begin(t, "--endpoint", sb.URL, first, second).code()
	require.Zero(t, code, said)
	assert.Equal(t, 1600, sb.Summary().Calls)
	assert.Equal(t, 1600, sb.Summary().Unique)
}

func TestAFileThatCannotBeReadToItsEndStopsAfterWhatWasRead(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a.ndjson", events(0, 30)...)
	missing := filepath.Join(t.TempDir(), "absent.ndjson")

	code, said := begin(t, "--endpoint", sb.URL, path, missing).code()

	assert.Equal(t, 2, code)
	assert.Contains(t, said, "absent.ndjson: no such file")
	assert.Zero(t, sb.Summary().Calls, "it is seen before the start")
}

func TestDeadLettersThatCannotBeWrittenEndTheRun(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a.ndjson", append(events(0, 30), `{"type":"track","userId":"u"}`)...)
	elsewhere := filepath.Join(t.TempDir(), "absent", "dead.ndjson")

	code, said := begin(t, "--endpoint", sb.URL, "--dead-letters-to", elsewhere, path).code()

	assert.Equal(t, 2, code)
	assert.Contains(t, said, "writing dead letters")
	assert.Contains(t, said, "--dead-letters-to")
	code, said = begin(t, "--endpoint", sb.URL, path).code()
	assert.Equal(t, 1, code, said)
	assert.Len(t, lettersIn(t, path+".dead.ndjson"), 1)
}

// An event that was refused before a kill, and after the last checkpoint, is
// refused again by the next run.
func TestEachRefusedEventHasOneDeadLetter(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a.ndjson", append(events(0, 30), `{"type":"track","userId":"u"}`)...)
	code, said := begin(t, "--endpoint", sb.URL, path).code()
	require.Equal(t, 1, code, said)
	rewind(t, path+".checkpoint")

	code, said = begin(t, "--endpoint", sb.URL, path).code()

	assert.Equal(t, 1, code, said)
	assert.Len(t, lettersIn(t, path+".dead.ndjson"), 1)
}

func TestWhatIsWrongIsSaidBeforeTheStart(t *testing.T) {
	sb := segmenttest.New(t)
	path := file(t, "events.ndjson", events(0, 3)...)
	other := file(t, "other.json", `{"some":"file"}`)
	for name, given := range map[string]struct {
		key  string
		args []string
		says string
	}{
		"no key":              {"", []string{path}, "SEGMENT_WRITE_KEY is not set"},
		"no key, filled in":   {"${KEY}", []string{path}, "does not hold a write key"},
		"no file":             {theKey, nil, "name the files to send"},
		"a folder":            {theKey, []string{filepath.Dir(path)}, "is a directory: name the files in it"},
		"an absent file":      {theKey, []string{path + "x"}, "no such file"},
		"a file twice":        {theKey, []string{path, path}, "named twice"},
		"no region":           {theKey, []string{"--region", "uk", path}, `region: must be us or eu, not "uk"`},
		"no scheme":           {theKey, []string{"--endpoint", "example.com", path}, "--endpoint must begin with http:// or https://"},
		"plain http":          {theKey, []string{"--endpoint", "http://example.com", path}, "--endpoint must use https"},
		"too fast":            {theKey, []string{"--events-per-second", "-1", path}, "--events-per-second must be"},
		"no mode":             {theKey, []string{"--integrations", "all", path}, "integrations: must be"},
		"no dialect":          {theKey, []string{"--dialect", "rudder", path}, "dialect: must be"},
		"never gives up":      {theKey, []string{"--give-up-after", "-1s", path}, "--give-up-after must be"},
		"onto itself":         {theKey, []string{"--dead-letters-to", path, path}, "is a file that is sent"},
		"checkpoint in it":    {theKey, []string{"--checkpoint", path, path}, "is a file that is sent"},
		"no checkpoint there": {theKey, []string{"--checkpoint", "/absent/file", path}, "the checkpoint /absent/file cannot be written: no such file or directory: name another place with --checkpoint"},
		"letters to a device": {theKey, []string{"--dead-letters-to", os.DevNull, path}, "is not a regular file"},
		"another file":        {theKey, []string{"--checkpoint", other, path}, "is not a checkpoint of this command"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEGMENT_WRITE_KEY", given.key)
			code, said := begin(t, append([]string{"--endpoint", sb.URL}, given.args...)...).code()
			assert.Equal(t, 2, code)
			assert.Contains(t, said, given.says)
			assert.Zero(t, sb.Summary().Calls)
		})
	}
}

func TestACheckpointIsOfOneSource(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb, other := segmenttest.New(t), segmenttest.New(t)
	path := file(t, "events.ndjson", events(0, 3)...)
	code, said := begin(t, "--endpoint", sb.URL, path).code()
	require.Zero(t, code, said)

	code, said = begin(t, "--endpoint", other.URL, path).code()
	assert.Equal(t, 2, code)
	assert.Contains(t, said, "and this sends to "+other.URL)
	t.Setenv("SEGMENT_WRITE_KEY", "another")
	code, said = begin(t, "--endpoint", sb.URL, path).code()
	assert.Equal(t, 2, code)
	assert.Contains(t, said, "of the write key with the fingerprint")

	code, said = begin(t, "--endpoint", other.URL, "--checkpoint", path+".other", path).code()
	assert.Zero(t, code, said)
	assert.Equal(t, 3, other.Summary().Calls)
}

func TestTwoRunsAtOnceAreRefused(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	stuck := sb.Fail(503)
	path := file(t, "events.ndjson", events(0, 3)...)
	first := begin(t, "--endpoint", sb.URL, path)
	require.Eventually(t, func() bool { _, err := os.Stat(path + ".checkpoint"); return err == nil }, waits, tick)

	code, said := begin(t, "--endpoint", sb.URL, path).code()

	assert.Equal(t, 2, code)
	assert.Contains(t, said, "another send may be at work with it")
	stuck.Remove()
	code, said = first.code()
	assert.Zero(t, code, said)
	assert.Equal(t, 3, sb.Summary().Calls)
}
