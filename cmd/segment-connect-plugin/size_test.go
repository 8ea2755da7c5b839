package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// grpcsDefault is what gRPC takes in one message, unless its server says more.
const grpcsDefault = 4 << 20

// track is an event of some size.
func track(event string, size int) string {
	return fmt.Sprintf(`{"type":"track","event":"%s","userId":"u","messageId":"%[1]s","properties":{"text":"%s"}}`, event, strings.Repeat("x", size))
}

// hashicorp/terraform-plugin-go#106: what is larger than gRPC's default is refused
// before a plugin sees it. Redpanda Connect sends a batch that was gathered before
// whole, whatever byte_size is, adds the event that reaches beyond byte_size, and does
// not count metadata. All of these were refused, and sent again for ever.
func TestABatchMayBeLargerThanGRPCsDefault(t *testing.T) {
	env := install(t)
	var many []string
	for n := range 300 {
		many = append(many, track(fmt.Sprintf("E%d", n), 20_000))
	}
	withMetadata := batchOf(track("A", 10), track("B", 10))
	for _, msg := range withMetadata {
		msg.MetaSetMut("header", strings.Repeat("m", grpcsDefault/2))
	}
	for name, test := range map[string]struct {
		batch         service.MessageBatch
		sent, letters int
	}{
		"many events that were gathered before": {batch: batchOf(many...), sent: len(many)},
		"a large last event":                    {batch: batchOf(append(many[:149:149], track("Last", 1_250_000))...), sent: 149, letters: 1},
		"one event that is larger":              {batch: batchOf(track("Large", grpcsDefault+1), track("Small", 10)), sent: 1, letters: 1},
		"metadata":                              {batch: withMetadata, sent: 2},
	} {
		t.Run(name, func(t *testing.T) {
			sb, path := segmenttest.New(t), filepath.Join(t.TempDir(), "letters.ndjson")
			send := pipeline(t, env, map[string]any{
				"write_key": "k", "endpoint": sb.URL,
				"dead_letter": map[string]any{"file": map[string]any{"path": path, "codec": "lines"}},
			})
			require.NoError(t, send(t.Context(), test.batch))

			assert.Len(t, sb.Calls(), test.sent)
			written, err := os.ReadFile(path)
			if test.letters == 0 {
				assert.ErrorIs(t, err, os.ErrNotExist)
				return
			}
			require.NoError(t, err)
			lines := bytes.Split(bytes.TrimSpace(written), []byte("\n"))
			require.Len(t, lines, test.letters)
			var letter struct {
				Reason string `json:"reason"`
			}
			require.NoError(t, json.Unmarshal(lines[0], &letter))
			assert.Equal(t, "oversized_call", letter.Reason)
		})
	}
}
