package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Issue 17, 5: a key in a file, as Docker and Kubernetes have it, is replaced while
// the process runs. Nothing is lost, and neither key is found anywhere.
func TestAKeyInAFileIsReplacedWhileTheProcessRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "write_key")
	replace := func(key string) {
		require.NoError(t, os.WriteFile(file+".new", []byte(key+"\n"), 0o600))
		require.NoError(t, os.Rename(file+".new", file))
	}
	replace(canary)
	sb := segmenttest.New(t)
	arrived := func(key string) bool {
		calls := sb.Calls(segmenttest.Filter{Match: segmenttest.Match{WriteKey: key}})
		return len(calls) > 0
	}
	config := pipeline(t, `
http: {address: `+freeAddress(t)+`}
logger: {level: TRACE}
shutdown_timeout: 2s
input:
  generate: {interval: 20ms, mapping: 'root = {"type": "page", "userId": "u", "messageId": "m%v".format(count("m"))}'}
output:
  fallback:
    - segment:
        write_key: '${! file(path: "`+file+`", no_cache: true).string().trim() }'
        endpoint: `+sb.URL+`
    - drop: {}
`)
	lint := begin(t, "lint", config)
	require.Zero(t, lint.code(), lazily(lint.said))
	assert.Empty(t, lint.said())

	p := begin(t, "run", config)
	require.Eventually(t, func() bool { return arrived(canary) }, 30*time.Second, 5*time.Millisecond, lazily(p.said))
	replace(canary + "_2")
	require.Eventually(t, func() bool { return arrived(canary + "_2") }, 30*time.Second, 5*time.Millisecond, lazily(p.said))
	require.NoError(t, p.interrupt())
	p.code()

	calls, keys := sb.Calls(), map[string]bool{}
	for _, call := range calls {
		keys[call.WriteKey] = true
	}
	assert.Equal(t, map[string]bool{canary: true, canary + "_2": true}, keys)
	assert.Equal(t, len(calls), sb.Summary().Unique)
	assertKept(t, "log", p.said())
}

// What others write for a file is refused before an event is read.
func TestAReferenceToAFileIsNoWriteKey(t *testing.T) {
	config := pipeline(t, "input: {stdin: {}}\noutput: {segment: {write_key: \"${file:/run/secrets/segment_write_key}\"}}\n")
	for _, args := range [][]string{{"lint", config}, {"run", config}, {"run", "--chilled", config}} {
		p := begin(t, args...)
		assert.NotZero(t, p.code(), args)
		assert.Contains(t, p.said(), "field write_key is the name of a file and not a key, and no file is read", args)
	}
}
