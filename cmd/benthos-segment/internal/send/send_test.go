package send_test

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/plugin/segmenttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func idsOf(calls []segmenttest.Call) (ids []string) {
	for _, call := range calls {
		ids = append(ids, call.MessageID)
	}
	return ids
}

// letters are the dead letters in a file.
func lettersIn(t *testing.T, path string) (all []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var one map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &one))
		all = append(all, one)
	}
	return all
}

func TestAFileIsSentAndWhatIsRefusedIsKept(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "events.ndjson", append(
		events(0, 1200),
		`{"type":"track","userId":"u"}`,
		`{"type":"page","userId":"u","integrations":{"Segment":false},"rudderId":"r"}`,
	)...)

	code, said := begin(t, "--endpoint", sb.URL, path).code()

	assert.Equal(t, 1, code)
	assert.Equal(t, 1200, sb.Summary().Unique)
	assert.Zero(t, sb.Summary().Duplicates)
	assert.Regexp(t, `(?m)^  events +1,202 `, said)
	assert.Regexp(t, `(?m)^  calls sent +1,200 +1,200 track$`, said)
	assert.Regexp(t, `(?m)^  skipped +1 +1 integrations$`, said)
	assert.Regexp(t, `(?m)^  refused +1 +1 event_not_defined$`, said)
	assert.Contains(t, said, "\n  benthos-segment send --endpoint "+sb.URL+" --dead-letters "+path+".dead.ndjson\n")
	assert.Contains(t, said, "set --integrations to forward")
	assert.NotContains(t, said, theKey)
	letters := lettersIn(t, path+".dead.ndjson")
	require.Len(t, letters, 1)
	assert.Equal(t, "event_not_defined", letters[0]["reason"])
	assert.Equal(t, path, letters[0]["file"])
	assert.EqualValues(t, 1201, letters[0]["line"])
	info, err := os.Stat(path + ".dead.ndjson")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "dead letters are customers' data")
	checkpoint, err := os.ReadFile(path + ".checkpoint")
	require.NoError(t, err)
	assert.NotContains(t, string(checkpoint), theKey)

	// A lock whose file is removed can be had twice: by who has opened the file
	// before, and by who makes a new one. https://github.com/cashapp/hermit/pull/423
	lock, err := os.Stat(path + ".checkpoint.lock")
	require.NoError(t, err)
	begin(t, "--endpoint", sb.URL, path).code()
	again, err := os.Stat(path + ".checkpoint.lock")
	require.NoError(t, err)
	assert.True(t, os.SameFile(lock, again))
}

// pingcap/dumpling#10, and what everybody does: the same line again.
func TestWhatWasSentIsNotSentAgain(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(t, "events.ndjson", events(0, 30)...)
	code, said := begin(t, "--endpoint", sb.URL, path).code()
	require.Zero(t, code, said)

	code, said = begin(t, "--endpoint", sb.URL, path).code()
	assert.Zero(t, code)
	assert.Contains(t, said, "nothing new after 30 settled events. --restart sends them again.")
	assert.Equal(t, 30, sb.Summary().Calls)

	write(t, path, events(0, 42)...) // A log that has grown.
	code, said = begin(t, "--endpoint", sb.URL, path).code()
	assert.Zero(t, code)
	assert.Contains(t, said, "passing over 30 settled events.")
	assert.Equal(t, 42, sb.Summary().Calls)

	code, _ = begin(t, "--endpoint", sb.URL, "--restart", path).code()
	assert.Zero(t, code)
	assert.Equal(t, 84, sb.Summary().Calls)
	assert.Equal(t, 42, sb.Summary().Unique)
}

func TestAFileThatHasChangedIsNoticed(t *testing.T) {
	for name, change := range map[string]func(lines []string) []string{
		"another event":  func(lines []string) []string { lines[3] = `{"type":"page","userId":"other"}`; return lines },
		"a shorter file": func(lines []string) []string { return lines[:20] },
		"another order":  func(lines []string) []string { lines[0], lines[1] = lines[1], lines[0]; return lines },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEGMENT_WRITE_KEY", theKey)
			sb := segmenttest.New(t)
			path := file(t, "events.ndjson", events(0, 30)...)
			code, said := begin(t, "--endpoint", sb.URL, path).code()
			require.Zero(t, code, said)
			write(t, path, append(change(events(0, 30)), events(100, 5)...)...)

			code, said = begin(t, "--endpoint", sb.URL, path).code()

			assert.Equal(t, 2, code)
			assert.Contains(t, said, "has changed since the checkpoint")
			assert.Contains(t, said, "--restart")
			assert.NotContains(t, said, "Nothing is lost", "the same command cannot go on")
			assert.Equal(t, 30, sb.Summary().Calls)
		})
	}
}

