package guarantees_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/streamtest"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

const (
	// canaryKey and canaryMail must not be found in anything that is said.
	canaryKey  = "wk_CANARY_of_the_guarantees"
	canaryMail = "CANARY@example.com"

	// requestCalls makes several requests of a batch.
	requestCalls = 50
)

// trial is one run of calls through a fault. What it does not set is usual:
// 1,000 calls of 200 people in requests of 50, all of which must be accepted,
// each exactly once.
type trial struct {
	calls, people int
	// batches is how many batches of a stream they come in, one after the
	// other.
	batches int
	sandbox segmenttest.Config
	// known makes the key one that has worked before.
	known bool
	// fail puts the faults in place.
	fail func(*segmenttest.Server)
	// client alters the sender on a fake clock, output the fields of one in a
	// stream.
	client func(*tracking.Config)
	output fields
	// network is how the first connections behave, each in its turn; the ones
	// after them are sound.
	network []conduct

	// refused lists the calls, by their places, that must not be accepted.
	refused []int
	// atMost bounds the requests; 0 stands for one each 50 calls.
	atMost int
	// silence is how long the server asked to be left alone at each 429, 503.
	silence time.Duration
	// edge says that everything was refused for a while, so that what was
	// refused alone is sent again.
	edge bool
	// duplicates allows calls to arrive twice, with their ids.
	duplicates bool
	// unseen says that the inbox does not hold all that was sent, or that
	// the sender does not know all that is in it, for the network ate it.
	unseen bool
	// heap is by how much the live memory may have grown, 2 MiB where 0.
	heap uint64
	// then checks what is special.
	then func(*testing.T, *result)
}

func (tr trial) withDefaults() trial {
	tr.calls = cmp.Or(tr.calls, 1000)
	tr.people = cmp.Or(tr.people, 200)
	tr.batches = cmp.Or(tr.batches, 1)
	// Lanes end in requests that are not full.
	tr.atMost = cmp.Or(tr.atMost, tr.calls/requestCalls+2)
	tr.heap = cmp.Or(tr.heap, 2<<20)
	tr.sandbox.MaxCalls = cmp.Or(tr.sandbox.MaxCalls, 200_000)
	return tr
}

// given is a call that was handed to the output.
type given struct {
	id, person string
	payload    string
}

// givenCalls are calls of people who take turns.
func (tr trial) givenCalls() []given {
	list := make([]given, tr.calls)
	for i := range list {
		person := fmt.Sprintf("person-%03d", i%tr.people)
		list[i] = given{id: idOf(i), person: person, payload: fmt.Sprintf(
			`{"type":"track","event":"E","userId":%q,"messageId":%q,"properties":{"email":%q}}`,
			person, idOf(i), canaryMail,
		)}
	}
	return list
}

// firstID is that of the call by which a key has worked before.
const firstID = "first"

var first = given{id: firstID, person: firstID, payload: `{"type":"page","userId":"first","messageId":"` + firstID + `"}`}

// idOf is the message id of the call at a place.
func idOf(place int) string { return fmt.Sprintf("call-%06d", place) }

// result is what a trial led to.
type result struct {
	trial
	given []given
	sb    *segmenttest.Server
	// failed holds the error of each call that has one, by its id.
	failed map[string]string
	// counts are the counters as the metrics name them.
	counts map[string]int64
	// said is everything that was said anywhere: logs, errors, names of
	// metrics, spans, reasons of dead letters.
	said string
	took time.Duration
}

// onAFakeClock sends calls with the client of the output, without a socket:
// waits of hours pass at once.
func onAFakeClock(tr trial) func(*testing.T) {
	return func(t *testing.T) {
		tr = tr.withDefaults()
		before := liveHeap()
		// A goroutine that is left over fails the test by itself.
		synctest.Test(t, func(t *testing.T) {
			r := &result{trial: tr, given: tr.givenCalls(), sb: segmenttest.NewInProcess(t, tr.sandbox)}
			r.send(t)
			r.requireInvariants(t, true)
			r.sb.Reset()
		})
		requireHeap(t, before, tr.heap)
	}
}

