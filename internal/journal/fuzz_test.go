package journal

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func everything() Event {
	return Event{
		Content: []byte("content\x00\xff"),
		Failure: "what was wrong",
		Metadata: []Field{
			{"nil", nil},
			{"yes", true},
			{"no", false},
			{"int", -5},
			{"int8", int8(-8)},
			{"int16", int16(-16)},
			{"int32", int32(-32)},
			{"int64", int64(math.MinInt64)},
			{"uint", uint(5)},
			{"uint8", uint8(8)},
			{"uint16", uint16(16)},
			{"uint32", uint32(32)},
			{"uint64", uint64(math.MaxUint64)},
			{"float32", float32(0.1)},
			{"float64", math.Inf(-1)},
			{"text", "ü"},
			{"empty", ""},
			{"bytes", []byte{0, 1}},
			{"number", json.Number("0.10")},
			{"time", time.Date(2026, 3, 14, 9, 0, 0, 1, time.UTC)},
			{"list", []any{int64(1), "a", []any{}, map[string]any{"b": nil}}},
			{"object", map[string]any{"a": map[string]any{}, "b": []byte{}}},
		},
	}
}

func TestARecordKeepsTypes(t *testing.T) {
	s := stamp{kind: kindEvent, epoch: 3, seq: 1 << 40, settled: 7, offset: 1 << 50, at: time.UnixMicro(1_700_000_000_000_001)}
	e := everything()
	record, err := appendEvent([]byte("before"), s, &e)
	require.NoError(t, err)
	got, payload, size, err := readRecord(record[len("before"):])
	require.NoError(t, err)
	assert.Equal(t, s, got)
	assert.Equal(t, len(record)-len("before"), size)
	back, err := decodeEvent(payload)
	require.NoError(t, err)
	assert.Equal(t, e, back)
}

func TestEveryFlippedBitOfARecordIsSeen(t *testing.T) {
	e := everything()
	record, err := appendEvent(nil, stamp{}, &e)
	require.NoError(t, err)
	for i := range record {
		for bit := range 8 {
			record[i] ^= 1 << bit
			_, _, _, err := readRecord(record)
			require.Error(t, err, "byte %d bit %d", i, bit)
			record[i] ^= 1 << bit
		}
	}
}

func FuzzRecord(f *testing.F) {
	e := everything()
	record, err := appendEvent(nil, stamp{seq: 5}, &e)
	require.NoError(f, err)
	f.Add(record)
	f.Add(record[headerBytes+stampBytes:])
	l := ledger{settled: 3, runs: []span{{5, 6, 50, 60}}, end: 9, endOffset: 90}
	f.Add(l.appendState(nil, stamp{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = eachRecord(data, func(s stamp, payload, _ []byte) error {
			_, _ = readState(s, payload)
			return nil
		})
		content, complete, _ := unchunk(data, 5)
		require.LessOrEqual(t, complete, len(content))
		got, err := decodeEvent(data)
		if err != nil {
			return
		}
		// What can be read can be written, and read again.
		again, err := appendEvent(nil, stamp{}, &got)
		require.NoError(t, err)
		_, payload, _, err := readRecord(again)
		require.NoError(t, err)
		same, err := decodeEvent(payload)
		require.NoError(t, err)
		require.Equal(t, len(got.Metadata), len(same.Metadata))
		require.Equal(t, got.Content, same.Content)
	})
}
