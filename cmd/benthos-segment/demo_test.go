package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDemoShowsWhatArrivedAndWhatDidNot(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "demo")
	for range 2 { // The second run starts over.
		p := begin(t, "demo", "--listen", "127.0.0.1:0", "--dir", folder)
		require.Zero(t, p.code(), p.said())
		for _, text := range []string{
			"37 events of eight SDKs", "36 calls in requests: 1, duplicates: 0, discarded: 0",
			"identify    5", "track      14", "alias       3",
			"reason    event_not_defined", "field     event", `payload   {"type":"track","userId":"cus_7003"`,
		} {
			assert.Contains(t, p.out.String(), text)
		}
	}
	info, err := os.Stat(filepath.Join(folder, "dead_letters.ndjson"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "dead letters are for their owner")
}

func TestTheDemoTakesAFreePortWhereItsOwnIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:8765")
	if err == nil {
		t.Cleanup(func() { _ = taken.Close() })
	} // or somebody else has it
	p := begin(t, "demo", "--dir", t.TempDir())
	require.Zero(t, p.code(), p.said())
	assert.Contains(t, p.said(), "36 calls")
	assert.NotContains(t, p.said(), ":8765,")
}

func TestTheDemoGoesOnUntilItIsToldToStop(t *testing.T) {
	p := begin(t, "demo", "--keep", "--listen", "127.0.0.1:0", "--dir", t.TempDir())
	p.awaitText("in a browser")
	url := regexp.MustCompile(`Open (http://\S+)`).FindStringSubmatch(p.said())[1]

	answer, err := http.Get(url + "/api/v1/wait?count=37&timeout=30s")

	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusOK, answer.StatusCode, "the traffic arrives")
	require.NoError(t, p.interrupt())
	assert.Zero(t, p.code(), p.said())
}

func TestTheDemoSaysWhatIsWrongWithItsFlags(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for says, args := range map[string][]string{
		"flags only":                       {"events.ndjson"},
		"--listen must be":                 {"--listen", "nowhere"},
		"can be reached from other":        {"--listen", "0.0.0.0:0"},
		"as --listen says":                 {"--listen", taken.Addr().String()},
		"making the directory of the demo": {"--dir", file},
	} {
		p := begin(t, append([]string{"demo"}, args...)...)
		assert.Equal(t, 2, p.code(), says)
		assert.Contains(t, p.err.String(), says)
	}
}