func (r *result) send(t *testing.T) {
	conf := clientConfig(r.sb)
	if r.client != nil {
		r.client(&conf)
	}
	client := tracking.NewClient(conf)
	defer client.Close()
	if r.known {
		require.Empty(t, client.Send(t.Context(), callsOf([]given{first}), &watcher{}))
		r.sb.Reset()
	}
	if r.fail != nil {
		r.fail(r.sb)
	}
	watch := &watcher{}
	started := time.Now()

	errs := client.Send(t.Context(), callsOf(r.given), watch)

	r.took = time.Since(started)
	r.failed = map[string]string{}
	for i, err := range errs {
		if err != nil {
			r.failed[r.given[i].id] = err.Error()
		}
	}
	r.counts = watch.Sums()
	r.counts["segment_calls_sent track"] = int64(len(r.given) - len(r.failed))
	r.said = watch.log.String() + strings.Join(slices.Collect(maps.Values(r.failed)), "\n")
}

func callsOf(list []given) []segment.Call {
	calls := make([]segment.Call, len(list))
	for i, g := range list {
		calls[i] = segment.Call{
			Type: segment.Track, WriteKey: canaryKey, JSON: []byte(g.payload), UserID: segment.IDOf([]byte(g.person)),
		}
	}
	return calls
}

func clientConfig(sb *segmenttest.Server) tracking.Config {
	return tracking.Config{
		Endpoint:         sb.URL,
		UserAgent:        "benthos-segment/test",
		Transport:        sb.Client().Transport,
		SentAt:           true,
		Gzip:             true,
		MaxRequestBytes:  480_000,
		MaxRequestCalls:  requestCalls,
		ParallelRequests: 8,
		Timeout:          15 * time.Second,
		Retry:            tracking.Retry{InitialInterval: 500 * time.Millisecond, MaxInterval: time.Minute},
	}
}

// inAStream sends calls through a whole Benthos stream with the output and a
// dead letter after it, over real sockets.
func inAStream(tr trial) func(*testing.T) {
	return func(t *testing.T) {
		tr = tr.withDefaults()
		warmUp(t)
		before := liveHeap()
		leaks := goleak.IgnoreCurrent()
		t.Run("stream", func(t *testing.T) {
			r := &result{trial: tr, given: tr.givenCalls(), sb: segmenttest.New(t, tr.sandbox)}
			r.stream(t)
			r.requireInvariants(t, false)
			r.sb.Reset()
		})
		goleak.VerifyNone(t, leaks)
		requireHeap(t, before, tr.heap)
	}
}

func (r *result) stream(t *testing.T) {
	endpoint := r.sb.URL
	if len(r.network) > 0 {
		endpoint = newNetwork(t, r.sb.URL, r.network).url
	}
	output := fields{"max_request_calls": requestCalls}
	maps.Copy(output, r.output)
	if r.sandbox.OAuth != nil {
		maps.Copy(output, signed(r.sb.URL))
	}
	p := start(t, streamtest.WithDeadLetter(segmentOutput(endpoint, output)))
	if r.known {
		p.accept(t, []given{first})
		r.sb.Reset()
		p.counts.Reset()
	}
	if r.fail != nil {
		r.fail(r.sb)
	}
	started := time.Now()

	for batch := range slices.Chunk(r.given, len(r.given)/r.batches) {
		p.accept(t, batch)
	}

	r.took = time.Since(started)
	r.take(t, p)
}

// take stops a stream and takes over what it says.
func (r *result) take(t *testing.T, p *pipeline) {
	p.stop(t)
	r.failed = p.dead.ReasonsByID()
	r.counts = p.counts.Sums()
	r.said = p.everythingSaid() + strings.Join(slices.Collect(maps.Values(r.failed)), "\n")
}

// finish stops a stream and checks what came of it.
func (r *result) finish(t *testing.T, p *pipeline) {
	t.Helper()
	r.take(t, p)
	r.requireInvariants(t, false)
}

// warmUp runs a stream, so that what is made once is not taken for a leak.
func warmUp(t *testing.T) {
	t.Helper()
	t.Run("warm-up", func(t *testing.T) {
		sb := segmenttest.New(t)
		p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
		p.accept(t, trial{calls: 10, people: 2}.givenCalls())
		p.stop(t)
	})
}
