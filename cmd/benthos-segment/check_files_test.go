package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	goodEvent   = `{"type":"page","userId":"u"}`
	badEvent    = `{"type":"track","userId":"u"}`
	otherEvents = `{"type":"track","event":"Order Completed","userId":"u","rudderId":"r","integrations":{"Segment":false}}`
)

// write writes a file of events and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// Every problem has a line that says where, why, which field and how to fix it.
func TestCheckSaysWhereAndHowToFixIt(t *testing.T) {
	pretty := "{\n  \"type\": \"identify\",\n  \"userId\": \"é\", \"traits\": \"none\"\n}\n"
	for name, test := range map[string]struct {
		file string
		says []string
	}{
		"a line":                     {goodEvent + "\n" + badEvent + "\n", []string{":2:1: event_not_defined event: Segment discards a track call without the name of its event; set event to a non-empty string\n"}},
		"printed over several lines": {goodEvent + "\n" + pretty, []string{":4:28: traits_not_object traits: this must be a JSON object; send", "2 events: 1 call would"}},
		"an array over lines":        {"[\n" + goodEvent + ",\n  " + badEvent + "\n]\n", []string{":3:3: event_not_defined event: ", "2 events: 1 call would be sent, 0 events skipped, 1 refused"}},
		"an array in one line":       {"[" + goodEvent + "," + badEvent + "]", []string{":1:31: event_not_defined event: ", "2 events: 1 call would be sent, 0 events skipped, 1 refused"}},
		// A line is a message, which is refused as a whole.
		"arrays, one on each line": {"[" + badEvent + "," + goodEvent + "," + badEvent + "]\n[" + goodEvent + "]", []string{
			":1:2: event_not_defined 0.event: ", ":1:61: event_not_defined 2.event: ", "2 events: 1 call would be sent, 0 events skipped, 1 refused",
		}},
		// datastax/astrapy#264: Python writes NaN.
		"NaN":             {`{"type":"track","event":"e","userId":"u","properties":{"price":NaN}}`, []string{":1:64: invalid_json: ", "NaN, which JSON does not have, although Python's json.dumps writes it; write null"}},
		"NaN, over lines": {"{\n\"type\": \"page\",\n\"userId\": NaN\n}\n" + goodEvent, []string{":3:11: invalid_json: ", "NaN", "2 events: 1 call would"}},
		"UTF-16":          {"\xff\xfe{\x00}\x00", []string{":1:1: invalid_json: the file is in UTF-16, and JSON is in UTF-8; convert it: iconv -f UTF-16 -t UTF-8 FILE\n"}},
		"a line cut off":  {`{"type":"track","event":"e",` + "\n" + goodEvent, []string{":1:29: invalid_json: ", "2 events: 1 call would"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, "check", write(t, test.file))
			assert.Equal(t, 1, p.code(), lazily(p.said))
			for _, text := range test.says {
				assert.Contains(t, p.out.String(), text)
			}
			assert.Empty(t, p.err.String())
		})
	}
}

func TestCheckReadsCompressedFiles(t *testing.T) {
	text := goodEvent + "\n" + badEvent + "\n"
	var zipped, zstandard bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	z, err := zstd.NewWriter(&zstandard)
	require.NoError(t, err)
	_, err = io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())

	p := begin(t, "check", write(t, zipped.String()), write(t, zstandard.String()))
	assert.Equal(t, 1, p.code())
	assert.Equal(t, 2, strings.Count(p.out.String(), ":2:1: event_not_defined event: "), lazily(p.said))
	assert.Contains(t, p.out.String(), "4 events: 2 calls would be sent")

	p = begin(t, "check", write(t, zipped.String()[:zipped.Len()-4]))
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.out.String(), "the file ends in the middle of its gzip data")
	assert.Contains(t, p.out.String(), "2 events: 1 call would be sent")

	p = begin(t, "check", write(t, "BZh91AY&SY"))
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.out.String(), "compressed with bzip2")
}

