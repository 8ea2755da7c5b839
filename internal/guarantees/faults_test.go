package guarantees_test

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// The functions here make trials and faults that the matrix has in several
// rows.

func itoa(n int) string { return strconv.Itoa(n) }

// places are all of n.
func places(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func failing(status, times int, retryAfter ...string) func(*segmenttest.Server) {
	return func(sb *segmenttest.Server) {
		fault := sb.Fail(status).Times(times)
		for _, value := range retryAfter {
			fault.RetryAfter(value)
		}
	}
}

// failingAtRandom fails a share of the requests, with one status as often as
// with another.
func failingAtRandom(share float64, statuses ...int) func(*segmenttest.Server) {
	return func(sb *segmenttest.Server) {
		for i, status := range statuses {
			sb.Fail(status).Probability(share/float64(len(statuses)), uint64(i))
		}
	}
}

// forAWhile removes a fault later.
func forAWhile(d time.Duration, fault *segmenttest.Injected) {
	time.AfterFunc(d, fault.Remove)
}

// strangeSuccess is a 2xx that looks like none.
func strangeSuccess(body string) trial {
	return trial{heap: 1 << 20, fail: func(sb *segmenttest.Server) {
		sb.Fail(http.StatusOK).Body(body).Times(3)
	}}
}

// guilty is a request of 250 calls that is refused because of some of them.
func guilty(atMost int, guilty ...int) trial {
	return trial{
		calls: 250, people: 25, known: true, refused: guilty, atMost: atMost,
		output: fields{"max_request_calls": 250},
		fail: func(sb *segmenttest.Server) {
			for _, place := range guilty {
				sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{MessageID: idOf(place)})
			}
		},
	}
}

// edge is a proxy that answers for Segment, and refuses all it is sent for ten
// seconds, although the key was good before. Sixteen calls that are refused alone
// are enough to find that out.
func edge(status int) trial {
	// How often each of eight requests is split until a call stands alone: what is
	// too large is halved, and all else quartered.
	splits := 4
	if status == http.StatusRequestEntityTooLarge {
		splits = 7
	}
	return trial{
		calls: 900, known: true, edge: true, atMost: 3*900/requestCalls + 3*16 + 8*splits,
		fail: func(sb *segmenttest.Server) { forAWhile(10*time.Second, sb.Fail(status)) },
		then: counted("segment_calls_rejected refused", 0),
	}
}

// unproven is such an edge in front of a key that has never worked, so that
// there is nothing to compare with.
func unproven() trial {
	tr := edge(http.StatusBadRequest)
	tr.known = false
	return tr
}

// firstEver is a guilty call that a key is sent first.
func firstEver() trial {
	return trial{
		calls: 250, refused: places(1), atMost: 30,
		fail: func(sb *segmenttest.Server) {
			sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{MessageID: idOf(0)})
		},
		then: func(t *testing.T, r *result) { assert.Zero(t, r.took) },
	}
}

// inARow are guilty calls, one after the other, of a key that takes others.
func inARow(from, to int) trial {
	all := places(to)
	return trial{
		// A request holds people with all of their calls, so that the row is spread
		// over all requests and each has its share of it to find.
		known: true, refused: all[from:], atMost: 2*(to-from) + 120,
		fail: func(sb *segmenttest.Server) {
			for _, place := range all[from:] {
				sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{MessageID: idOf(place)})
			}
		},
		then: func(t *testing.T, r *result) { assert.Less(t, r.took, 2*time.Second, "it is never held") },
	}
}

// held is a set-up that is wrong for 40 requests. The requests that are under way
// fail together; then one request tries, 5 s later and ever more seldom.
func held(status int) trial {
	return trial{
		fail: failing(status, 40), atMost: 22 + 40,
		then: func(t *testing.T, r *result) {
			counted("segment_retries setup", 40)(t, r)
			var last time.Time
			for _, req := range r.sb.Requests() {
				if gap := req.ReceivedAt.Sub(last); !last.IsZero() && gap > 0 && req.Status == status {
					assert.GreaterOrEqual(t, gap, 5*time.Second)
				}
				last = req.ReceivedAt
			}
		},
	}
}