// Events without an id and a time get the same ids when they are sent again, and
// those of another file get others.
func TestIDsAreTheSameAfterAStop(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	const event = `{"type":"track","event":"Clicked","userId":"u"}`
	sb := segmenttest.New(t)
	path := file(t, "events.ndjson", event, event)
	code, said := begin(t, "--endpoint", sb.URL, path).code()
	require.Zero(t, code, said)
	first := idsOf(sb.Calls())
	require.Len(t, first, 2)
	assert.NotEqual(t, first[0], first[1])

	// As if the process had been killed before the first checkpoint after its start.
	rewind(t, path+".checkpoint")
	code, said = begin(t, "--endpoint", sb.URL, path).code()
	require.Zero(t, code, said)
	again := idsOf(sb.Calls())
	require.Len(t, again, 4)
	assert.ElementsMatch(t, first, again[2:])
	assert.Equal(t, 2, sb.Summary().Unique)

	code, _ = begin(t, "--endpoint", sb.URL, "--restart", path).code()
	require.Zero(t, code)
	assert.Equal(t, 4, sb.Summary().Unique, "another run is about other events")
}

// rewind makes a checkpoint what it was before anything was sent.
func rewind(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var checkpoint map[string]any
	require.NoError(t, json.Unmarshal(text, &checkpoint))
	checkpoint["files"] = []any{}
	text, err = json.Marshal(checkpoint)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
}

func TestDeadLettersAreSentAfterAFix(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	path := file(
		t, "dead.ndjson",
		`{"reason":"event_not_defined","field":"event","sentence":"…","payload":"{\"type\":\"track\",\"event\":\"fixed\",\"userId\":\"u\",\"messageId\":\"m-0\"}\n"}`,
		`{"reason":"event_not_defined","field":"event","sentence":"…","payload":{"type":"track","event":"as an object","userId":"u","messageId":"m-1"}}`,
		`{"reason":"refused","payload_base64":"eyJ0eXBlIjoicGFnZSIsInVzZXJJZCI6InUiLCJtZXNzYWdlSWQiOiJtLTIifQ=="}`,
		`{"type":"page","userId":"u","messageId":"m-3"}`,
		`{"reason":"event_not_defined","field":"event","sentence":"…","payload":"{\"type\":\"track\",\"userId\":\"not fixed\"}"}`,
		`{"reason":"no payload"}`,
	)

	code, said := begin(t, "--endpoint", sb.URL, "--dead-letters", path).code()

	assert.Equal(t, 1, code, said)
	assert.ElementsMatch(t, []string{"m-0", "m-1", "m-2", "m-3"}, idsOf(sb.Calls()))
	letters := lettersIn(t, path+".dead.ndjson")
	require.Len(t, letters, 2)
	assert.Equal(t, `{"type":"track","userId":"not fixed"}`, letters[0]["payload"], "they do not nest")
	assert.Equal(t, "unknown_type", letters[1]["reason"])
}

func TestADryRunSendsNothing(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", "")
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	t.Cleanup(server.Close)
	path := file(t, "events.ndjson", append(events(0, 3000), `{"type":"track","userId":"u"}`)...)

	var outputs []string
	for range 2 {
		s := begin(t, "--dry-run", "--endpoint", server.URL, path)
		code, said := s.code()
		require.Equal(t, 1, code, said)
		outputs = append(outputs, s.out.String())
	}

	said := outputs[0]
	assert.Regexp(t, `(?m)^request 1: 2,500 calls, [\d,]+ bytes, [\d,]+ bytes compressed\n  m-0  track     \d+ bytes\n  m-1  track `, said)
	assert.Contains(t, said, "request 2: 500 calls")
	assert.Contains(t, said, "\n  m-2999  track ")
	assert.Contains(t, said, "refused: "+path+":3001: event_not_defined event: ")
	assert.Contains(t, said, "Dry run: nothing was sent.")
	assert.NoFileExists(t, path+".checkpoint")
	assert.NoFileExists(t, path+".dead.ndjson")
	requests := func(text string) string { before, _, _ := strings.Cut(text, "Dry run"); return before }
	assert.Equal(t, requests(outputs[0]), requests(outputs[1]), "the same file gives the same requests")
}