// Reported: with a file that was missing, check said nothing of the others.
func TestCheckSaysTheSumsAlsoOfWhatItCouldNotReadToItsEnd(t *testing.T) {
	p := begin(t, "check", write(t, badEvent), "absent.ndjson", write(t, goodEvent))
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.out.String(), "absent.ndjson: no such file or directory\n")
	assert.Contains(t, p.out.String(), "not everything was checked: these are the sums of the files that could be read\n2 events: 1 call would be sent, 0 events skipped, 1 refused\n")
}

func TestCheckSaysTheSumsWhenItIsInterrupted(t *testing.T) {
	from, into, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = into.Close() })
	p := &process{t: t, Cmd: exec.CommandContext(t.Context(), binary, "check", "-"), ended: make(chan error, 1)}
	p.Stdin, p.Stdout, p.Stderr = from, &p.out, &p.err
	require.NoError(t, p.Start())
	go func() { p.ended <- p.Wait() }()
	require.NoError(t, from.Close())
	_, err = io.WriteString(into, badEvent+"\n"+goodEvent+"\n")
	require.NoError(t, err)
	p.awaitText("stdin:1:1: event_not_defined") // also while it waits for more
	require.NoError(t, p.interrupt())
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.out.String(), "these are the sums of what was read before the interruption\n2 events: 1 call would be sent")
}

// Reported: /dev/zero took 1.5 GB in three seconds.
func TestALineThatIsTooLongIsSkipped(t *testing.T) {
	check := exec.CommandContext(t.Context(), binary, "check", "--max-line", "1MB", "-")
	check.Stdin = io.MultiReader(strings.NewReader(goodEvent+"\n"), io.LimitReader(zeros{}, 300<<20), strings.NewReader("\n"+badEvent+"\n"))
	said, err := check.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(said), "stdin:2:1: line_too_long: the line has more than 1MB, and is skipped")
	assert.Contains(t, string(said), "stdin:3:1: event_not_defined event: ")
	assert.Contains(t, string(said), "3 events: 1 call would be sent, 0 events skipped, 2 refused")
	assert.Equal(t, 1, check.ProcessState.ExitCode())
	if kilobytes := mostMemory(check.ProcessState); kilobytes > 0 {
		assert.Less(t, kilobytes, int64(250<<10), "of memory, in KiB")
	}
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) { clear(into); return len(into), nil }

func TestCheckCountsWhatIsSkippedAndDroppedByName(t *testing.T) {
	p := begin(t, "check", write(t, strings.Repeat(otherEvents+"\n", 3)+`{"type":"page","userId":"u","coupon":1}`+"\n"))
	assert.Zero(t, p.code())
	assert.Contains(t, p.out.String(), "\n         3  track \"Order Completed\"\n")
	assert.Contains(t, p.out.String(), "\n         1  \"coupon\"\n")
	assert.Contains(t, p.out.String(), ":3:86: skipped integrations: ")
}

