package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Issue 10, E28: dead letters are readable to every user of the machine. What
// our documents advise is what helps.
func TestDeadLettersAreForTheirOwnerAloneWithTheUmaskThatWeAdvise(t *testing.T) {
	dead := filepath.Join(t.TempDir(), "below", "dead_letters.ndjson")
	conf := pipeline(t, `
http: {enabled: false}
input: {generate: {count: 1, interval: "", mapping: 'root = "no call"'}}
output:
  fallback:
    - segment: {write_key: a-key, endpoint: "http://127.0.0.1:9"}
    - file: {path: "`+dead+`", codec: lines}
      processors:
        - mapping: root = @fallback_error.segment_dead_letter(content())
`)
	said, err := exec.CommandContext(t.Context(), "sh", "-c", `umask 077; exec "$0" run "$1"`, binary, conf).CombinedOutput()
	require.NoError(t, err, string(said))

	for path, want := range map[string]os.FileMode{dead: 0o600, filepath.Dir(dead): os.ModeDir | 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode(), path)
	}
	letter, err := os.ReadFile(dead)
	require.NoError(t, err)
	assert.Contains(t, string(letter), `"payload":"no call"`)
}
