package guarantees_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// gathered is how many events a batch has in these tests.
const gathered = 20

// oneByOne is an input that hands over one event at a time, as JetStream,
// Redis streams, AMQP and files do, and keeps what is not acknowledged.
type oneByOne struct {
	events []given

	mu           sync.Mutex
	read         int
	acknowledged []string
}

var _ service.Input = (*oneByOne)(nil)

func (*oneByOne) Connect(context.Context) error { return nil }
func (*oneByOne) Close(context.Context) error   { return nil }

func (in *oneByOne) Read(ctx context.Context) (*service.Message, service.AckFunc, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.read == len(in.events) {
		return nil, nil, service.ErrEndOfInput
	}
	event := in.events[in.read]
	in.read++
	return service.NewMessage([]byte(event.payload)), func(_ context.Context, err error) error {
		if err == nil {
			in.mu.Lock()
			defer in.mu.Unlock()
			in.acknowledged = append(in.acknowledged, event.id)
		}
		return nil
	}, nil
}

// hasRead says whether an event has been read, and those before it.
func (in *oneByOne) hasRead(n int) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.read >= n
}

// stoppedWhileHeld runs events from an input into the output, stops the stream
// when as many are read as it has room for, and returns the ids of those that
// were acknowledged although they had not been accepted.
//
// In the config of the input, $INPUT stands for the one whose
// acknowledgements are looked at.
func stoppedWhileHeld(t *testing.T, sb *segmenttest.Server, input string, room int, output fields) (lost []string) {
	t.Helper()
	in := &oneByOne{events: trial{calls: 10 * gathered, people: 10}.givenCalls()}
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterInput("one_by_one", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.Input, error) { return in, nil }))
	builder := env.NewStreamBuilder()
	require.NoError(t, builder.SetLoggerYAML("level: OFF"))
	require.NoError(t, builder.AddInputYAML(strings.ReplaceAll(input, "$INPUT", "one_by_one: {}")))
	require.NoError(t, builder.AddOutputYAML(segmentOutput(sb.URL, output)))
	stream, err := builder.Build()
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(context.WithoutCancel(t.Context())) }()
	// One more than there is room for is in the hands of the input.
	require.Eventually(t, func() bool { return in.hasRead(room + 1) }, 30*time.Second, time.Millisecond)
	// It does not end by itself: what is held is given up.
	_ = stream.StopWithin(200 * time.Millisecond)
	<-ended

	var accepted []string
	for _, call := range sb.Calls() {
		accepted = append(accepted, call.MessageID)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, id := range in.acknowledged {
		if !slices.Contains(accepted, id) {
			lost = append(lost, id)
		}
	}
	return lost
}

// Issue 10, A1: with events gathered at the input, as we advised, a stop while
// Segment answered 503 lost 100 to 200 of them. Gathered at the output, none.
func TestNothingIsAcknowledgedThatWasNotAcceptedWhereTheOutputGathers(t *testing.T) {
	output := fields{"batching": fields{"count": gathered, "period": "1h"}, "max_request_calls": 2, "max_in_flight": 4}
	for name, hold := range map[string]func(*segmenttest.Server){
		"an outage":      func(sb *segmenttest.Server) { sb.Fail(http.StatusServiceUnavailable) },
		"a wrong set-up": func(sb *segmenttest.Server) { sb.Fail(http.StatusUnauthorized) },
		"a Retry-After":  func(sb *segmenttest.Server) { sb.Fail(http.StatusTooManyRequests).RetryAfter("300") },
		"an outage of some": func(sb *segmenttest.Server) {
			sb.Fail(http.StatusServiceUnavailable).Match(segmenttest.Match{User: "person-003"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			hold(sb)
			// Four batches are on their way, and one is full.
			assert.Empty(t, stoppedWhileHeld(t, sb, "$INPUT", 5*gathered, output))
		})
	}
}

// The engine's fault that our lint hints at and docs/engine.md describes. When
// this fails, the engine is fixed: the hints and the page can go.
func TestTheEngineStillAcknowledgesWhatAnInputGatheredAndNeverHandedOver(t *testing.T) {
	for name, input := range map[string]string{
		"batched": `{batched: {policy: {count: 20}, child: {$INPUT}}}`,
		"broker":  `{broker: {batching: {count: 20}, inputs: [{$INPUT}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			sb.Fail(http.StatusServiceUnavailable)
			// Which of two ways the engine takes is up to chance each time.
			for range 50 {
				// One batch is on its way, one waits in the output, and one in the input.
				if lost := stoppedWhileHeld(t, sb, input, 3*gathered, fields{"max_in_flight": 1}); len(lost) > 0 {
					return
				}
			}
			assert.Fail(t, "nothing is lost any more")
		})
	}
}
