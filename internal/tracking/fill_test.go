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
// modulo people, and every seventh call links that person with the next one.
func callsOf(sizes []byte, people int) (calls []segment.Call) {
	for i, size := range sizes {
		call := segment.Call{JSON: bytes.Repeat([]byte{'x'}, 2+int(size)), UserID: personOf(int(size) % people)}
		if i%7 == 6 {
			call.AnonymousID = personOf((int(size) + 1) % people)
		}
		calls = append(calls, call)
	}
	return calls
}

func personOf(n int) segment.ID { return segment.IDOf(fmt.Append(nil, n)) }

// scheduled returns a scheduler without workers that the calls have entered.
func scheduled(calls []segment.Call) (*scheduler, *Delivery) {
	c := NewClient(Config{ParallelRequests: 1 << 20, Transport: accepting{}})
	c.scheduler.most = 0
	d := &Delivery{client: c, calls: calls, left: len(calls), done: make(chan struct{})}
	d.fill()
	c.scheduler.enter(d)
	return &c.scheduler, d
}

// fills returns what the next request would hold.
func (s *scheduler) fills(src *source, full limits) []*entry {
	if !src.hasReady() {
		return nil
	}
	return s.fill(newHaul(s.client, src), full)
}

func loadOf(calls []*entry) (sum load) {
	for _, e := range calls {
		sum = sum.with(e.Call)
	}
	return sum
}

// FuzzFill checks, for any sizes and limits and any order of answers, that
// requests hold every call once, that none is over its limits, that those side
// by side have no person in common, and that each person is in order.
func FuzzFill(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint16(10), uint8(2), uint8(1), uint8(3))
	f.Add([]byte{0, 0, 0, 0, 255, 0}, uint16(100), uint8(255), uint8(2), uint8(1))
	f.Add(bytes.Repeat([]byte{7, 9, 200, 31, 4, 77}, 100), uint16(400), uint8(40), uint8(8), uint8(50))
	f.Add([]byte{}, uint16(0), uint8(0), uint8(3), uint8(0))
	f.Fuzz(func(t *testing.T, sizes []byte, maxBytes uint16, maxCalls, parallel, people uint8) {
		l := limits{bytes: int(maxBytes), calls: int(maxCalls) + 1}
		calls := callsOf(sizes, int(people)+1)
		if len(calls) == 0 {
			return
		}
		s, d := scheduled(calls)
		src := d.entries[0].source
		var underWay [][]*entry
		last, count := map[segment.ID]int{}, 0
		settleOne := func() {
			n := (count + len(underWay)) * 7 % len(underWay)
			s.settle(underWay[n], nil)
			underWay = append(underWay[:n], underWay[n+1:]...)
		}
		for d.left > 0 {
			request := s.fills(src, l)
			if len(request) == 0 {
				require.NotEmpty(t, underWay, "%d calls wait for nobody", d.left)
				settleOne()
				continue
			}
			if len(request) > 1 {
				require.True(t, loadOf(request).fits(l), "%+v and the limits are %+v", loadOf(request), l)
			}
			mine := map[segment.ID]bool{}
			for _, e := range request {
				count++
				for _, id := range []segment.ID{e.UserID, e.AnonymousID} {
					if id == 0 {
						continue
					}
					mine[id] = true
					before, isKnown := last[id]
					require.True(t, !isKnown || before < e.place, "call %d comes after %d", e.place, before)
					last[id] = e.place
				}
			}
			for _, other := range underWay {
				for _, e := range other {
					require.False(t, mine[e.UserID] || mine[e.AnonymousID], "one person in two requests at a time")
				}
			}
			underWay = append(underWay, request)
			if len(underWay) > int(parallel)%8 {
				settleOne()
			}
		}
		assert.Equal(t, len(calls), count)
		assert.Empty(t, s.lines, "there is no state for what is not under way")
		assert.False(t, src.hasReady())
	})
}

// Calls that all may go leave no room in a request for one more.
func TestARequestHasNoRoomLeft(t *testing.T) {
	sizes := make([]byte, 3000)
	for i := range sizes {
		sizes[i] = byte(i * 31)
	}
	calls := callsOf(sizes, 1)
	for i := range calls {
		calls[i].UserID, calls[i].AnonymousID = personOf(i), 0
	}
	l := limits{bytes: 5000, calls: 40}
	s, d := scheduled(calls)

	var before []*entry
	for place := 0; place < len(calls); place = before[len(before)-1].place + 1 {
		request := s.fills(d.entries[0].source, l)
		require.NotEmpty(t, request)
		require.Equal(t, place, request[0].place, "in the order in which they entered")
		if before != nil {
			require.False(t, loadOf(before).with(request[0].Call).fits(l))
		}
		before = request
	}
}

// A batch of many people takes as many requests side by side as without order,
// and hardly any of them is not full.
func TestRequestsSideBySideAreFull(t *testing.T) {
	sizes := make([]byte, 20_000)
	for i := range sizes {
		sizes[i] = byte(i * 7)
	}
	calls := callsOf(sizes, 251)
	for i := range calls {
		calls[i].UserID, calls[i].AnonymousID = personOf(i%2000), 0
	}
	l := limits{bytes: 100_000, calls: 2500}
	s, d := scheduled(calls)
	total := 0
	for i := range d.entries {
		total += len(d.entries[i].JSON) + 1
	}

	requests, smallest := 0, 1.0
	for request := s.fills(d.entries[0].source, l); len(request) > 0; request = s.fills(d.entries[0].source, l) {
		requests++
		if d.entries[0].source.hasReady() {
			smallest = min(smallest, float64(loadOf(request).bytes)/float64(l.bytes))
		}
	}

	assert.LessOrEqual(t, requests, ceil(total, l.bytes)+1)
	assert.Greater(t, smallest, 0.9)
	assert.Empty(t, blocked(d), "nobody is cut")
}

func blocked(d *Delivery) (places []int) {
	for i := range d.entries {
		if d.entries[i].haul == nil {
			places = append(places, i)
		}
	}
	return places
}

// Two sources whose lines are the same by chance wait for each other, and that
// is all: a request is for one source.
func TestARequestHoldsNoCallOfAnotherSource(t *testing.T) {
	c := NewClient(Config{ParallelRequests: 1, Transport: accepting{}})
	c.scheduler.most = 0
	c.sources.get("a", 0).salt = 7
	c.sources.get("b", 0).salt = 7
	s := &c.scheduler
	d := &Delivery{client: c, left: 3, done: make(chan struct{})}
	for _, key := range []string{"a", "b", "a"} {
		d.calls = append(d.calls, segment.Call{WriteKey: key, UserID: personOf(1)})
	}
	d.fill()
	s.enter(d)
	l := limits{bytes: 100, calls: 10}

	for i, key := range []string{"a", "b", "a"} {
		request := s.fills(d.entries[i].source, l)
		require.Len(t, request, 1)
		assert.Equal(t, key, request[0].WriteKey)
		s.settle(request, nil)
	}
	assert.Zero(t, d.left)
}
