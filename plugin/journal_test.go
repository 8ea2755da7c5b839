package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// queued is a stream with a journal between a test and an output that the test
// is.
type queued struct {
	t      *testing.T
	stream *service.Stream
	send   service.MessageBatchHandlerFunc
	ended  chan error
}

// startQueued starts a stream. The queue lies in a directory that outlives it.
func startQueued(t *testing.T, path, more string, deliver service.MessageBatchHandlerFunc) *queued {
	t.Helper()
	return startQueuedWith(t, service.NewStreamBuilder(), path, more, deliver)
}

// startQueuedWith starts a stream that has more than a journal.
func startQueuedWith(t *testing.T, builder *service.StreamBuilder, path, more string, deliver service.MessageBatchHandlerFunc) *queued {
	t.Helper()
	require.NoError(t, builder.SetLoggerYAML(`level: none`))
	require.NoError(t, builder.SetBufferYAML(fmt.Sprintf("journal: {path: %q, retry: {initial_interval: 1ms}%s}", path, more)))
	q := &queued{t: t, ended: make(chan error, 1)}
	var err error
	q.send, err = builder.AddBatchProducerFunc()
	require.NoError(t, err)
	require.NoError(t, builder.AddBatchConsumerFunc(deliver))
	q.stream, err = builder.Build()
	require.NoError(t, err)
	go func() { q.ended <- q.stream.Run(context.Background()) }()
	return q
}

func (q *queued) sendAll(contents ...string) {
	q.t.Helper()
	for _, content := range contents {
		require.NoError(q.t, q.send(q.t.Context(), service.MessageBatch{service.NewMessage([]byte(content))}))
	}
}

// stop ends the stream, by force if it takes longer than the wait.
func (q *queued) stop(wait time.Duration) {
	q.t.Helper()
	// A stream that does not run yet cannot be stopped.
	require.Eventually(q.t, func() bool {
		err := q.stream.StopWithin(wait)
		return err == nil || errors.Is(err, context.DeadlineExceeded)
	}, 20*time.Second, time.Millisecond)
	<-q.ended
}

// collected is an output that keeps what it takes.
type collected struct {
	mu       sync.Mutex
	contents []string
	// reject says which messages it does not take.
	reject func(content string) error
}

func (c *collected) deliver(_ context.Context, batch service.MessageBatch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed *service.BatchError
	for i, message := range batch {
		content, err := message.AsBytes()
		if err == nil && c.reject != nil {
			err = c.reject(string(content))
		}
		if err == nil {
			c.contents = append(c.contents, string(content))
			continue
		}
		if failed == nil {
			failed = service.NewBatchError(batch, err)
		}
		failed.Failed(i, err)
	}
	if failed != nil {
		return failed
	}
	return nil
}

func (c *collected) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.contents...)
}

func names(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("event %d", i))
	}
	return list
}

func TestTheJournalAcknowledgesBeforeDelivery(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	refuse := &collected{reject: func(string) error { return errors.New("away") }}
	q := startQueued(t, path, "", refuse.deliver)
	q.sendAll(names(0, 50)...) // returns when they are acknowledged
	q.stop(500 * time.Millisecond)
	assert.Empty(t, refuse.all())

	take := &collected{}
	q = startQueued(t, path, "", take.deliver)
	q.sendAll(names(50, 60)...)
	q.stop(10 * time.Second)
	assert.Equal(t, names(0, 60), take.all(), "what was there before comes first, and drain sends all")

	again := &collected{}
	q = startQueued(t, path, "", again.deliver)
	q.stop(10 * time.Second)
	assert.Empty(t, again.all(), "what was delivered is not sent again")
}

func TestKeepLeavesOnTheDiskWhatWasNotHandedOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	slow := &collected{}
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	q := startQueued(t, path, ", at_end: keep, max_batch_events: 1", func(ctx context.Context, batch service.MessageBatch) error {
		once.Do(func() { close(entered) })
		<-leave
		return slow.deliver(ctx, batch)
	})
	q.sendAll(names(0, 30)...)
	<-entered
	time.AfterFunc(100*time.Millisecond, func() { close(leave) })
	q.stop(10 * time.Second)
	first := slow.all()
	assert.NotEmpty(t, first)
	assert.Less(t, len(first), 30)

	rest := &collected{}
	q = startQueued(t, path, "", rest.deliver)
	q.stop(10 * time.Second)
	assert.Equal(t, names(0, 30), append(first, rest.all()...))
}

func TestARejectedMessageDoesNotRepeatItsNeighbours(t *testing.T) {
	tries := 0
	out := &collected{reject: func(content string) error {
		if content == "event 3" && tries < 4 {
			tries++
			return errors.New("bad event")
		}
		return nil
	}}
	q := startQueued(t, filepath.Join(t.TempDir(), "queue"), "", out.deliver)
	batch := service.MessageBatch{}
	for _, name := range names(0, 10) {
		batch = append(batch, service.NewMessage([]byte(name)))
	}
	require.NoError(t, q.send(t.Context(), batch))
	require.Eventually(t, func() bool { return len(out.all()) == 10 }, 20*time.Second, time.Millisecond)
	q.stop(10 * time.Second)
	got := out.all()
	assert.ElementsMatch(t, names(0, 10), got)
	assert.Equal(t, "event 3", got[9])
}

