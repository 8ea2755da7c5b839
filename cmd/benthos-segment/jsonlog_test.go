package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Issue 17, 5: what collects logs reads them line by line. Lines that the output, the
// engine and the process itself write are all objects.
func TestALogAsJSONIsJSONInEveryLine(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusUnauthorized).Times(1)
	config := pipeline(t, `
http: {address: `+freeAddress(t)+`}
logger: {format: json, add_timestamp: true, level: DEBUG}
shutdown_timeout: 2s
input:
  generate: {count: 1, mapping: 'root = {"type": "page", "userId": "u"}'}
output:
  label: to_segment
  segment:
    write_key: the-key
    endpoint: `+sb.URL+`
`)
	p := begin(t, "run", config)
	p.awaitText("holding calls")
	require.NoError(t, p.interrupt())
	p.code()

	var labels []string
	for line := range strings.Lines(p.said()) {
		var said struct{ Level, Msg, Time, Label, Path, Source string }
		require.NoError(t, json.Unmarshal([]byte(line), &said), line)
		assert.NotEmpty(t, said.Level, line)
		assert.NotEmpty(t, said.Msg, line)
		assert.NotEmpty(t, said.Time, line)
		if strings.Contains(said.Msg, "holding calls") {
			assert.NotEmpty(t, said.Source, line)
			assert.Equal(t, "root.output", said.Path, line)
		}
		labels = append(labels, said.Label)
	}
	assert.Contains(t, labels, "to_segment")
}
