package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPoisonCostsOnlyItself(t *testing.T) {
	t.Parallel()
	const (
		events, guilty = 10_000, 10
		// A request of 480 KB holds fewer than these.
		together = 512
	)
	clean, err := poisons[0].deliver(t.Context(), product, t.TempDir(), events)
	require.NoError(t, err)
	assert.Equal(t, events, clean.sent)
	for _, p := range poisons[1:] {
		if p.isClean() || p.far {
			continue
		}
		got, err := p.deliver(t.Context(), product, t.TempDir(), events)
		require.NoError(t, err)
		assert.Equal(t, guilty, got.dead, p.name)
		assert.Equal(t, events-guilty, got.accepted, "%s: everybody else arrives, once", p.name)
		if !p.refused {
			assert.Equal(t, events-guilty, got.sent, "%s: nothing is sent again", p.name)
			continue
		}
		// Each quartering sends what it cuts again: n + n/4 + … for each.
		assert.LessOrEqual(t, got.sent, events+guilty*together*4/3+guilty*4, p.name)
		assert.LessOrEqual(t, got.requests, clean.requests+guilty*2*9, p.name)
	}
}