// An output that says nothing about single messages has rejected them all, and
// then gets them one by one.
func TestAfterABatchThatFailedAsAWholeTheGuiltyOneIsFound(t *testing.T) {
	out := &collected{}
	tries := 0
	q := startQueued(t, filepath.Join(t.TempDir(), "queue"), "", func(ctx context.Context, batch service.MessageBatch) error {
		for _, message := range batch {
			if content, _ := message.AsBytes(); string(content) == "event 3" && tries < 3 {
				tries++
				return errors.New("something in there is bad")
			}
		}
		return out.deliver(ctx, batch)
	})
	batch := service.MessageBatch{}
	for _, name := range names(0, 10) {
		batch = append(batch, service.NewMessage([]byte(name)))
	}
	require.NoError(t, q.send(t.Context(), batch))
	require.Eventually(t, func() bool { return len(out.all()) == 10 }, 20*time.Second, time.Millisecond)
	q.stop(10 * time.Second)
	assert.ElementsMatch(t, names(0, 10), out.all())
}

// At low traffic nothing is beside the guilty one that could be accepted. Elsewhere
// such a message is tried for ever, and all that comes later waits
// (elixir-broadway/broadway_rabbitmq#73).
func TestAMessageThatIsRejectedAloneHoldsUpNobody(t *testing.T) {
	var tries atomic.Int32
	out := &collected{reject: func(content string) error {
		if content != "guilty" {
			return nil
		}
		tries.Add(1)
		return errors.New("bad event")
	}}
	q := startQueued(t, filepath.Join(t.TempDir(), "queue"), "", out.deliver)
	q.sendAll("guilty")
	require.Eventually(t, func() bool { return tries.Load() >= 5 }, 20*time.Second, time.Millisecond)
	q.sendAll(names(0, 10)...)
	require.Eventually(t, func() bool { return len(out.all()) == 10 }, 60*time.Second, time.Millisecond)
	assert.Equal(t, names(0, 10), out.all())
	q.stop(100 * time.Millisecond)
}

func TestTheJournalKeepsMetadataAndFailures(t *testing.T) {
	meta := map[string]any{
		"text": "a", "whole": int64(1 << 60), "fraction": 0.25, "yes": true, "none": nil, "bytes": []byte{0, 255},
		"nested": map[string]any{"list": []any{int64(1), "two", nil, map[string]any{}}},
	}
	got := make(chan *service.Message, 1)
	q := startQueued(t, filepath.Join(t.TempDir(), "queue"), "", func(_ context.Context, batch service.MessageBatch) error {
		got <- batch[0].DeepCopy()
		return nil
	})
	message := service.NewMessage(nil)
	message.SetStructured(map[string]any{"b": int64(1), "a": "<&>"})
	for name, value := range meta {
		message.MetaSetMut(name, value)
	}
	message.SetError(errors.New("what was wrong before"))
	require.NoError(t, q.send(t.Context(), service.MessageBatch{message}))
	came := <-got
	q.stop(10 * time.Second)

	content, err := came.AsBytes()
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":"<&>","b":1}`, string(content))
	assert.EqualError(t, came.GetError(), "what was wrong before")
	there := map[string]any{}
	require.NoError(t, came.MetaWalkMut(func(name string, value any) error {
		there[name] = value
		return nil
	}))
	assert.Equal(t, meta, there)
}

func TestOneProcessHasTheQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	q := startQueued(t, path, "", (&collected{}).deliver)
	q.sendAll("a")
	defer q.stop(10 * time.Second)

	builder := service.NewStreamBuilder()
	require.NoError(t, builder.SetYAML(`
logger: {level: none}
input: {generate: {count: 1, mapping: 'root = "b"'}}
buffer: {journal: {path: "`+path+`"}}
output: {drop: {}}
`))
	stream, err := builder.Build()
	if err == nil {
		err = stream.Run(t.Context())
	}
	require.ErrorContains(t, err, "field path")
	assert.ErrorContains(t, err, "process ")
	assert.ErrorContains(t, err, "in use")
}

func TestTheJournalsConfigIsCheckedTwice(t *testing.T) {
	for name, test := range map[string]struct{ conf, errContains string }{
		"no path":           {`path: ""`, "field path is empty"},
		"no room":           {`{path: q, max_bytes: 5}`, "field max_bytes must be at least"},
		"no interval":       {`{path: q, sync: interval, sync_interval: 0s}`, "field sync_interval must be a duration"},
		"gives up":          {`{path: q, retry: {max_elapsed_time: 5m}}`, "field retry.max_elapsed_time must be 0s"},
		"no batch":          {`{path: q, max_batch_events: 0}`, "field max_batch_events must be from 1"},
		"negative patience": {`{path: q, full_timeout: -1s}`, "field full_timeout must not be negative"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := "journal:\n  " + test.conf
			lints, err := service.GlobalEnvironment().NewComponentConfigLinter().LintBufferYAML([]byte(conf))
			require.NoError(t, err)
			require.Len(t, lints, 1)
			assert.Contains(t, lints[0].What, test.errContains)

			builder := service.NewStreamBuilder()
			builder.DisableLinting()
			require.NoError(t, builder.SetYAML("logger: {level: none}\ninput: {generate: {count: 1, mapping: 'root = {}'}}\noutput: {drop: {}}\nbuffer:\n  "+strings.ReplaceAll(conf, "\n", "\n  ")))
			stream, err := builder.Build()
			if err == nil {
				err = stream.Run(t.Context())
			}
			assert.ErrorContains(t, err, test.errContains)
		})
	}
}
