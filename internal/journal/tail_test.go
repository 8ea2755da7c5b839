package journal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAReaderWhoKeepsUpReadsNothingFromTheDisk(t *testing.T) {
	j := opening(t, Config{})
	// A disk that gives nothing back.
	j.engine.reading.Lock()
	defer j.engine.reading.Unlock()
	for i := range 3 {
		mustWrite(t, j, numbered(2*i, 2*i+2)...)
		h := mustRead(t, j)
		assert.Equal(t, numbered(2*i, 2*i+2), contents(h))
		h.Settle(nil)
	}
}

func TestWhatAWriterDoesWithItsMemoryLaterChangesNothing(t *testing.T) {
	j := opening(t, Config{})
	content, list := []byte("a"), []any{"a", map[string]any{"n": 1}}
	acked := make(chan error, 1)
	require.NoError(t, j.Write(t.Context(), []Event{
		{Content: content, Metadata: []Field{{"list", list}, {"text", "t"}}},
	}, func(err error) { acked <- err }))
	require.NoError(t, <-acked)
	content[0], list[0] = 'b', "b"
	list[1].(map[string]any)["n"] = 2

	h := mustRead(t, j)
	assert.Equal(t, []Event{{
		Content:  []byte("a"),
		Metadata: []Field{{"list", []any{"a", map[string]any{"n": 1}}}, {"text", "t"}},
	}}, h.Events)
}

func TestTheTailInMemoryIsBounded(t *testing.T) {
	for name, write := range map[string]struct{ events, batch int }{
		"many writes":  {600, 20},
		"a large one":  {400, 400},
		"one of a few": {10, 1},
	} {
		t.Run(name, func(t *testing.T) {
			j := opening(t, Config{tailBytes: 1 << 20})
			var want []string
			for len(want) < write.events {
				var batch []string
				for range write.batch {
					batch = append(batch, numbered(len(want), len(want)+1)[0]+strings.Repeat("x", 10_000))
					want = append(want, batch[len(batch)-1])
				}
				mustWrite(t, j, batch...)
				j.mu.Lock()
				assert.LessOrEqual(t, j.tail.room, 1<<20)
				j.mu.Unlock()
			}
			assert.Equal(t, want, drain(t, j), "the rest is on the disk")
			j.mu.Lock()
			defer j.mu.Unlock()
			assert.Zero(t, j.tail.room, "what was handed out is not held")
		})
	}
}

func TestTheTailHasNoGaps(t *testing.T) {
	keep := func(numbers ...uint64) (list []kept) {
		for _, n := range numbers {
			list = append(list, kept{item: item{seq: n}})
		}
		return list
	}
	memory := tail{most: 4 * keptRoom}
	memory.add(keep(5, 6))
	memory.add(nil)
	assert.Equal(t, keep(5, 6), memory.from(5, 100, 10, 10))
	// The engine failed with 7 and 8, which it had written all the same.
	memory.add(keep(9, 10))
	assert.Empty(t, memory.from(5, 100, 10, 10), "6 is not followed by 9")
	assert.Empty(t, memory.from(8, 100, 10, 10))
	assert.Equal(t, keep(9), memory.from(9, 10, 10, 10), "up to what was settled meanwhile")
	assert.Equal(t, keep(10), memory.from(10, 100, 10, 10))
	assert.Empty(t, memory.from(11, 100, 10, 10))
	assert.Zero(t, memory.room)
}
