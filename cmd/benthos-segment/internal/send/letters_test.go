package send_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// payloadsIn are the events of the dead letters in a file.
func payloadsIn(t *testing.T, path string) (all []any) {
	t.Helper()
	for _, one := range lettersIn(t, path) {
		all = append(all, strings.TrimSpace(one["payload"].(string)))
	}
	return all
}

// A job that pipes the events of each day in begins at the first event each time.
// Even the same event is another one the next day.
func TestEachRunOfStandardInputKeepsItsRefusedEvents(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	t.Chdir(t.TempDir())
	sb := segmenttest.New(t)
	days := []any{`{"type":"track","userId":"day1"}`, `{"type":"track","userId":"day2"}`, `{"type":"track","userId":"day2"}`}
	for _, day := range days {
		code, said := beginWith(t, day.(string), "--endpoint", sb.URL, "-").code()
		require.Equal(t, 1, code, said)
	}
	assert.Equal(t, days, payloadsIn(t, "stdin.dead.ndjson"))
}

func TestAReplacedFileKeepsItsRefusedEvents(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a.ndjson", `{"type":"track","userId":"former"}`)
	code, said := begin(t, "--endpoint", sb.URL, path).code()
	require.Equal(t, 1, code, said)
	write(t, path, `{"type":"track","userId":"another"}`)

	code, said = begin(t, "--endpoint", sb.URL, "--restart", path).code()

	assert.Equal(t, 1, code, said)
	assert.Equal(t, []any{`{"type":"track","userId":"former"}`, `{"type":"track","userId":"another"}`}, payloadsIn(t, path+".dead.ndjson"))
}

// Between a kill and the next attempt, an event that no checkpoint has settled may
// be changed in its file, and still be refused.
func TestAnEventThatWasChangedAfterAKillHasALetterOfItsOwn(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a.ndjson", `{"type":"track","userId":"former"}`, `{"type":"track","userId":"same"}`)
	code, said := begin(t, "--endpoint", sb.URL, path).code()
	require.Equal(t, 1, code, said)
	rewind(t, path+".checkpoint")
	write(t, path, `{"type":"track","userId":"another"}`, `{"type":"track","userId":"same"}`)

	code, said = begin(t, "--endpoint", sb.URL, path).code()

	assert.Equal(t, 1, code, said)
	assert.Equal(t, []any{
		`{"type":"track","userId":"former"}`, `{"type":"track","userId":"same"}`, `{"type":"track","userId":"another"}`,
	}, payloadsIn(t, path+".dead.ndjson"))
}

// The command is pasted. Without --endpoint, it would send what was meant for a
// sandbox to Segment.
func TestTheCommandForDeadLettersSendsThemToTheSamePlace(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a file.ndjson", `{"type":"track","userId":"u"}`)

	code, said := begin(
		t, "--give-up-after", "10m", "--max-line", "10kB", "--dialect", "rudderstack", "--integrations", "forward",
		"--events-per-second", "100", "--region", "eu", "--endpoint", sb.URL, path,
	).code()

	assert.Equal(t, 1, code, said)
	assert.Contains(t, said, "\n  benthos-segment send --region eu --endpoint "+sb.URL+" --events-per-second 100 --integrations forward"+
		" --dialect rudderstack --max-line 10kB --give-up-after 10m0s --dead-letters '"+path+".dead.ndjson'\n")
}

// Exit code 0 means that everything was sent, whichever run has sent it.
func TestWhatEarlierRunsRefusedIsNotForgotten(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	lines := append(events(0, 5), `{"type":"track","userId":"u"}`)
	path := file(t, "a.ndjson", lines...)
	elsewhere := path + ".elsewhere"
	run := func(args ...string) (int, string) {
		return begin(t, append(append([]string{"--endpoint", sb.URL}, args...), path)...).code()
	}
	code, said := run()
	require.Equal(t, 1, code, said)

	code, said = run()
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "nothing new after 6 settled events, 1 of them refused.")
	assert.Regexp(t, `(?m)^  refused +0\n +1  refused by earlier runs$`, said)
	assert.Contains(t, said, "The refused events were written to "+path+".dead.ndjson with their reasons.")

	lines = append(lines, events(5, 5)...)
	write(t, path, lines...)
	wrong := sb.Fail(401)
	code, said = run()
	assert.Equal(t, 2, code)
	assert.Contains(t, said, "passing over 6 settled events, 1 of them refused.")
	assert.Contains(t, said, path+".dead.ndjson with their reasons.")
	assert.Contains(t, said, "Nothing is lost")
	wrong.Remove()

	lines = append(lines, `{"type":"track","userId":"u"}`)
	write(t, path, lines...)
	code, said = run("--dead-letters-to", elsewhere)
	assert.Equal(t, 1, code)
	assert.Regexp(t, `(?m)^  refused +1 .*\n +1  refused by earlier runs$`, said)
	code, said = run()
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "nothing new after 12 settled events, 2 of them refused.")
	assert.Contains(t, said, " --dead-letters "+path+".dead.ndjson "+elsewhere+"\n")
	assert.Equal(t, 10, sb.Summary().Calls)

	write(t, path, events(0, 10)...)
	code, said = run("--restart")
	assert.Zero(t, code, said)
}

// A power cut leaves the beginning of a letter. The next one would be appended to
// its line, and neither could be read.
func TestALetterAfterHalfOfOneHasALineOfItsOwn(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a.ndjson", `{"type":"track","userId":"first"}`, `{"type":"track","userId":"second"}`)
	const torn = `{"reason":"event_not_defined","field":"event","sent`
	require.NoError(t, os.WriteFile(path+".dead.ndjson", []byte(torn), 0o600))

	code, said := begin(t, "--endpoint", sb.URL, path).code()

	require.Equal(t, 1, code, said)
	text, err := os.ReadFile(path + ".dead.ndjson")
	require.NoError(t, err)
	rest, isWhole := strings.CutPrefix(string(text), torn+"\n")
	require.True(t, isWhole, string(text))
	write(t, path+".rest", strings.TrimSuffix(rest, "\n"))
	assert.Equal(t, []any{`{"type":"track","userId":"first"}`, `{"type":"track","userId":"second"}`}, payloadsIn(t, path+".rest"))
}

// Reported: events.ndjson.dead.ndjson.dead.ndjson, and so on.
func TestTheNamesOfDeadLettersDoNotGrow(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "a.ndjson", `{"type":"track","userId":"u"}`)
	next := []string{path, path + ".dead.ndjson", path + ".dead.2.ndjson", path + ".dead.3.ndjson"}
	for n, from := range next[:3] {
		args := []string{"--endpoint", sb.URL, from}
		if n > 0 {
			args = append([]string{"--dead-letters"}, args...)
		}
		code, said := begin(t, args...).code()
		assert.Equal(t, 1, code)
		assert.Contains(t, said, "The refused events were written to "+next[n+1]+" with their reasons.")
		assert.Equal(t, []any{`{"type":"track","userId":"u"}`}, payloadsIn(t, next[n+1]))
	}
}
