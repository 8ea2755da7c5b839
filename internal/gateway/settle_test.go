package gateway_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever answers for the pipeline may say so again. That must neither block, nor
// make room that is not there.
func TestOnlyTheFirstWordOnABatchCounts(t *testing.T) {
	d := openUnread(t)
	for range 3 {
		answers := make(chan got, 1)
		go func() { answers <- d.post("/v1/track", track) }()
		batch, err := d.gateway.Read(t.Context())
		require.NoError(t, err)
		batch.Settle(nil)
		for range 3 {
			batch.Settle(func(int) error { return errors.New("too late") })
		}
		assert.Equal(t, http.StatusOK, (<-answers).status)
		require.Eventually(t, func() bool { d.seen.mu.Lock(); defer d.seen.mu.Unlock(); return d.seen.pending == 0 }, patience, tick)
	}
}
