package slots_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"benthos-segment/internal/tracking/internal/slots"
)

const (
	most   = 64
	answer = 100 * time.Millisecond
)

// server takes so many requests at a time, and fails all above.
type server struct {
	takes            int
	mu               sync.Mutex
	underWay         int
	accepted, failed int
}

// send sends requests for some time, as many as there are slots for.
func (s *server) send(t *testing.T, of *slots.Slots, lasts time.Duration) {
	t.Helper()
	var sent sync.WaitGroup
	end := time.Now().Add(lasts)
	for range most {
		sent.Go(func() {
			for time.Now().Before(end) {
				if !assert.True(t, of.Take(t.Context())) {
					return
				}
				isTaken := s.enter()
				time.Sleep(answer)
				s.leave(isTaken)
				of.Learn(answer, !isTaken)
				of.Free()
			}
		})
	}
	sent.Wait()
}

func (s *server) enter() (isTaken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay++
	return s.underWay <= s.takes
}

func (s *server) leave(isTaken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay--
	if isTaken {
		s.accepted++
	} else {
		s.failed++
	}
}

func TestALimitFollowsWhatTheServerTakes(t *testing.T) {
	for name, test := range map[string]struct {
		takes       int
		least, most int
		// failing is how much of all may fail.
		failing float64
	}{
		"all":     {takes: most, least: most, most: most},
		"half":    {takes: 32, least: 15, most: 37, failing: 0.2},
		"a few":   {takes: 4, least: 2, most: 6, failing: 0.4},
		"nothing": {takes: 0, least: 1, most: 1, failing: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := slots.New(most)
				assert.Equal(t, most, of.Limit(), "it begins at the top")
				s := &server{takes: test.takes}
				s.send(t, of, 10*time.Second)
				s.accepted, s.failed = 0, 0

				s.send(t, of, 10*time.Second)

				assert.GreaterOrEqual(t, of.Limit(), test.least)
				assert.LessOrEqual(t, of.Limit(), test.most)
				assert.LessOrEqual(t, float64(s.failed)/float64(s.accepted+s.failed), test.failing)
				assert.Zero(t, of.Taken())

				s.takes = most
				s.send(t, of, 10*time.Second)
				assert.Equal(t, most, of.Limit(), "and comes back there")
			})
		})
	}
}

// What fails together counts once: all of it was sent under one limit.
func TestTheLimitIsHalvedOnceInTheTimeOfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := slots.New(most)
		of.Learn(answer, false)
		time.Sleep(2 * answer)
		for range most {
			of.Learn(answer, true)
		}
		assert.Equal(t, most/2, of.Limit())
		time.Sleep(answer / 2)
		of.Learn(answer, true)
		assert.Equal(t, most/2, of.Limit(), "that was sent before")
		time.Sleep(2 * answer)
		of.Learn(answer, true)
		assert.Equal(t, most/4, of.Limit())
	})
}

func TestWhatIsNotUsedDoesNotGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := slots.New(most)
		of.Learn(answer, true)
		for range 100 {
			time.Sleep(answer)
			require.True(t, of.Take(t.Context()))
			of.Learn(answer, false)
			of.Free()
		}
		assert.Equal(t, most/2, of.Limit(), "one at a time says nothing about more")
	})
}

func TestNobodyWaitsForASlotAfterItsContext(t *testing.T) {
	of := slots.New(1)
	require.True(t, of.Take(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.False(t, of.Take(ctx))
	of.Free()
	assert.Zero(t, of.Taken())
}

// Whatever is taken, freed and learned: no more are taken than the limit that
// held when each was, and none gets lost.
func TestRandomSlots(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.IntRange(1, 20).Draw(rt, "most")
		of, taken, highest := slots.New(most), 0, most
		rt.Repeat(map[string]func(*rapid.T){
			"take": func(rt *rapid.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				// Which of the two a select takes is up to chance.
				if of.Take(ctx) {
					taken++
					assert.LessOrEqual(rt, taken, highest)
				}
			},
			"free": func(*rapid.T) {
				if taken > 0 {
					of.Free()
					taken--
				}
			},
			"learn": func(rt *rapid.T) { of.Learn(0, rapid.Bool().Draw(rt, "has failed")) },
			"": func(rt *rapid.T) {
				assert.Equal(rt, taken, of.Taken())
				assert.GreaterOrEqual(rt, of.Limit(), 1)
				assert.LessOrEqual(rt, of.Limit(), most)
				// A lower limit holds for those that are taken from now on.
				highest = max(of.Limit(), taken)
			},
		})
	})
}
