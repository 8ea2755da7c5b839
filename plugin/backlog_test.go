package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

func TestTheOldestBatchIsThatOfAllCopies(t *testing.T) {
	sb := segmenttest.New(t)
	fault := sb.Fail(http.StatusServiceUnavailable).Match(segmenttest.Match{Event: "Stuck"})
	p := start(t, `{"broker": {"copies": 2, "pattern": "greedy", "outputs": [`+segmentOutput(sb.URL)+`]}}`)
	sending, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	go func() { _ = p.send(sending, events(`{"type":"track","event":"Stuck","userId":"u"}`)) }()
	isOld := func() bool { return p.counts.Last("segment_oldest_unsent_seconds") > 0 }
	require.Eventually(t, isOld, patience, time.Millisecond)

	// All the others go on, whichever copy takes them.
	sent := make(chan error, 3)
	for range cap(sent) {
		go func() { sent <- p.send(sending, events(`{"type":"track","event":"Fine","userId":"v"}`)) }()
	}
	for range cap(sent) {
		require.NoError(t, <-sent)
	}

	assert.Positive(t, p.counts.Last("segment_oldest_unsent_seconds"), "one event is stuck")
	assert.Equal(t, int64(1), p.counts.Last("segment_batches_in_flight"))
	fault.Remove()
	isEmpty := func() bool { return p.counts.Last("segment_batches_in_flight") == 0 }
	require.Eventually(t, isEmpty, patience, time.Millisecond)
	assert.Zero(t, p.counts.Last("segment_oldest_unsent_seconds"))
}

// What is about others does not wait, and so is not counted.
func TestCallsThatWaitForTheirTurnAreCounted(t *testing.T) {
	sb := segmenttest.New(t)
	fault := sb.Fail(http.StatusServiceUnavailable).Match(segmenttest.Match{Event: "Stuck"})
	p := start(t, segmentOutput(sb.URL, fields{"max_in_flight": 8}))
	sent := make(chan error, 2)
	go func() { sent <- p.send(t.Context(), events(`{"type":"track","event":"Stuck","userId":"u"}`)) }()
	require.Eventually(t, func() bool { return len(sb.Requests()) > 0 }, patience, time.Millisecond)

	go func() {
		sent <- p.send(t.Context(), append(events(sixCalls...), events(
			`{"type":"track","event":"Later","userId":"u"}`,
			`{"type":"alias","userId":"v","previousId":"u"}`,
			`{"type":"track","event":"Later","userId":"v"}`,
		)...))
	}()

	require.Eventually(t, func() bool { return p.counts.Last("segment_calls_waiting") == 3 }, patience, time.Millisecond)
	assert.Equal(t, int64(2), p.counts.Last("segment_batches_in_flight"))
	assert.Len(t, sb.Calls(), len(sixCalls))
	fault.Remove()
	require.NoError(t, <-sent)
	require.NoError(t, <-sent)
	require.Eventually(t, func() bool { return p.counts.Last("segment_batches_in_flight") == 0 }, patience, time.Millisecond)
	assert.Zero(t, p.counts.Last("segment_calls_waiting"))
}

func TestTheLagOfEventsIsReported(t *testing.T) {
	const ago = time.Hour
	then := time.Now().Add(-ago)
	for name, test := range map[string]struct {
		payload  string
		metadata map[string]any
		lags     int
	}{
		"record of Kafka": {`{"type":"track","event":"E","userId":"u"}`, map[string]any{"kafka_timestamp_ms": then.UnixMilli()}, 1},
		"receivedAt":      {fmt.Sprintf(`{"type":"track","event":"E","userId":"u","receivedAt":%q}`, then.Format(time.RFC3339Nano)), nil, 1},
		"the record first": {
			`{"type":"track","event":"E","userId":"u","receivedAt":"2020-01-01T00:00:00Z"}`,
			map[string]any{"nats_timestamp_unix_nano": fmt.Sprint(then.UnixNano())},
			1,
		},
		"an array":             {`[{"type":"page","userId":"u"},{"type":"page","userId":"u"}]`, map[string]any{"kafka_timestamp_ms": then.UnixMilli()}, 1},
		"nobody knows":         {`{"type":"track","event":"E","userId":"u","timestamp":"2020-01-01T00:00:00Z"}`, nil, 0},
		"no time":              {`{"type":"track","event":"E","userId":"u","receivedAt":"soon"}`, nil, 0},
		"never sent":           {`{"type":"track","userId":"u"}`, map[string]any{"kafka_timestamp_ms": then.UnixMilli()}, 0},
		"skipped after others": {` `, map[string]any{"kafka_timestamp_ms": then.UnixMilli()}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
			msg := service.NewMessage([]byte(test.payload))
			for key, value := range test.metadata {
				msg.MetaSetMut(key, value)
			}
			p.accept(service.MessageBatch{msg})
			lags := p.counts.Series("segment_event_lag_ns")
			require.Len(t, lags, test.lags)
			for _, lag := range lags {
				assert.InDelta(t, ago, lag, float64(patience))
			}
		})
	}
}

// What is sent again counts when it has been accepted, and only once.
func TestTheLagIsThatOfTheAnswerThatAccepts(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusServiceUnavailable).Times(2)
	sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: "Refused"})
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	batch := usualEvents(0, 1000)
	batch[500].SetBytes([]byte(`{"type":"track","event":"Refused","userId":"u"}`))
	for _, msg := range batch {
		msg.MetaSetMut("kafka_timestamp_ms", time.Now().UnixMilli())
	}
	p.accept(batch)
	assert.Equal(t, 999, sb.Summary().Unique)
	lags := len(p.counts.Series("segment_event_lag_ns"))
	assert.LessOrEqual(t, lags, 33)
	assert.GreaterOrEqual(t, lags, 30)
}