// flapping is a server that is up for 30 s and down for 30 s, for an hour,
// and answers so slowly that the calls take as long.
func flapping() trial {
	return trial{calls: 50_000, atMost: 1500, fail: func(sb *segmenttest.Server) {
		for n := range 60 {
			time.AfterFunc(time.Duration(n)*time.Minute, func() {
				forAWhile(30*time.Second, sb.Drop())
			})
		}
		sb.Delay(20 * time.Second)
	}, client: func(c *tracking.Config) { c.Timeout = time.Minute }}
}

// passing is a failure that passes by itself.
func passing(status int) trial {
	return trial{fail: failing(status, 3), atMost: 25, then: counted("segment_retries transient", 3)}
}

func counted(name string, n int64) func(*testing.T, *result) {
	return func(t *testing.T, r *result) { assert.Equal(t, n, r.counts[name], name) }
}

// broken are three connections that do not work. What was on them is sent
// again, over others.
func broken(behave conduct) trial {
	return trial{
		network: []conduct{behave, behave, behave}, output: fields{"timeout": "1s"},
		unseen: true, duplicates: true, atMost: 22 + 3,
		then: func(t *testing.T, r *result) {
			// The transport may have dialled one that it then had no use for.
			assert.Positive(t, r.counts["segment_requests error"])
			assert.Equal(t, r.counts["segment_requests error"], r.counts["segment_retries transient"])
		},
	}
}

// settled are three connections over which a strange success comes back, which
// is one all the same.
func settled(answer string) trial {
	behave := answering(answer)
	return trial{
		network: []conduct{behave, behave, behave}, output: fields{"timeout": "1s"},
		then: counted("segment_requests error", 0),
	}
}

// refusedFor makes dialling fail at first.
func refusedFor(d time.Duration) func(*tracking.Config) {
	return func(c *tracking.Config) {
		c.Transport = &refusing{until: time.Now().Add(d), next: c.Transport}
	}
}

type refusing struct {
	until time.Time
	next  http.RoundTripper
}

func (r *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	if time.Now().Before(r.until) {
		_ = req.Body.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return r.next.RoundTrip(req)
}

// proveRetryAfter: every form of the header leads to the wait it asks for.
func proveRetryAfter(t *testing.T) {
	const inAMinute = "in a minute"
	for header, want := range map[string]time.Duration{
		"2": 2 * time.Second, inAMinute: time.Minute,
		"Fri, 01 Jan 1999 00:00:00 GMT": 0, "0": 0, "-1": 0, "abc": 0,
		"1000000000": 300 * time.Second, "86400": 300 * time.Second,
	} {
		t.Run(header, onAFakeClock(trial{
			calls: 10, atMost: 2, silence: want,
			fail: func(sb *segmenttest.Server) {
				if header == inAMinute {
					header = time.Now().Add(want).UTC().Format(http.TimeFormat)
				}
				sb.Fail(http.StatusTooManyRequests).RetryAfter(header).Times(1)
			},
			then: func(t *testing.T, r *result) {
				counted("segment_retries throttled", 1)(t, r)
				if want == 0 {
					assert.LessOrEqual(t, r.took, 750*time.Millisecond)
					return
				}
				assert.LessOrEqual(t, r.took, want+want/10)
			},
		}))
	}
}

// proveLateServer: nobody listens where the server should be until the output
// has tried some times.
func proveLateServer(t *testing.T) {
	address := freeAddress(t)
	r := &result{trial: trial{calls: 100, unseen: true}.withDefaults()}
	r.given = r.givenCalls()
	p := start(t, streamtest.WithDeadLetter(segmentOutput("http://"+address)))
	ended := make(chan error, 1)
	go func() { ended <- p.send(t.Context(), messages(r.given)) }()
	p.awaitCount(t, "segment_requests error", 5)

	r.sb = segmenttest.NewInProcess(t)
	serveAt(t, address, r.sb)

	require.NoError(t, <-ended)
	r.finish(t, p)
}

// serveAt serves a handler at an address until the test ends.
func serveAt(t *testing.T, address string, handler http.Handler) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &http.Server{Handler: handler}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			assert.NoError(t, err)
		}
	})
}
