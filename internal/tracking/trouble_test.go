package tracking_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/tracking"
	"benthos-segment/internal/tracking/wire"
	"benthos-segment/plugin/segmenttest"
)

// A 429 that does not say how long to wait shuts the gate of the key all the
// same, and its waits are not the request's fault.
func TestA429WithoutARetryAfterMakesAllLanesWaitAndIsExcused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).Delay(10 * time.Millisecond).Times(20)
		conf := config(sb)
		conf.MaxRequestCalls = 10
		conf.Retry.MaxElapsedTime = 10 * time.Second
		watch := &observed{}

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(100, 20), watch)

		assert.Empty(t, failed(errs))
		assert.Len(t, sb.Calls(), 100)
		assert.Equal(t, map[string]int{"throttled": 20}, watch.retries)
		requireOrder(t, sb.Calls())
	})
}

func TestTroubleThatStaysIsReportedEveryMinute(t *testing.T) {
	for name, test := range map[string]struct {
		fail func(*segmenttest.Server) *segmenttest.Injected
		says string
	}{
		"a wrong set-up": {func(sb *segmenttest.Server) *segmenttest.Injected { return sb.Fail(401) }, "setup: status 401"},
		"a throttle":     {func(sb *segmenttest.Server) *segmenttest.Injected { return sb.Fail(429).RetryAfter("300") }, "throttled: status 429"},
		"an outage": {
			func(sb *segmenttest.Server) *segmenttest.Injected { return sb.Drop() },
			"transient: read tcp: read: connection reset by peer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := segmenttest.NewInProcess(t)
				trouble := test.fail(sb)
				watch := &observed{}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
				defer cancel()
				client := tracking.NewClient(config(sb))

				errs := client.Send(ctx, tracks(10, 3), watch)

				assert.Len(t, failed(errs), 10)
				// A little less where it is noticed by attempts, up to a minute apart.
				assert.InDelta(t, 25, len(watch.stuck), 6)
				assert.Equal(t, test.says, watch.stuck[0])
				assert.Zero(t, watch.recoveries)

				trouble.Remove()
				for range 3 {
					require.Empty(t, failed(client.Send(t.Context(), tracks(10, 3), watch)))
				}
				assert.Equal(t, 1, watch.recoveries, "it is said once that it is over")
			})
		})
	}
}

// What passes by itself within a minute is nobody's business.
func TestAShortThrottleIsNotReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		sb.Fail(http.StatusTooManyRequests).RetryAfter("30").Times(1)
		watch := &observed{}

		require.Empty(t, failed(tracking.NewClient(config(sb)).Send(t.Context(), tracks(10, 3), watch)))

		assert.Empty(t, watch.stuck)
		assert.Zero(t, watch.recoveries)
	})
}

// A rate limit that is kept on another machine may fail, which says nothing
// of the calls.
func TestARateLimitThatFailsIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		conf := config(sb)
		asked := 0
		conf.RateLimit = func(context.Context) error {
			if asked++; asked < 4 {
				return errors.New("redis is away")
			}
			return nil
		}

		assert.Empty(t, failed(tracking.NewClient(conf).Send(t.Context(), tracks(10, 3), &observed{})))
		assert.Equal(t, 4, asked)
	})
}

// The errors of an HTTP client quote what they cannot read, and a broken
// proxy may have written our own headers there.
func TestAnAnswerThatIsNotHTTPIsNotRepeated(t *testing.T) {
	for name, answer := range map[string]string{
		"a broken status": "Basic a2V5Og== is what you sent\r\n\r\n",
		"a broken header": "HTTP/1.1 200 OK\r\nBasic a2V5Og==\r\n\r\n",
		"nothing":         "",
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { _ = listener.Close() })
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Read(make([]byte, 1))
					_, _ = conn.Write([]byte(answer))
					_ = conn.Close()
				}
			}()
			conf := config(segmenttest.NewInProcess(t))
			conf.Endpoint = "http://" + listener.Addr().String()
			conf.Transport = wire.NewTransport(wire.Config{})
			conf.Retry = tracking.Retry{InitialInterval: time.Millisecond, MaxInterval: time.Millisecond, MaxElapsedTime: 50 * time.Millisecond}
			watch := &observed{}

			errs := tracking.NewClient(conf).Send(t.Context(), tracks(1, 1), watch)

			require.Len(t, errs, 1)
			unreached := tracking.NewClient(conf).Reach(t.Context())
			require.Error(t, unreached)
			for _, text := range append(watch.stuck, unreached.Error(), errs[0].Error()) {
				assert.NotContains(t, text, "a2V5")
				assert.NotContains(t, text, "Basic")
			}
		})
	}
}
