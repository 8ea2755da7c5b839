package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
)

// postSlowly posts an event whose body takes a while to arrive.
func (m *model) postSlowly(takes time.Duration) {
	body, sender := io.Pipe()
	go func() {
		time.Sleep(takes)
		_, _ = io.WriteString(sender, track)
		_ = sender.Close()
	}()
	go m.gateway.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v1/track?writeKey=wk", body))
}

func TestABatchWaitsForWhatIsBeingReadButNotForLong(t *testing.T) {
	for name, given := range map[string]struct {
		slow   []time.Duration
		want   []int
		waited time.Duration
	}{
		"nothing else":                 {nil, []int{1}, 0},
		"soon there":                   {[]time.Duration{time.Millisecond}, []int{2}, time.Millisecond},
		"some soon, some late":         {[]time.Duration{time.Millisecond, time.Second}, []int{2}, 2 * time.Millisecond},
		"late, and nobody waits twice": {[]time.Duration{500 * time.Millisecond}, []int{1, 1}, 2 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel(t, func(c *gateway.Config) { c.Gather, c.Timeout = 2*time.Millisecond, time.Minute })
				for _, takes := range given.slow {
					m.postSlowly(takes)
				}
				synctest.Wait()
				var sizes []int
				var waited time.Duration
				for range given.want {
					go m.gateway.ServeHTTP(httptest.NewRecorder(),
						httptest.NewRequest(http.MethodPost, "/v1/track?writeKey=wk", strings.NewReader(track)))
					synctest.Wait()
					start := time.Now()
					batch, err := m.gateway.Read(t.Context())
					require.NoError(t, err)
					waited += time.Since(start)
					sizes = append(sizes, len(batch.Events))
					batch.Settle(nil)
				}
				assert.Equal(t, given.want, sizes)
				assert.Equal(t, given.waited, waited)
				time.Sleep(2 * time.Second)
				m.gateway.Close()
				synctest.Wait()
			})
		})
	}
}

// One that took too long is forgotten, and does not keep batches from waiting for
// others.
func TestABatchWaitsAgainAfterALateOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(t, func(c *gateway.Config) { c.Gather, c.Timeout = 2*time.Millisecond, time.Minute })
		read := func() int {
			batch, err := m.gateway.Read(t.Context())
			require.NoError(t, err)
			batch.Settle(nil)
			return len(batch.Events)
		}
		m.postSlowly(500 * time.Millisecond)
		m.postSlowly(0)
		synctest.Wait()
		assert.Equal(t, 1, read())
		assert.Equal(t, 1, read(), "the late one")
		m.postSlowly(time.Millisecond)
		m.postSlowly(0)
		synctest.Wait()
		assert.Equal(t, 2, read())
		m.gateway.Close()
		synctest.Wait()
	})
}

// The longer there is too much, the longer clients are asked to wait.
func TestOverloadAsksForLongerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(t, func(*gateway.Config) {})
		retryAfter := func(err error) string {
			w := httptest.NewRecorder()
			go m.gateway.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/track?writeKey=wk", strings.NewReader(track)))
			batch, readErr := m.gateway.Read(t.Context())
			require.NoError(t, readErr)
			batch.Settle(func(int) error { return err })
			synctest.Wait()
			return w.Header().Get("Retry-After")
		}
		assert.Equal(t, "5", retryAfter(gateway.ErrFull))
		time.Sleep(20 * time.Second)
		assert.Equal(t, "25", retryAfter(gateway.ErrFull))
		time.Sleep(time.Hour)
		assert.Equal(t, "60", retryAfter(gateway.ErrFull))
		assert.Empty(t, retryAfter(nil))
		assert.Equal(t, "5", retryAfter(gateway.ErrFull), "it begins again")
		m.gateway.Close()
		synctest.Wait()
	})
}
