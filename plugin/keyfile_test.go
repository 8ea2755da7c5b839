package plugin_test

import (
	"os"
	"path/filepath"
	"testing"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// keyFile is a file with a write key, and the field that reads it.
func keyFile(t *testing.T, key string) (path, field string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "write_key")
	replaceFile(t, path, key)
	return path, `${! file(path: "` + path + `", no_cache: true).string().trim() }`
}

// replaceFile puts another file in the place of one at once, as Kubernetes does with
// secrets.
func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// Issue 17, 5.
func TestAKeyIsReplacedWhileEventsFlow(t *testing.T) {
	path, field := keyFile(t, "old-key\n")
	sb := segmenttest.New(t)
	p := start(t, streamtest.SegmentOutput(field, sb.URL))
	p.accept(events(`{"type":"page","userId":"u","messageId":"m1"}`))
	replaceFile(t, path, "new-key")
	p.accept(events(`{"type":"page","userId":"u","messageId":"m2"}`))

	keys := map[string]string{}
	for _, call := range sb.Calls() {
		keys[call.MessageID] = call.WriteKey
	}
	assert.Equal(t, map[string]string{"m1": "old-key", "m2": "new-key"}, keys)
	assert.NotContains(t, p.said.String(), "-key")
}

// Nothing is wrong with events that come while the file of the key is away.
func TestEventsWithoutTheFileOfTheirKeyAreUndelivered(t *testing.T) {
	path, field := keyFile(t, "the-key")
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(streamtest.SegmentOutput(field, sb.URL)))
	require.NoError(t, os.Remove(path))
	p.accept(events(`{"type":"page","userId":"u"}`))
	require.Len(t, p.dead.Reasons(), 1)
	assert.Contains(t, p.dead.Reasons()[0], "segment undelivered write_key: ")
	assert.Empty(t, sb.Calls())
	replaceFile(t, path, "the-key")
	p.accept(events(`{"type":"page","userId":"u"}`))
	assert.Len(t, sb.Calls(), 1)
}
