package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckNamesTheEventsThatWouldBeRefused(t *testing.T) {
	tests := map[string]struct {
		args  []string
		lines []string
		says  []string
		code  int
	}{
		"all is well": {
			lines: []string{`{"type":"page","userId":"u"}`, ``, `[{"type":"page","userId":"u"},{"type":"page","userId":"u"}]`},
			says:  []string{"2 events: 3 calls would be sent, 0 events skipped, 0 refused"},
		},
		"one is not": {
			lines: []string{`{"type":"page","userId":"u"}`, `{"type":"track","userId":"u"}`},
			says:  []string{":2:1: event_not_defined event: ", "2 events: 1 call would be sent, 0 events skipped, 1 refused"},
			code:  1,
		},
		"one is for others": {
			lines: []string{`{"type":"page","userId":"u","integrations":{"Segment":false}}`},
			says: []string{
				":1:44: skipped integrations: ", "1 event: 0 calls would be sent, 1 event skipped, 0 refused",
				"skipped: 1 event whose integrations exclude Segment, as RudderStack reads them; to send them, set integrations",
			},
		},
		"one of several is for others": {
			lines: []string{`[{"type":"page","userId":"u","integrations":{"Segment":false}},{"type":"page","userId":"u"}]`, ` `, `[]`},
			says: []string{
				"1 event: 1 call would be sent, 1 event skipped, 0 refused",
				":1:45: skipped integrations: ", "\n         1  page\n",
				"skipped: 2 without an event (blank lines or empty arrays)",
			},
		},
		// analytics-python#41: by default only events of RudderStack's are skipped.
		"the dialect is found": {
			lines: []string{
				`{"type":"page","userId":"u","integrations":{"All":false},"context":{"library":{"name":"analytics-python"}}}`,
				`{"type":"page","userId":"u","integrations":{"All":false},"rudderId":"r"}`,
			},
			says: []string{":2:44: skipped integrations: ", "2 events: 1 call would be sent, 1 event skipped, 0 refused"},
		},
		"the dialect is given": {
			args:  []string{"--dialect", "segment"},
			lines: []string{`{"type":"page","userId":"u","integrations":{"All":false},"rudderId":"r"}`},
			says:  []string{"1 event: 1 call would be sent, 0 events skipped, 0 refused"},
		},
		"members would be dropped": {
			lines: []string{
				`{"type":"identify","userId":"u","coupon":1,"properties":{"a":1},"rudderId":"r"}`,
				`[{"type":"page","userId":"u","coupon":1},{"type":"page","userId":"u","c\u001bd":1,"traits":{"a":1}}]`,
			},
			says: []string{
				"2 events: 3 calls would be sent, 0 events skipped, 0 refused\ndropped: members at the top level",
				"\n         2  \"coupon\"\n         1  \"c\\x1bd\"\n         1  \"properties\"\n         1  \"rudderId\"\n",
			},
		},
		"very many members would be dropped": {
			lines: []string{`{"type":"page","userId":"u"` + manyMembers(60) + `}`},
			says:  []string{"\n         1  \"m49\"\n            10 other names\n"},
		},
		"no dialect of that name": {
			args:  []string{"--dialect", "rudder"},
			lines: []string{`{}`},
			says:  []string{`--dialect must be segment or rudderstack, not "rudder"`},
			code:  2,
		},
		"integrations are dropped": {
			args:  []string{"--integrations", "drop"},
			lines: []string{`{"type":"page","userId":"u","integrations":{"Segment":false}}`},
			says:  []string{"1 event: 1 call would be sent, 0 events skipped, 0 refused"},
		},
		"a call is too large": {
			args:  []string{"--max-call-bytes", "10"},
			lines: []string{`{"type":"page","userId":"u"}`},
			says:  []string{":1:1: oversized_call: "},
			code:  1,
		},
		// analytics-swift#75: milliseconds after a colon.
		"a time cannot be read": {
			lines: []string{
				`{"type":"page","userId":"u","originalTimestamp":"2021-10-16T16:00:27.029:Z","receivedAt":"2021-10-16T16:00:28.078Z"}`,
				`[{"type":"page","userId":"u"},{"type":"page","userId":"u","sentAt":"soon"}]`,
			},
			says: []string{
				":1:49: note time_unreadable originalTimestamp: ", ":2:68: note time_unreadable 1.sentAt: ",
				"2 events: 3 calls would be sent, 0 events skipped, 0 refused",
			},
		},
		"no mode of that name": {
			args:  []string{"--integrations", "all"},
			lines: []string{`{}`},
			says:  []string{`--integrations must be auto, drop, filter or forward, not "all"`},
			code:  2,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "events.ndjson")
			require.NoError(t, os.WriteFile(file, []byte(strings.Join(test.lines, "\n")), 0o600))

			check := exec.CommandContext(t.Context(), binary, append(append([]string{"check"}, test.args...), file)...)
			said, _ := check.CombinedOutput()

			assert.Equal(t, test.code, check.ProcessState.ExitCode())
			for _, text := range test.says {
				assert.Contains(t, string(said), text)
			}
		})
	}
}

// manyMembers are members that nobody knows, with commas before them.
func manyMembers(count int) string {
	var members strings.Builder
	for n := range count {
		fmt.Fprintf(&members, `,"m%02d":1`, n)
	}
	return members.String()
}

func TestCheckSaysNothingOfTheEndOfAFile(t *testing.T) {
	check := exec.CommandContext(t.Context(), binary, "check", "-")
	check.Stdin = strings.NewReader(`{"type":"page","userId":"u"}` + "\n")
	said, err := check.CombinedOutput()

	require.NoError(t, err)
	assert.Equal(t, "1 event: 1 call would be sent, 0 events skipped, 0 refused\n", string(said))
}

func TestCheckReadsStandardInput(t *testing.T) {
	check := exec.CommandContext(t.Context(), binary, "check", "-")
	check.Stdin = strings.NewReader(`{"type":"alias","userId":"u"}`)
	said, err := check.CombinedOutput()

	require.Error(t, err)
	assert.Contains(t, string(said), "stdin:1:1: id_required previousId: ")
}
