package gateway_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
)

// later posts from another goroutine.
func (d *door) later(path, body string) <-chan got {
	answered := make(chan got, 1)
	go func() {
		answer, err := d.try(http.MethodPost, path, strings.NewReader(body), basic("wk"))
		assert.NoError(d.t, err)
		answered <- answer
	}()
	return answered
}

func (d *door) waitPending(n int) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		d.seen.mu.Lock()
		defer d.seen.mu.Unlock()
		return d.seen.pending == n
	}, patience, tick)
}

func assertComeAgain(t *testing.T, answer got) {
	t.Helper()
	assert.Equal(t, http.StatusServiceUnavailable, answer.status)
	assert.Equal(t, "shutting_down", answer.failure(t).Code)
	assert.Equal(t, "5", answer.header.Get("Retry-After"))
	assert.True(t, answer.isLast, "the next request goes to another process")
}

func TestAtTheEndOnlyWhatWasHandedOutIsWaitedFor(t *testing.T) {
	d := openUnread(t)
	handedOut := d.later("/v1/track", track)
	batch, err := d.gateway.Read(t.Context())
	require.NoError(t, err)
	queued := d.later("/v1/track", track)
	d.waitPending(2)

	d.gateway.Stop()
	assertComeAgain(t, <-queued)
	assertComeAgain(t, d.post("/v1/track", track))
	_, err = d.gateway.Read(t.Context())
	assert.Error(t, err)

	batch.Settle(nil)
	assert.Equal(t, http.StatusOK, (<-handedOut).status)
}

// The engine may drop a batch that it has just read, without a word.
func TestCloseAnswersWhatIsNeverSettled(t *testing.T) {
	d := openUnread(t)
	dropped := d.later("/v1/track", track)
	_, err := d.gateway.Read(t.Context())
	require.NoError(t, err)
	queued := d.later("/v1/track", track)
	d.waitPending(2)

	d.close()
	assertComeAgain(t, <-dropped)
	assertComeAgain(t, <-queued)
	_, err = d.try(http.MethodPost, "/v1/track", strings.NewReader(track), basic("wk"))
	assert.Error(t, err, "nobody listens")
}

func TestWhatIsSettledAfterCloseDoesNothing(t *testing.T) {
	d := openUnread(t)
	dropped := d.later("/v1/track", track)
	batch, err := d.gateway.Read(t.Context())
	require.NoError(t, err)
	d.close()
	assertComeAgain(t, <-dropped)
	batch.Settle(nil)
}

// A body on its way must not hold up the end.
func TestCloseEndsBodiesThatAreOnTheirWay(t *testing.T) {
	d := openUnread(t, func(c *gateway.Config) { c.BodyTimeout = time.Hour })
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: " + basic("wk").value +
		"\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n"))
	require.NoError(t, err)
	// It says so as soon as somebody reads the body.
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue")
	d.close()
	assert.Equal(t, http.StatusServiceUnavailable, d.seen.last().Status)
}

func TestReadEndsWithItsContext(t *testing.T) {
	d := openUnread(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.gateway.Read(ctx)
	assert.ErrorIs(t, err, context.Canceled)
	// And takes nothing with it.
	answered := d.later("/v1/track", track)
	d.waitPending(1)
	batch, err := d.gateway.Read(t.Context())
	require.NoError(t, err)
	batch.Settle(nil)
	assert.Equal(t, http.StatusOK, (<-answered).status)
}

func TestTooManyRequestsWaitAndAreThenTurnedAway(t *testing.T) {
	d := openUnread(t, func(c *gateway.Config) { c.MaxPending = 2; c.Timeout = 100 * time.Millisecond })
	first, second := d.later("/beacon/v1/batch", `{"batch":[`+track+`]}`), d.later("/beacon/v1/batch", `{"batch":[`+track+`]}`)
	d.waitPending(2)
	third := d.post("/v1/track", track)
	assert.Equal(t, http.StatusTooManyRequests, third.status)
	assert.Equal(t, "overloaded", third.failure(t).Code)
	assert.Equal(t, 2, d.seen.most)
	assert.Equal(t, http.StatusServiceUnavailable, (<-first).status)
	assert.Equal(t, http.StatusServiceUnavailable, (<-second).status)
	d.run()
	require.Eventually(t, func() bool { return len(d.taken()) == 2 }, patience, tick)
	d.untilAccepted() // Their room is free again.
}
