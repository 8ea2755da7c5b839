package tracking_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// config is a usual configuration towards a sandbox.
func config(sb *segmenttest.Server) tracking.Config {
	return tracking.Config{
		Endpoint:         sb.URL,
		UserAgent:        "benthos-segment/test",
		Transport:        sb.Client().Transport,
		SentAt:           true,
		Gzip:             true,
		MaxRequestBytes:  480_000,
		MaxRequestCalls:  2500,
		ParallelRequests: 8,
		Timeout:          15 * time.Second,
		Retry:            tracking.Retry{InitialInterval: 500 * time.Millisecond, MaxInterval: time.Minute},
	}
}

// track returns a call of a user, with an id that says which one it is.
func track(user string, n int) segment.Call {
	return segment.Call{
		Type:     segment.Track,
		WriteKey: "key",
		JSON: fmt.Appendf(nil, `{"type":"track","event":"E","userId":%q,"messageId":"%s-%05d"}`,
			user, user, n),
		UserID: segment.IDOf([]byte(user)),
	}
}

// tracks returns calls of people who take turns.
func tracks(n, people int) []segment.Call {
	calls := make([]segment.Call, n)
	for i := range calls {
		calls[i] = track(fmt.Sprintf("user-%03d", i%people), i)
	}
	return calls
}

// observed is an observer that keeps what it is told.
type observed struct {
	mu         sync.Mutex
	requests   []tracking.Request
	answers    []tracking.Answer
	retries    map[string]int
	splits     int
	throttled  time.Duration
	stuck      []string
	unanswered []tracking.Unanswered
	recoveries int
	underWay   int
	most       int
}

var _ tracking.Observer = (*observed)(nil)

func (o *observed) Sending(ctx context.Context, req tracking.Request) (context.Context, func(tracking.Answer)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests = append(o.requests, req)
	o.underWay++
	o.most = max(o.most, o.underWay)
	return ctx, func(answer tracking.Answer) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.underWay--
		o.answers = append(o.answers, answer)
	}
}

func (o *observed) Retrying(class tracking.Class) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.retries == nil {
		o.retries = map[string]int{}
	}
	o.retries[class.String()]++
}

func (o *observed) Splitting() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.splits++
}

func (o *observed) Throttled(wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.throttled += wait
}

func (o *observed) Stuck(what tracking.Trouble) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stuck = append(o.stuck, what.Class.String()+": "+what.Answer)
	o.unanswered = append(o.unanswered, what.Unanswered)
}

func (o *observed) Recovered(string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recoveries++
}

// failed lists the places of the calls that were not accepted.
func failed(errs []*segment.Violation) (places []int) {
	for i, err := range errs {
		if err != nil {
			places = append(places, i)
		}
	}
	return places
}

func reasonOf(t *testing.T, v *segment.Violation) segment.Reason {
	t.Helper()
	require.NotNil(t, v)
	return v.Reason
}

// requireOrder checks that the calls of each person arrived in their order.
func requireOrder(t *testing.T, calls []segmenttest.Call) {
	t.Helper()
	last := map[string]string{}
	for _, call := range calls {
		require.Less(t, last[call.UserID], call.MessageID, "a call was overtaken")
		last[call.UserID] = call.MessageID
	}
}

// firstAccepted are the calls that arrived, without what came again.
func firstAccepted(sb *segmenttest.Server) []segmenttest.Call {
	return sb.Calls(segmenttest.Filter{Accepted: new(true), Duplicate: new(false)})
}

// gaps returns the times between the requests in the sandbox's journal.
func gaps(sb *segmenttest.Server) (list []time.Duration) {
	journal := sb.Requests()
	for i := 1; i < len(journal); i++ {
		list = append(list, journal[i].ReceivedAt.Sub(journal[i-1].ReceivedAt))
	}
	return list
}

func retryCounts(sb *segmenttest.Server) string {
	var counts []string
	for _, req := range sb.Requests() {
		counts = append(counts, req.RetryCount)
	}
	return strings.Join(counts, ",")
}