func TestStandardInputIsSent(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	t.Chdir(t.TempDir())
	sb := segmenttest.New(t)

	code, said := beginWith(t, strings.Join(append(events(0, 700), `{"type":"track","userId":"u"}`), "\n"), "--endpoint", sb.URL, "-").code()

	assert.Equal(t, 1, code)
	assert.Equal(t, 700, sb.Summary().Unique)
	assert.NoFileExists(t, "-.checkpoint", said)
	require.Len(t, lettersIn(t, "stdin.dead.ndjson"), 1)
}

func TestEachPersonsCallsStayInOrder(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	sb.Fail(503).Probability(0.3, 7)
	lines := events(0, 5000)
	path := file(t, "events.ndjson", lines...)

	code, said := begin(t, "--endpoint", sb.URL, path).code()

	require.Zero(t, code, said)
	seen := map[string][]string{}
	for _, call := range sb.Calls() {
		seen[call.UserID] = append(seen[call.UserID], call.MessageID)
	}
	want := map[string][]string{}
	for _, line := range lines {
		var event struct{ UserID, MessageID string }
		require.NoError(t, json.Unmarshal([]byte(line), &event))
		want[event.UserID] = append(want[event.UserID], event.MessageID)
	}
	assert.Equal(t, want, seen)
}

// Whatever check reads is what send reads.
func TestFilesMayBeCompressedAndPrintedInAnyWay(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	array := file(t, "array.json", "["+strings.Join(events(0, 3), ",\n")+"]")
	pretty := file(t, "pretty.json", "{\n  \"type\": \"page\",\n  \"userId\": \"u\", \"messageId\": \"m-3\"\n}")
	long := file(t, "long.ndjson", append(events(4, 1), `{"type":"page","userId":"`+strings.Repeat("u", 20_000)+`"}`, events(5, 1)[0])...)
	packed := filepath.Join(t.TempDir(), "packed.gz")
	writePacked(t, packed, events(6, 700)...)

	code, said := begin(t, "--endpoint", sb.URL, "--max-line", "10kB", array, pretty, long, packed).code()

	assert.Equal(t, 1, code, said)
	assert.Equal(t, 706, sb.Summary().Unique)
	letters := lettersIn(t, array+".dead.ndjson")
	require.Len(t, letters, 1)
	assert.Equal(t, "line_too_long", letters[0]["reason"])
	assert.Equal(t, long, letters[0]["file"])
	assert.EqualValues(t, 2, letters[0]["line"])

	writePacked(t, packed, events(6, 710)...)
	code, said = begin(t, "--endpoint", sb.URL, "--max-line", "10kB", array, pretty, long, packed).code()
	assert.Equal(t, 1, code, said)
	assert.Equal(t, 716, sb.Summary().Calls, "only what is new is sent")
}

func writePacked(t *testing.T, path string, lines ...string) {
	t.Helper()
	out, err := os.Create(path)
	require.NoError(t, err)
	packer := gzip.NewWriter(out)
	_, err = packer.Write([]byte(strings.Join(lines, "\n")))
	require.NoError(t, err)
	require.NoError(t, packer.Close())
	require.NoError(t, out.Close())
}

// A file that is not whole is sent as far as it goes.
func TestAFileThatEndsTooSoonIsNamed(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", theKey)
	sb := segmenttest.New(t)
	packed := filepath.Join(t.TempDir(), "packed.gz")
	writePacked(t, packed, events(0, 30)...)
	require.NoError(t, os.Truncate(packed, sizeOf(t, packed)-8))

	code, said := begin(t, "--endpoint", sb.URL, packed).code()

	assert.Equal(t, 2, code)
	assert.Contains(t, said, "ends in the middle of its gzip data")
	writePacked(t, packed, events(0, 30)...)
	code, said = begin(t, "--endpoint", sb.URL, packed).code()
	assert.Zero(t, code, said)
	assert.Equal(t, 30, sb.Summary().Unique)
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Size()
}
