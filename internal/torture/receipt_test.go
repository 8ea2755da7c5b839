package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/plugin/segmenttest"
)

// The product knows by metadata of the inputs when a record came in. Only a
// real broker and a real input show that they say it in that way.
func TestABrokerTellsWhenARecordCameIn(t *testing.T) {
	t.Parallel()
	const behind = 5 * time.Hour
	w := theWorld(t, 1)
	for name, connect := range map[string]ordeal.Connector{"kafka": w.topic, "jetstream": w.stream, "redis": w.entries} {
		t.Run(name, func(t *testing.T) {
			from, err := connect(t.Context(), "receipt-"+name)
			require.NoError(t, err)
			defer from.Close(t.Context())
			before := time.Now()
			// analytics_flutter#60: the clock of the device is five hours behind, and
			// the event happened a minute before it was sent.
			sent := before.Add(-behind)
			require.NoError(t, from.Put(t.Context(), []ordeal.Event{{Payload: fmt.Appendf(nil,
				`{"type":"page","userId":"u","originalTimestamp":%q,"sentAt":%q}`,
				sent.Add(-time.Minute).Format(time.RFC3339Nano), sent.Format(time.RFC3339Nano))}}))
			after := time.Now()
			sb := segmenttest.New(t)
			env := from.Env()
			env["SEGMENT_WRITE_KEY"], env["SEGMENT_ENDPOINT"] = ordeal.WriteKey, sb.URL

			p, err := product.Run(from.Pipeline(), env)
			require.NoError(t, err)
			defer p.Kill()
			calls := sb.Wait(1)

			var call struct{ Timestamp time.Time }
			require.NoError(t, json.Unmarshal(calls[0].Raw, &call))
			// Kafka counts in milliseconds.
			assert.WithinRange(t, call.Timestamp.Add(time.Minute), before.Truncate(time.Millisecond), after)
		})
	}
}
