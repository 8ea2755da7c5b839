package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestGoodCallsArriveAndTheGuiltyOneDoesNot(t *testing.T) {
	sb := segmenttest.New(t)
	t.Setenv("SEGMENT_ENDPOINT", sb.URL)

	require.NoError(t, run(t.Context()))

	calls := sb.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, "identify", calls[0].Type)
	assert.Equal(t, "Tea Brewed", calls[1].Name)
}
