package tracking_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// slowLink carries so many bytes a second, of all requests in turn, to a server
// that answers what has come whole.
type slowLink struct {
	perSecond int
	// hangs says of which requests nothing is answered. Those it holds until
	// their sender gives up.
	hangs func(body []byte) bool
	// answersAfter is how long the server takes.
	answersAfter time.Duration
	// guilty are the calls that the server does not want.
	guilty map[string]bool
	turn   chan struct{}

	mu       sync.Mutex
	accepted []string
	requests []carried
}

// carried is one request, and what became of it.
type carried struct {
	ended      time.Time
	calls      int
	retryCount string
	isAnswered bool
}

func newSlowLink(perSecond int) *slowLink {
	return &slowLink{perSecond: perSecond, turn: make(chan struct{}, 1), hangs: func([]byte) bool { return false }}
}

func (l *slowLink) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if err = l.carry(req.Context(), body); err == nil && l.hangs(body) {
		<-req.Context().Done()
		err = req.Context().Err()
	}
	time.Sleep(l.answersAfter)
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := messageIDs(body)
	l.requests = append(l.requests, carried{time.Now(), len(ids), req.Header.Get("X-Retry-Count"), err == nil})
	if err != nil {
		return nil, err
	}
	res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}
	if slices.ContainsFunc(ids, func(id string) bool { return l.guilty[id] }) {
		res.StatusCode = http.StatusBadRequest
		return res, nil
	}
	l.accepted = append(l.accepted, ids...)
	return res, nil
}

// carry has the packets of all requests take turns, of which there are four a
// second.
func (l *slowLink) carry(ctx context.Context, body []byte) error {
	for packet := range slices.Chunk(body, l.perSecond/4) {
		select {
		case l.turn <- struct{}{}:
			time.Sleep(time.Duration(len(packet)) * time.Second / time.Duration(l.perSecond))
			<-l.turn
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func messageIDs(body []byte) (ids []string) {
	for _, match := range messageID.FindAllSubmatch(body, -1) {
		ids = append(ids, string(match[1]))
	}
	return ids
}

// sizes lists how many calls the requests carried.
func (l *slowLink) sizes() (calls []int) {
	for _, r := range l.requests {
		calls = append(calls, r.calls)
	}
	return calls
}

// over is a client that sends plain requests over a link.
func over(link http.RoundTripper, parallel int) tracking.Config {
	return tracking.Config{
		Endpoint: "http://127.0.0.1", UserAgent: "test", Transport: link,
		MaxRequestBytes: 480_000, MaxRequestCalls: 2500, ParallelRequests: parallel, Timeout: 15 * time.Second,
		Retry: tracking.Retry{InitialInterval: 500 * time.Millisecond, MaxInterval: time.Minute},
	}
}

// requireAllInOrder checks that all calls were accepted, each person's in order,
// duplicates not counted.
func requireAllInOrder(t *testing.T, calls []segment.Call, accepted []string) {
	t.Helper()
	place := map[string]int{}
	for i, id := range accepted {
		if _, isKnown := place[id]; !isKnown {
			place[id] = i
		}
	}
	last := map[segment.ID]int{}
	for _, call := range calls {
		at, exists := place[idIn(call)]
		require.True(t, exists, "%s was not accepted", idIn(call))
		if before, isKnown := last[call.UserID]; isKnown {
			require.Less(t, before, at, "%s was overtaken", idIn(call))
		}
		last[call.UserID] = at
	}
}
