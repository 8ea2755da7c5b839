package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

// However messages hold their memory, no more of it than there is room for is
// under way while Segment is away. https://github.com/vectordotdev/vector/issues/17276
func TestAnOutageDoesNotFillTheMemory(t *testing.T) {
	// fit is how many batches of 7 MB there is room for. That the last one is
	// larger than it looks is only known when it has come in.
	const fit, more = 4, 8
	large := strings.Repeat("x", 30_000)
	manySmall := func(b, n int) map[string]any {
		var list []any
		for i := range 500 {
			list = append(list, map[string]any{"k": "v", "n": i})
		}
		return event(b, n, map[string]any{"list": list})
	}
	for name, test := range map[string]struct {
		more  fields
		batch func(t *testing.T, b int) service.MessageBatch
	}{
		"large payloads": {batch: func(t *testing.T, b int) (batch service.MessageBatch) {
			for n := range 230 {
				batch = append(batch, encoded(t, event(b, n, map[string]any{"text": large})))
			}
			return batch
		}},
		"structured payloads": {batch: func(_ *testing.T, b int) (batch service.MessageBatch) {
			for n := range 75 {
				batch = append(batch, service.NewMessage(nil))
				batch[n].SetStructured(manySmall(b, n))
			}
			return batch
		}},
		"payloads that queries look into": {
			more: fields{"message_id": `${! json("messageId") }`},
			batch: func(t *testing.T, b int) (batch service.MessageBatch) {
				for n := range 60 {
					batch = append(batch, encoded(t, manySmall(b, n)))
				}
				return batch
			},
		},
		"a payload of many calls": {batch: func(t *testing.T, b int) service.MessageBatch {
			var calls []any
			for n := range 14_000 {
				calls = append(calls, event(b, n, nil))
			}
			return service.MessageBatch{encoded(t, calls)}
		}},
		"a mapping that makes many calls": {
			more: fields{"mapping": `root = range(0, 230).map_each(n -> this.assign({"messageId": this.messageId + n.string(), "properties": {"text": "x".repeat(30000)}}))`},
			batch: func(t *testing.T, b int) service.MessageBatch {
				return service.MessageBatch{encoded(t, event(b, 0, nil))}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := segmenttest.New(t)
			sb.Fail(http.StatusServiceUnavailable)
			p := start(t, segmentOutput(sb.URL, fields{
				"parallel_requests": 1000, "max_in_flight": 100, "retry": fields{"initial_interval": "1h", "max_interval": "1h"},
			}, test.more))
			sending, giveUp := context.WithCancel(t.Context())
			var sent sync.WaitGroup
			send := func(b int) {
				batch := test.batch(t, b)
				sent.Go(func() { assert.Error(t, p.send(sending, batch)) })
			}
			for b := range fit - 1 {
				send(b)
				isIn := func() bool { return slices.ContainsFunc(sb.Requests(), isOf(b)) }
				require.Eventually(t, isIn, patience, time.Millisecond)
			}
			for b := range more {
				send(fit + b)
			}

			isOver := func() bool { return p.counts.Last("segment_batches_in_flight") > fit }
			assert.Never(t, isOver, 300*time.Millisecond, 10*time.Millisecond)
			giveUp()
			// Nothing is going to be delivered: a stop that waits for nothing.
			require.ErrorIs(t, p.stream.Stop(sending), context.Canceled)
			require.NoError(t, <-p.ended)
			p.ended <- nil
			sent.Wait()
		})
	}
}

// Where answers take their time, there is room for more than before the first
// one, since the pipeline would wait for them.
func TestSlowAnswersMakeRoom(t *testing.T) {
	const slow, batches, fit = 200 * time.Millisecond, 8, 7
	var answered sync.Once
	held := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		isFirst := false
		answered.Do(func() { isFirst = true })
		if isFirst {
			time.Sleep(slow)
		} else {
			<-held
		}
		_, _ = io.WriteString(w, `{"success": true}`)
	}))
	t.Cleanup(server.Close)
	release := sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	p := start(t, segmentOutput(server.URL, fields{"parallel_requests": 1000, "max_in_flight": 100}))
	require.NoError(t, p.send(t.Context(), service.MessageBatch{encoded(t, event(0, 0, nil))}))

	large := strings.Repeat("x", 30_000)
	var sent sync.WaitGroup
	for b := range batches {
		var batch service.MessageBatch
		for n := range 230 {
			batch = append(batch, encoded(t, event(b+1, n, map[string]any{"text": large})))
		}
		sent.Go(func() { assert.NoError(t, p.send(t.Context(), batch)) })
	}

	isIn := func() bool { return p.counts.Last("segment_batches_in_flight") >= fit }
	require.Eventually(t, isIn, patience, time.Millisecond)
	release()
	sent.Wait()
}

func event(batch, n int, properties map[string]any) map[string]any {
	return map[string]any{
		"type": "track", "event": "E", "userId": fmt.Sprint(batch, "-", n), "messageId": fmt.Sprint("batch-", batch, "-", n), "properties": properties,
	}
}

func encoded(t *testing.T, payload any) *service.Message {
	t.Helper()
	text, err := json.Marshal(payload)
	require.NoError(t, err)
	return service.NewMessage(text)
}

// isOf says whether a request has calls of a batch.
func isOf(batch int) func(segmenttest.Request) bool {
	prefix := fmt.Sprintf("batch-%d-", batch)
	return func(r segmenttest.Request) bool {
		return slices.ContainsFunc(r.MessageIDs, func(id string) bool { return strings.HasPrefix(id, prefix) })
	}
}
