package plugin_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metadataOf returns all metadata of a message, with its types.
func metadataOf(t *testing.T, message *service.Message) map[string]any {
	t.Helper()
	all := map[string]any{}
	assert.NoError(t, message.MetaWalkMut(func(name string, value any) error {
		all[name] = value
		return nil
	}))
	return all
}

// Messages with the same metadata share it in memory, and nobody must see that:
// neither in what they have, nor when one of them is changed.
func TestMessagesThatAreAlikeKeepTheirOwnMetadata(t *testing.T) {
	const count = 60
	want := map[string]map[string]any{}
	var batch service.MessageBatch
	for i := range count {
		content := fmt.Sprintf("m%d", i)
		metadata := map[string]any{"kind": fmt.Sprint(i % 12), "same": "for all"}
		switch i % 5 {
		case 0:
			metadata["number"] = int64(i / 20)
		case 1:
			metadata["list"] = []any{"a", map[string]any{"n": fmt.Sprint(i / 20)}}
		case 2:
			delete(metadata, "kind")
		}
		message := service.NewMessage([]byte(content))
		for name, value := range metadata {
			message.MetaSetMut(name, value)
		}
		batch, want[content] = append(batch, message), metadata
	}
	var mu sync.Mutex
	got := map[string]map[string]any{}
	q := startQueued(t, filepath.Join(t.TempDir(), "queue"), "", func(_ context.Context, batch service.MessageBatch) error {
		mu.Lock()
		defer mu.Unlock()
		for i, message := range batch {
			content, err := message.AsBytes()
			assert.NoError(t, err)
			got[string(content)] = metadataOf(t, message)
			// What is done to one is done to no other.
			message.MetaSetMut("same", fmt.Sprint("changed ", i))
			message.MetaDelete("kind")
			message.SetError(fmt.Errorf("of %d alone", i))
		}
		for _, message := range batch[1:] {
			assert.NotEqual(t, batch[0].GetError(), message.GetError())
		}
		return nil
	})
	require.NoError(t, q.send(t.Context(), batch))
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == count }, 20*time.Second, time.Millisecond)
	q.stop(10 * time.Second)
	assert.Equal(t, want, got)
}

// The events of a request have most of their metadata in common.
func TestEventsOfARequestKeepTheirOwnMetadata(t *testing.T) {
	var mu sync.Mutex
	got := map[string]any{}
	d := openDoor(t, nil, func(builder *service.StreamBuilder) {
		require.NoError(t, builder.AddProcessorYAML(`mapping: 'meta segment_sdk = if this.event == "e3" { "changed" }'`))
		require.NoError(t, builder.AddBatchConsumerFunc(func(_ context.Context, batch service.MessageBatch) error {
			mu.Lock()
			defer mu.Unlock()
			for _, message := range batch {
				event, err := message.AsStructured()
				assert.NoError(t, err)
				all := metadataOf(t, message)
				got[event.(map[string]any)["event"].(string)] = []any{all["segment_type"], all["segment_sdk"], all["segment_sdk_version"], all["segment_write_key"]}
			}
			return nil
		}))
	})
	status, _ := d.post("/v1/batch", `{"batch":[
		{"type":"track","event":"e1","userId":"u","context":{"library":{"name":"a","version":"1"}}},
		{"type":"page","event":"e2","userId":"u","context":{"library":{"name":"a","version":"1"}}},
		{"type":"track","event":"e3","userId":"u","context":{"library":{"name":"a","version":"1"}}},
		{"type":"track","event":"e4","userId":"u","context":{"library":{"name":"a","version":"1"}}},
		{"type":"track","event":"e5","userId":"u","context":{"library":{"name":"a","version":"2"}}}
	]}`)
	require.Equal(t, 200, status)
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, map[string]any{
		"e1": []any{"track", "a", "1", "wk"},
		"e2": []any{"page", "a", "1", "wk"},
		"e3": []any{"track", "changed", "1", "wk"},
		"e4": []any{"track", "a", "1", "wk"},
		"e5": []any{"track", "a", "2", "wk"},
	}, got)
}
