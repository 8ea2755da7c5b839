package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/streamtest"
)

// people is how many there are in these tests: so few that each is in nearly
// every batch.
const people = 3

// acceptor is a server that notes the number of each event in the order in which it
// accepts them, by person.
type acceptor struct {
	*httptest.Server
	// refuses says which events it refuses.
	refuses func(n int) bool

	mu       sync.Mutex
	requests int
	accepted map[string][]int
}

func newAcceptor(t *testing.T) *acceptor {
	t.Helper()
	a := &acceptor{accepted: map[string][]int{}, refuses: func(int) bool { return false }}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *acceptor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request struct {
		Batch []struct {
			UserID     string
			Properties struct{ N int }
		}
	}
	if err := json.Unmarshal(body, &request); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests++
	for _, call := range request.Batch {
		if a.refuses(call.Properties.N) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	for _, call := range request.Batch {
		a.accepted[call.UserID] = append(a.accepted[call.UserID], call.Properties.N)
	}
}

// assertEach asserts that each event of every person was accepted so many times,
// and no later one before an earlier one.
func (a *acceptor) assertEach(t *testing.T, events, times int, isExpected func(n int) bool) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for person := range people {
		var expected []int
		for n := person; n < events; n += people {
			if isExpected(n) {
				expected = append(expected, n)
			}
		}
		// The copies of an output each keep their own order, so that so do the
		// first times that events were accepted, and the second times.
		rounds := make([][]int, times)
		seen := map[int]int{}
		for _, n := range a.accepted[fmt.Sprintf("user-%d", person)] {
			require.Less(t, seen[n], times, "event %d was accepted once more", n)
			rounds[seen[n]] = append(rounds[seen[n]], n)
			seen[n]++
		}
		for _, round := range rounds {
			assert.Equal(t, expected, round, "person %d", person)
		}
	}
}

// crowd is a stream of events of a few people, and what is done to them.
type crowd struct {
	events, batch int
	strict        bool
	// processor is what the pipeline does, if anything.
	processor string
	// output comes first, and a dead letter takes what it fails.
	output string
}

// run sends everything, or fails when it comes to a standstill.
func (c crowd) run(t *testing.T) *streamtest.DeadLetters {
	t.Helper()
	dead := &streamtest.DeadLetters{}
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterBatchOutput("dead_letter", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			return dead, service.BatchPolicy{}, 1, nil
		}))
	require.NoError(t, env.RegisterBatchInput("crowd", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchInput, error) {
			return &crowdInput{crowd: c}, nil
		}))
	builder := env.NewStreamBuilder()
	builder.SetStrict(c.strict)
	builder.SetThreads(1)
	require.NoError(t, builder.SetLoggerYAML("level: OFF"))
	require.NoError(t, builder.AddInputYAML("crowd: {}"))
	if c.processor != "" {
		require.NoError(t, builder.AddProcessorYAML(c.processor))
	}
	require.NoError(t, builder.AddOutputYAML(streamtest.WithDeadLetter(c.output)))
	stream, err := builder.Build()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, stream.Run(ctx))
	return dead
}

// crowdInput reads ahead, as inputs do, and gives nothing out twice.
type crowdInput struct {
	crowd
	next int
}

func (*crowdInput) Connect(context.Context) error { return nil }
func (*crowdInput) Close(context.Context) error   { return nil }

func (c *crowdInput) ReadBatch(context.Context) (batch service.MessageBatch, done service.AckFunc, err error) {
	if c.next >= c.events {
		return nil, nil, service.ErrEndOfInput
	}
	for range c.batch {
		batch = append(batch, service.NewMessage(fmt.Appendf(nil,
			`{"type":"track","event":"E","userId":"user-%d","properties":{"n":%d}}`, c.next%people, c.next)))
		c.next++
	}
	return batch, func(context.Context, error) error { return nil }, nil
}

// unevenly is a mapping that takes much longer for some events than for others,
// so that the writers overtake each other.
const unevenly = `root = if this.properties.n % 7 == 0 && range(0, 20000).sum() > 0 { this } else { this }`

func failing(condition string) string {
	return fmt.Sprintf("{mapping: 'root = if %s { throw(\"failed\") } else { this }'}", condition)
}

func every(int) bool { return true }

func none(int) bool { return false }

