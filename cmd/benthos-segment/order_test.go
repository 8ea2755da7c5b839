package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// orderPipeline has processors, as most pipelines do.
const orderPipeline = `
http: {enabled: false}
input:
  generate:
    interval: ""
    count: 5000
    mapping: 'root.n = counter()'
pipeline:
  threads: 1
  processors:
    - mapping: 'root = {"type": "track", "event": "E%d".format(this.n), "userId": "u%d".format(this.n % 10)}'
output:
  segment:
    write_key: a-key
    endpoint: $ENDPOINT
`

// Issue 10, C12: with the engine's default threads, 5 to 800 of 5,000 events
// arrived out of order.
func TestOrderHoldsThroughProcessorsInOneThread(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{MaxCalls: 5000})
	p := begin(t, "run", pipeline(t, strings.ReplaceAll(orderPipeline, "$ENDPOINT", sb.URL)))
	require.Zero(t, p.code(), p.said())

	last := map[string]int{}
	calls := sb.Calls()
	require.Len(t, calls, 5000)
	for _, call := range calls {
		var n int
		_, err := fmt.Sscanf(call.Name, "E%d", &n)
		require.NoError(t, err)
		assert.Greater(t, n, last[call.UserID], "of %s", call.UserID)
		last[call.UserID] = n
	}
}
