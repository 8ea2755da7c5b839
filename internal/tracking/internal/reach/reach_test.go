package reach

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	full    = 480_000
	timeout = 15 * time.Second
)

// timesOut sends a request that is not answered.
func timesOut(r *Reach, bytes int) {
	sent := time.Now()
	time.Sleep(timeout)
	r.TimedOut(bytes, sent)
	time.Sleep(time.Second)
}

func getThrough(r *Reach, bytes, times int) {
	for range times {
		r.GotThrough(bytes, full)
	}
}

// at returns what is bounded to some bytes, which have got through.
func at(bytes int) *Reach { return &Reach{bytes: bytes, proven: bytes} }

func TestASizeIsHalvedWhenItIsToBlame(t *testing.T) {
	for name, test := range map[string]struct {
		from *Reach
		meet func(r *Reach)
		want int
	}{
		"two time-outs": {&Reach{}, func(r *Reach) { timesOut(r, full); timesOut(r, full) }, full},
		"three":         {&Reach{}, func(r *Reach) { timesOut(r, full); timesOut(r, full); timesOut(r, full) }, full / 2},
		"five": {&Reach{}, func(r *Reach) {
			for range 5 {
				timesOut(r, r.Limit(full))
			}
		}, full / 8},
		"many side by side, twice": {&Reach{}, func(r *Reach) {
			for range 2 {
				sent := time.Now()
				time.Sleep(timeout)
				for range 64 {
					r.TimedOut(full, sent)
				}
				time.Sleep(time.Second)
			}
		}, full},
		"three, and one that got through between": {&Reach{}, func(r *Reach) {
			timesOut(r, full)
			timesOut(r, full)
			r.GotThrough(full, full)
			timesOut(r, full)
		}, full},
		"three, and small ones that got through between": {&Reach{}, func(r *Reach) {
			for range 3 {
				timesOut(r, full)
				r.GotThrough(1000, full)
			}
		}, full / 2},
		"a size that never got through": {at(1000), func(r *Reach) {
			getThrough(r, 1000, enoughAnswers)
			timesOut(r, 2000)
		}, 1000},
		"a size that got through before":              {at(8000), func(r *Reach) { timesOut(r, 8000); timesOut(r, 8000) }, 8000},
		"a size that got through before, and no more": {at(8000), func(r *Reach) { timesOut(r, 8000); timesOut(r, 8000); timesOut(r, 8000) }, 4000},
		"a size that got through after it grew": {at(1000), func(r *Reach) {
			getThrough(r, 1000, enoughAnswers)
			getThrough(r, 2000, 1)
			timesOut(r, 2000)
		}, 4000},
		"a size that got through before requests shrank": {at(8000), func(r *Reach) {
			timesOut(r, 8000)
			timesOut(r, 8000)
			timesOut(r, 8000)
			getThrough(r, 4000, enoughAnswers)
			timesOut(r, 8000)
		}, 4000},
		"a size that gets through since requests shrank": {at(8000), func(r *Reach) {
			timesOut(r, 8000)
			timesOut(r, 8000)
			timesOut(r, 8000)
			getThrough(r, 4000, 1)
			timesOut(r, 4000)
		}, 4000},
		"a large one that was sent before it was known": {at(1000), func(r *Reach) { timesOut(r, full) }, 1000},
		"enough answers": {at(1000), func(r *Reach) {
			getThrough(r, 1000, enoughAnswers-1)
			assert.Equal(t, 1000, r.Limit(full))
			getThrough(r, 1000, 1)
		}, 2000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.meet(test.from)

				assert.Equal(t, test.want, test.from.Limit(full))
			})
		})
	}
}

// One of three servers hangs, and chance says which one gets a request. The size
// is not to blame.
func TestASizeGrowsWhileOneServerOfThreeHangs(t *testing.T) {
	const call, most = 1000, 1000
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, seed))
			r, requests := at(call), 0
			for ; r.Limit(full) < full && requests < most; requests++ {
				size := max(r.Limit(full), call)
				switch isHanging := chance.IntN(3) == 0; {
				case !isHanging:
					r.GotThrough(size, full)
				case size > call:
					timesOut(r, size)
				}
			}
			assert.Less(t, requests, most, "seed %d", seed)
		})
	}
}