func TestOrderHoldsWithManyBatchesUnderWay(t *testing.T) {
	isOdd := func(n int) bool { return n%2 == 1 }
	isOfOddTen := func(n int) bool { return n/10%2 == 1 }
	for name, test := range map[string]struct {
		batching  fields
		processor string
		strict    bool
		refuses   func(n int) bool
		// sends says which events arrive.
		sends func(n int) bool
	}{
		"one message at a time": {batching: fields{"count": 1}},
		"by count":              {batching: fields{"count": 10, "period": "50ms"}},
		"by period":             {batching: fields{"period": "1ms"}},
		"by check":              {batching: fields{"check": "this.properties.n % 11 == 0", "period": "50ms"}},
		"split in the policy": {batching: fields{"count": 10, "period": "50ms", "processors": []fields{
			{"split": fields{"size": 3}},
		}}},
		"grouped in the policy": {batching: fields{"count": 10, "period": "50ms", "processors": []fields{
			{"group_by_value": fields{"value": "${! this.userId }"}},
		}}},
		"batches emptied by the policy": {
			batching: fields{"count": 10, "period": "50ms", "processors": []fields{
				{"mapping": "root = if this.properties.n / 10 % 2 >= 1 { this } else { deleted() }"},
			}},
			sends: isOfOddTen,
		},
		"failed messages are sent": {
			batching:  fields{"count": 10, "period": "50ms"},
			processor: failing("this.properties.n % 2 == 0"),
		},
		"only failed messages": {
			batching:  fields{"count": 10, "period": "50ms"},
			processor: failing("true"),
		},
		"only failed messages, one at a time": {
			batching:  fields{"count": 1},
			processor: failing("true"),
		},
		"batches that failed as a whole are sent": {
			batching:  fields{"count": 10, "period": "50ms"},
			processor: failing("this.properties.n / 10 % 2 < 1"),
		},
		"strict, mixed": {
			batching: fields{"count": 10, "period": "50ms"}, strict: true,
			processor: failing("this.properties.n % 2 == 0"), sends: isOdd,
		},
		"strict, whole batches": {
			batching: fields{"count": 10, "period": "50ms"}, strict: true,
			processor: failing("this.properties.n / 10 % 2 < 1"), sends: isOfOddTen,
		},
		"strict, everything": {
			batching: fields{"count": 10, "period": "50ms"}, strict: true,
			processor: failing("true"), sends: none,
		},
		"strict, split": {
			batching: fields{"count": 10, "period": "50ms", "processors": []fields{{"split": fields{"size": 2}}}}, strict: true,
			processor: failing("this.properties.n / 2 % 2 < 1"),
			sends:     func(n int) bool { return n/2%2 == 1 },
		},
		"refused calls": {
			batching: fields{"count": 10, "period": "50ms"},
			refuses:  func(n int) bool { return n%100 == 0 },
			sends:    func(n int) bool { return n%100 != 0 },
		},
	} {
		for _, writers := range []int{2, 8, 64} {
			t.Run(fmt.Sprintf("%s, %d writers", name, writers), func(t *testing.T) {
				t.Parallel()
				const events = 500
				server := newAcceptor(t)
				if test.refuses != nil {
					server.refuses = test.refuses
				}
				sends := test.sends
				if sends == nil {
					sends = every
				}

				dead := crowd{
					events: events, batch: 10, strict: test.strict, processor: test.processor,
					output: segmentOutput(server.URL, fields{
						"batching": test.batching, "max_in_flight": writers, "compression": "none", "mapping": unevenly,
					}),
				}.run(t)

				server.assertEach(t, events, 1, sends)
				if test.refuses != nil {
					assert.Len(t, dead.Letters(), events/100)
				}
				for _, letter := range dead.Letters() {
					_, isNumbered := letter.Message.MetaGetMut("segment_batch_number")
					assert.False(t, isNumbered, "a number of a batch is nobody else's business")
				}
			})
		}
	}
}

// Each copy of an output numbers its own batches, and so does one that comes after
// another in a fallback.
func TestOutputsNumberOnTheirOwn(t *testing.T) {
	first, second := newAcceptor(t), newAcceptor(t)
	output := func(server *acceptor) string {
		return segmentOutput(server.URL, fields{
			"batching": fields{"count": 10, "period": "50ms"}, "max_in_flight": 8, "compression": "none", "mapping": unevenly,
		})
	}

	crowd{
		events: 600, batch: 10,
		output: `{"broker": {"copies": 2, "pattern": "fan_out", "outputs": [` + output(first) + `,` + output(second) + `]}}`,
	}.run(t)
	first.assertEach(t, 600, 2, every)
	second.assertEach(t, 600, 2, every)

	isRefused := func(n int) bool { return n%20 == 0 }
	refusing, taking := newAcceptor(t), newAcceptor(t)
	refusing.refuses = isRefused
	crowd{events: 600, batch: 10, output: `{"fallback": [` + output(refusing) + `,` + output(taking) + `]}`}.run(t)
	refusing.assertEach(t, 600, 1, func(n int) bool { return !isRefused(n) })
	// The engine passes on in any order what the first output has failed.
	taking.mu.Lock()
	defer taking.mu.Unlock()
	assert.Equal(t, 600/20, len(taking.accepted["user-0"])+len(taking.accepted["user-1"])+len(taking.accepted["user-2"]))
}

// A stop ends all that wait for their turn.
func TestAStopEndsWhatWaitsForItsTurn(t *testing.T) {
	before := goleak.IgnoreCurrent()
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	t.Run("a life", func(t *testing.T) {
		p := start(t, segmentOutput(server.URL, fields{"batching": fields{"count": 1}, "max_in_flight": 8}))
		ctx, giveUp := context.WithCancel(t.Context())
		var sending sync.WaitGroup
		for range 20 {
			sending.Go(func() { assert.Error(t, p.send(ctx, events(sixCalls...))) })
		}
		<-arrived
		require.NoError(t, p.stream.StopWithin(4*time.Second))
		require.NoError(t, <-p.ended)
		p.ended <- nil
		giveUp()
		sending.Wait()
		assert.Positive(t, p.said.Times("6 of 6 messages were not sent, the first with: segment undelivered -"))
	})
	server.Close()
	// The batcher of the engine leaves one behind for each batch under way.
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/redpanda-data/benthos/v4/internal/component/output/batcher.(*Impl).loop.func4"))
}
