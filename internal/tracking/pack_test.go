package tracking

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// callsOf makes calls of the given sizes; the person of a call is its size
// modulo people.
func callsOf(sizes []byte, people int) (calls []segment.Call, indexes []int) {
	for i, size := range sizes {
		calls = append(calls, segment.Call{
			JSON:   bytes.Repeat([]byte{'x'}, 2+int(size)),
			UserID: personOf(int(size) % people),
		})
		indexes = append(indexes, i)
	}
	return calls, indexes
}

func personOf(n int) segment.ID { return segment.IDOf(fmt.Append(nil, n)) }

// FuzzPack checks, for any sizes and limits, that requests hold every call
// once and in order, that none is over its limits, and that no two neighbours
// would have fit into one.
func FuzzPack(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint16(10), uint8(2))
	f.Add([]byte{0, 0, 0, 0, 255, 0}, uint16(100), uint8(255))
	f.Add(bytes.Repeat([]byte{7}, 300), uint16(400), uint8(40))
	f.Add([]byte{}, uint16(0), uint8(0))
	f.Fuzz(func(t *testing.T, sizes []byte, maxBytes uint16, maxCalls uint8) {
		l := limits{bytes: int(maxBytes), calls: int(maxCalls) + 1}
		calls, indexes := callsOf(sizes, 1)

		requests := l.pack(calls, indexes)

		var joined []int
		for i, request := range requests {
			joined = append(joined, request...)
			size := loadOf(calls, request)
			if len(request) > 1 {
				assert.True(t, size.fits(l), "request %d has %+v and the limits are %+v", i, size, l)
			}
			if i > 0 {
				before := loadOf(calls, requests[i-1])
				assert.False(t, before.plus(loadOf(calls, request[:1])).fits(l), "request %d has room", i-1)
			}
		}
		assert.Equal(t, len(indexes), len(joined))
		for i := range joined {
			require.Equal(t, indexes[i], joined[i])
		}
	})
}

// FuzzLanes checks that lanes hold every call once, that the calls of one
// person are in one lane and in their order, and that lanes do not take many
// more requests than one long list would.
func FuzzLanes(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint16(30), uint8(2), uint8(3))
	f.Add(bytes.Repeat([]byte{7, 9, 200, 31}, 300), uint16(4000), uint8(8), uint8(50))
	f.Add(bytes.Repeat([]byte{7}, 300), uint16(400), uint8(4), uint8(1))
	f.Fuzz(func(t *testing.T, sizes []byte, maxBytes uint16, parallel, people uint8) {
		l := limits{bytes: int(maxBytes) + 300, calls: 2500}
		calls, indexes := callsOf(sizes, int(people)+1)

		lanes := l.lanes(calls, indexes, int(parallel)+1, newPeople())

		laneOf, count := map[segment.ID]int{}, 0
		for n, lane := range lanes {
			last := -1
			for _, i := range lane {
				require.Greater(t, i, last)
				last = i
				count++
				person := calls[i].UserID
				if before, known := laneOf[person]; known {
					require.Equal(t, before, n, "one person in two lanes")
				}
				laneOf[person] = n
			}
		}
		assert.Equal(t, len(calls), count)
	})
}

// A batch of many people takes as many requests with lanes as without, but
// for the last of each lane, and each lane its share.
func TestLanesAreFilledToWholeRequests(t *testing.T) {
	sizes := make([]byte, 20_000)
	for i := range sizes {
		sizes[i] = byte(i * 7)
	}
	calls, indexes := callsOf(sizes, 251)
	for i := range calls {
		calls[i].UserID = personOf(i % 2000)
	}
	l := limits{bytes: 100_000, calls: 2500}
	without := len(l.pack(calls, indexes))
	for _, parallel := range []int{2, 4, 8, 16, 100} {
		requests, smallest := 0, 1.0
		for _, lane := range l.lanes(calls, indexes, parallel, newPeople()) {
			for _, request := range l.pack(calls, lane) {
				requests++
				smallest = min(smallest, float64(loadOf(calls, request).bytes)/float64(l.bytes))
			}
		}
		assert.LessOrEqual(t, requests, without+1, "%d side by side", parallel)
		t.Logf("%d side by side: %d requests, %d without lanes, the smallest %.0f %% full", parallel, requests, without, 100*smallest)
	}
}
