package tracking

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noted is a log that keeps what it is told.
type noted struct {
	mu           sync.Mutex
	warns, infos []string
}

// warned returns what was said of trouble so far, and said what of its end.
func (n *noted) warned() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.warns)
}

func (n *noted) said() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.infos)
}

func (n *noted) Warn(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.warns = append(n.warns, text)
}

func (n *noted) Info(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.infos = append(n.infos, text)
}

// bodies is a network whose answers have bodies as they are told.
type bodies func(ctx context.Context) io.ReadCloser

func (b bodies) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: b(req.Context()), Request: req}, nil
}

// stalled is a body that never ends, until its request is given up.
type stalled struct{ context.Context }

func (s stalled) Read([]byte) (int, error) {
	<-s.Done()
	return 0, s.Err()
}

func (stalled) Close() error { return nil }

func TestABodyThatStallsIsWaitedForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &noted{}
		conf := testConfig("http://127.0.0.1", bodies(func(ctx context.Context) io.ReadCloser { return stalled{ctx} }))
		conf.Timeout, conf.Log = time.Hour, log
		client := NewClient(conf)
		started := time.Now()
		send := func(times int) {
			for range times {
				require.Empty(t, client.Send(t.Context(), oneCall, quiet{}), "the status has settled it")
			}
		}

		send(2)
		assert.Equal(t, 2*time.Second, time.Since(started))
		assert.Empty(t, log.warned(), "it may pass")
		assert.Empty(t, log.said())

		send(118)
		assert.Equal(t, 2*time.Minute, time.Since(started))
		require.Len(t, log.warned(), 2, "once a minute")
		assert.Contains(t, log.warned()[0], "answers do not end")

		// Far apart they are nobody's business.
		for range 5 {
			time.Sleep(time.Hour)
			send(1)
		}
		assert.Len(t, log.warned(), 2)
	})
}

// A second is long for whoever sends a body, however slowly.
func TestABodyThatIsSlowIsReadToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := 0
		conf := testConfig("http://127.0.0.1", bodies(func(context.Context) io.ReadCloser {
			return io.NopCloser(slow(func() (int, error) {
				time.Sleep(90 * time.Millisecond)
				if read++; read == 10 {
					return 1, io.EOF
				}
				return 1, nil
			}))
		}))

		require.Empty(t, NewClient(conf).Send(t.Context(), oneCall, quiet{}))

		assert.Equal(t, 10, read)
	})
}

type slow func() (int, error)

func (s slow) Read([]byte) (int, error) { return s() }
