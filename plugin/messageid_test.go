package plugin_test

import (
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// read makes a message as an input does that read it from a broker.
func read(payload string, metadata map[string]any) *service.Message {
	msg := service.NewMessage([]byte(payload))
	for key, value := range metadata {
		msg.MetaSetMut(key, value)
	}
	return msg
}

// records are messages without an id or a time of their own, all different in
// where they were read alone.
func records() (batch service.MessageBatch) {
	const event = `{"type":"track","event":"Clicked","userId":"u"}`
	for _, topic := range []string{"web", "app"} {
		for partition := range 2 {
			for offset := range 3 {
				batch = append(batch, read(event, map[string]any{
					"kafka_topic": topic, "kafka_partition": partition, "kafka_offset": offset,
				}))
			}
		}
	}
	for sequence := range 3 {
		batch = append(
			batch,
			read(event, map[string]any{"nats_subject": "events", "nats_sequence_stream": strconv.Itoa(sequence)}),
			read(event, map[string]any{"redis_stream": "1700000000000-" + strconv.Itoa(sequence)}),
		)
	}
	// Several calls of one record, and several records of one that was parted.
	return append(
		batch,
		read("["+event+","+event+"]", map[string]any{"kafka_topic": "web", "kafka_partition": 9, "kafka_offset": 1}),
		read(event, map[string]any{"kafka_topic": "web", "kafka_partition": 9, "kafka_offset": 2}),
		read(`{"type":"track","event":"Paid","userId":"u"}`, map[string]any{"kafka_topic": "web", "kafka_partition": 9, "kafka_offset": 2}),
	)
}

const recordCalls = 2*2*3 + 2*3 + 2 + 2

func idsOf(calls []segmenttest.Call) (ids []string) {
	for _, call := range calls {
		ids = append(ids, call.MessageID)
	}
	return ids
}

func unique(ids []string) map[string]bool {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// Events of files have no broker that names them. What reads them can.
func TestTheMetadataOfAPlaceMakesTheID(t *testing.T) {
	const event = `{"type":"track","event":"Clicked","userId":"u"}`
	sb := segmenttest.New(t)
	for range 2 {
		start(t, segmentOutput(sb.URL)).accept(service.MessageBatch{
			read(event, map[string]any{"segment_place": "events.ndjson:1"}),
			read(event, map[string]any{"segment_place": "events.ndjson:2"}),
		})
	}
	ids := idsOf(sb.Calls())
	require.Len(t, ids, 4)
	assert.Len(t, unique(ids), 2)
	assert.Equal(t, ids[:2], ids[2:])
}

func TestARecordThatIsReadAgainHasTheSameID(t *testing.T) {
	sb := segmenttest.New(t)
	for range 2 {
		start(t, segmentOutput(sb.URL)).accept(records())
	}
	ids := idsOf(sb.Calls())
	require.Len(t, ids, 2*recordCalls)
	assert.Len(t, unique(ids), recordCalls, "no two records share an id")
	assert.Equal(t, ids[:recordCalls], ids[recordCalls:])
}

const endpointVariable = "SEGMENT_TEST_ENDPOINT"

// TestInAnotherProcess is what TestARecordHasTheSameIDInEveryProcess runs.
func TestInAnotherProcess(t *testing.T) {
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		t.Skip("another test runs this one")
	}
	start(t, segmentOutput(endpoint)).accept(records())
}

func TestARecordHasTheSameIDInEveryProcess(t *testing.T) {
	sb := segmenttest.New(t)
	for range 2 {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInAnotherProcess$")
		again.Env = append(os.Environ(), endpointVariable+"="+sb.URL)
		said, err := again.CombinedOutput()
		require.NoError(t, err, string(said))
	}
	assert.Equal(t, sandboxTotals{accepted: 2 * recordCalls, duplicates: recordCalls}, totalsOf(sb))
}

func TestIDsAreAlsoThoseOfTheWriteKey(t *testing.T) {
	sb := segmenttest.New(t)
	for _, key := range []string{"first", "second"} {
		start(t, segmentOutput(sb.URL, fields{"write_key": key})).accept(records())
	}
	assert.Len(t, unique(idsOf(sb.Calls())), 2*recordCalls, "Segment removes duplicates across sources")
}

func TestTheConfiguredIDGoesFirst(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL, fields{"message_id": `${! json("properties.id") }`}))
	p.accept(events(
		`{"type":"track","event":"E","userId":"u","messageId":"own","properties":{"id":"configured"}}`,
		`{"type":"track","event":"E","userId":"u","messageId":"own","properties":{"id":null}}`,
		`{"type":"track","event":"E","userId":"u","messageId":"other"}`,
		`{"type":"track","event":"E","userId":"u","messageId":"","properties":{"id":""},"timestamp":"2026-01-02T03:04:05Z"}`,
	))
	ids := idsOf(sb.Calls())
	require.Len(t, ids, 4)
	assert.Equal(t, []string{"configured", "own", "other"}, ids[:3])
	assert.Regexp(t, "^[0-9a-f]{8}-[0-9a-f]{4}-8", ids[3], "derived from the content")
}

func TestWithoutAnythingToGoByAnIDIsNew(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	const event = `{"type":"track","event":"E","userId":"u"}`
	p.accept(events(event, event))
	ids := idsOf(sb.Calls())
	assert.Len(t, unique(ids), 2)
	for _, id := range ids {
		assert.Regexp(t, "^[0-9a-f]{8}-[0-9a-f]{4}-7", id, "a UUID of version 7")
	}
}