func TestTheReportIsAlsoForPrograms(t *testing.T) {
	file := write(t, badEvent+"\n"+otherEvents+"\n"+goodEvent+"\n")
	t.Run("json", func(t *testing.T) {
		p := begin(t, "check", "--format", "json", "--show", file, "absent.ndjson")
		assert.Equal(t, 2, p.code())
		var lines []map[string]any
		decoder := json.NewDecoder(strings.NewReader(p.out.String()))
		for decoder.More() {
			line := map[string]any{}
			require.NoError(t, decoder.Decode(&line))
			lines = append(lines, line)
		}
		require.Len(t, lines, 5)
		assert.Equal(t, map[string]any{
			"kind": "refused", "file": file, "line": 1.0, "column": 1.0, "reason": "event_not_defined", "field": "event",
			"message": "Segment discards a track call without the name of its event", "fix": "set event to a non-empty string",
		}, lines[0])
		assert.Equal(t, "skipped", lines[1]["kind"])
		assert.Equal(t, "page", lines[2]["call"].(map[string]any)["type"])
		assert.Equal(t, map[string]any{"kind": "error", "file": "absent.ndjson", "message": "no such file or directory"}, lines[3])
		assert.Equal(t, map[string]any{
			"kind": "summary", "files": 1.0, "events": 3.0, "calls": 1.0, "refused": 1.0, "skipped": 1.0, "empty": 0.0, "complete": false,
			"refused_by_reason": []any{map[string]any{"name": "event_not_defined", "count": 1.0}},
			"skipped_by_reason": []any{map[string]any{
				"reason": "integrations", "count": 1.0,
				"events": []any{map[string]any{"name": `track "Order Completed"`, "count": 1.0}},
			}},
			"dropped_members": []any{},
		}, lines[4])
	})
	t.Run("sarif", func(t *testing.T) {
		for path, results := range map[string]int{file: 2, write(t, ""): 0} {
			p := begin(t, "check", "--format=sarif", path)
			p.code()
			var log struct {
				Version string
				Runs    []struct {
					Results []struct {
						RuleID    string
						Locations []struct {
							PhysicalLocation struct {
								Region struct{ StartLine, StartColumn int }
							}
						}
					}
					Tool struct {
						Driver struct{ Rules []struct{ ID string } }
					}
					Invocations []struct{ ExecutionSuccessful bool }
				}
			}
			require.NoError(t, json.Unmarshal([]byte(p.out.String()), &log), p.said())
			assert.Equal(t, "2.1.0", log.Version)
			require.Len(t, log.Runs, 1)
			require.Len(t, log.Runs[0].Results, results)
			assert.Len(t, log.Runs[0].Tool.Driver.Rules, results)
			assert.True(t, log.Runs[0].Invocations[0].ExecutionSuccessful)
			if results > 0 {
				assert.Equal(t, "event_not_defined", log.Runs[0].Results[0].RuleID)
				assert.Equal(t, 1, log.Runs[0].Results[0].Locations[0].PhysicalLocation.Region.StartLine)
			}
		}
	})
	t.Run("sarif has no calls", func(t *testing.T) {
		p := begin(t, "check", "--format=sarif", "--show", file)
		assert.Equal(t, 2, p.code())
		assert.Contains(t, p.err.String(), "--show needs --format text or json")
	})
}

func TestTheCallsAreShownApartFromTheReport(t *testing.T) {
	p := begin(t, "check", write(t, badEvent+"\n"+`{"type":"Page ","userId":7,"timestamp":1700000000,"messageId":"m"}`), "--show")
	assert.Equal(t, 1, p.code())
	assert.Equal(t, `{"type":"page","userId":"7","timestamp":"2023-11-14T22:13:20.000Z","messageId":"m",`+
		`"context":{"library":{"name":"benthos-segment","version":"v1.2.3"}}}`+"\n", p.out.String())
	assert.Contains(t, p.err.String(), ":1:1: event_not_defined event: ")
	assert.Contains(t, p.err.String(), "2 events: 1 call would be sent")
}

// A terminal shows how far it is. script makes one; where it is missing, there is
// none to try.
func TestATerminalShowsColoursAndProgress(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("there is no script")
	}
	file := write(t, badEvent)
	for env, want := range map[string]bool{"NO_COLOR=": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		run := exec.CommandContext(t.Context(), "script", "-qec", fmt.Sprintf("%s check %s", binary, file), "/dev/null")
		run.Env = append(os.Environ(), "TERM=xterm", env)
		said, _ := run.CombinedOutput()
		assert.Equal(t, want, strings.Contains(string(said), "\x1b[31m"), env)
		assert.Contains(t, string(said), "event_not_defined event")
	}
	slow := fmt.Sprintf("(for i in 1 2 3 4 5 6 7 8 9; do echo '%s'; sleep 0.1; done; sleep 0.5; echo '%s') | %s check -", goodEvent, goodEvent, binary)
	run := exec.CommandContext(t.Context(), "script", "-qec", slow, "/dev/null")
	run.Env = append(os.Environ(), "TERM=xterm")
	said, _ := run.CombinedOutput()
	assert.Contains(t, string(said), "\r\x1b[Kstdin  ")
	assert.Contains(t, string(said), "\r\x1b[K10 events: 10 calls would be sent")
}
