package tracking

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

func accepted(size int, calls ...string) *parcel {
	p := &parcel{}
	for _, text := range calls {
		p.calls = append(p.calls, &entry{Call: &segment.Call{JSON: bytes.Repeat([]byte(text), size)}})
	}
	return p
}

func TestASampleIsTheCallThatWasAcceptedLast(t *testing.T) {
	var s samples
	assert.Nil(t, s.parcel("key"))
	buffer := accepted(1, "a", "b", "c")
	s.keep("key", buffer)
	// The buffer of a batch is used again.
	buffer.calls[2].JSON[0] = 'x'
	assert.Equal(t, "c", string(s.parcel("key").calls[0].JSON))

	s.keep("other", accepted(1, "z"))
	s.keep("key", accepted(2, "d"))

	assert.Equal(t, "dd", string(s.parcel("key").calls[0].JSON))
	assert.Equal(t, "z", string(s.parcel("other").calls[0].JSON))
	assert.True(t, s.parcel("key").isSample)
}

func TestASampleThatIsAcceptedIsKeptAsItIs(t *testing.T) {
	var s samples
	s.keep("key", accepted(1, "a"))
	s.keep("key", s.parcel("key"))

	assert.Equal(t, "a", string(s.parcel("key").calls[0].JSON))
}

// Many write keys, and large calls, take no more than so much memory.
func TestSamplesAreBounded(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "as large as Segment takes": 32 << 10, "larger": 1 << 20, "too large": maxSampleBytes + 1} {
		t.Run(name, func(t *testing.T) {
			var s samples
			p := accepted(size, "a")
			for i := range min(3*maxSamples, 3*maxSampleBytes/size+1) {
				s.keep(fmt.Sprint(i), p)
				require.LessOrEqual(t, s.bytes, maxSampleBytes)
				require.LessOrEqual(t, len(s.byKey), maxSamples)
				require.Equal(t, len(s.byKey), s.order.Len())
				if size <= maxSampleBytes {
					require.True(t, s.has(fmt.Sprint(i)))
				}
			}
			held := 0
			for _, e := range s.byKey {
				held += cap(e.Value.(*sample).call)
			}
			assert.Equal(t, held, s.bytes)
			if size == 100 {
				assert.False(t, s.has(fmt.Sprint(2*maxSamples-1)), "the one that was accepted longest ago goes first")
				assert.True(t, s.has(fmt.Sprint(2*maxSamples)))
			}
		})
	}
}

func TestKeepingASampleAllocatesNothing(t *testing.T) {
	var s samples
	p := accepted(1000, "a", "b")
	s.keep("key", p)

	assert.Zero(t, testing.AllocsPerRun(100, func() { s.keep("key", p) }))
}
