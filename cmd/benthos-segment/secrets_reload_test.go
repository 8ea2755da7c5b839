package main

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// watchedPipeline has the secrets besides the write key, and is read again
// when it changes.
const watchedPipeline = `
http: {address: "$METRICS", debug_endpoints: true}
logger: {level: TRACE}
metrics: {prometheus: {}}
shutdown_timeout: 2s
input:
  generate: {interval: 50ms, mapping: 'root = {"type": "page", "userId": "u", "messageId": uuid_v4()}'}
output:
  segment:
    write_key: "${STREAM_WRITE_KEY}"
    endpoint: "${STREAM_ENDPOINT}"
    proxy_url: "${STREAM_PROXY}"
    oauth: {client_id: app, key_id: kid, private_key: "${STREAM_OAUTH_KEY}", server: "${STREAM_ENDPOINT}"}
    batching: {count: 1}
`

func TestOtherSecretsAreFoundNowhereEither(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	sb := segmenttest.New(t, segmenttest.Config{OAuth: &segmenttest.OAuth{PublicKey: &key.PublicKey, ClientID: "app", KeyID: "kid"}})
	private := withSecrets(t, sb, key)
	assertKeptToo := func(where, text string) {
		t.Helper()
		assertKept(t, where, text)
		assert.NotContains(t, text, private, where)
		assert.NotContains(t, text, "PRIVATE KEY", where)
	}
	metrics := freeAddress(t)
	conf := pipeline(t, strings.ReplaceAll(watchedPipeline, "$METRICS", metrics))
	change := func(from, to string) {
		t.Helper()
		text, err := os.ReadFile(conf)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(conf, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
	}

	p := begin(t, "run", "-w", conf)
	sb.Wait(1)
	for _, path := range []string{"/metrics", "/stats", "/debug/config/yaml", "/debug/config/json", "/debug/stack", "/endpoints"} {
		assertKeptToo(path, get(t, "http://"+metrics+path))
	}
	change("interval: 50ms", "interval: 60ms")
	p.awaitText("Main config updated, attempting to update pipeline")
	change("batching: {count: 1}", "batching: {count: 1}\n    no_such_field: ${STREAM_WRITE_KEY}")
	p.awaitText("Rejecting updated main config due to linter errors")
	sb.Fail(http.StatusServiceUnavailable)
	require.NoError(t, p.interrupt())
	p.code()
	assertKeptToo("log", p.said())

	change("\n    no_such_field: ${STREAM_WRITE_KEY}", "")
	for _, args := range [][]string{{"lint", conf}, {"echo", conf}} {
		p := begin(t, args...)
		require.Zero(t, p.code(), p.said())
		assertKeptToo(args[0], p.said())
	}
}
