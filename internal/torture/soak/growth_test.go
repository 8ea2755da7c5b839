package soak

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

// course makes what is seen in an hour: a level with a wave of three days,
// growth, and noise of which each value has much of the one before.
func course(rng *rand.Rand, level, perHour, noise float64) (hours, values []float64) {
	last := 0.0
	for i := range 360 {
		at := float64(i) / 360
		last = 0.8*last + noise*rng.NormFloat64()
		hours = append(hours, at)
		values = append(values, level*(1+0.3*math.Cos(2*math.Pi*3*at))+perHour*at+last)
	}
	return hours, values
}

func TestTheGrowthIsWithinItsMargin(t *testing.T) {
	const soaks = 500
	for _, perHour := range []float64{0, 10} {
		rng := rand.New(rand.NewPCG(1, uint64(perHour)))
		within := 0
		for range soaks {
			hours, values := course(rng, 100, perHour, 1)
			g := growthOf(hours, values, 1.0/3)
			if math.Abs(g.slope-perHour) <= g.margin {
				within++
			}
		}
		assert.Greater(t, within, soaks*94/100)
	}
}

func TestWhatGrowsIsFoundAndWhatDoesNotIsFlat(t *testing.T) {
	for name, test := range map[string]struct {
		perHour, noise float64
		sightings      int
		want           verdict
	}{
		"level":           {0, 1, 360, flat},
		"a leak":          {20, 1, 360, grows},
		"shrinks":         {-20, 1, 360, flat},
		"a few minutes":   {0, 3, 30, unsure},
		"hardly anything": {0, 1, 5, unsure},
	} {
		t.Run(name, func(t *testing.T) {
			hours, values := course(rand.New(rand.NewPCG(1, 1)), 100, test.perHour, test.noise)
			g := growthOf(hours[:test.sightings], values[:test.sightings], 1.0/3)
			assert.Equal(t, test.want, g.verdict(100), "%+v", g)
		})
	}
}

func TestAReportSaysByHowMuchWhatIsKeptGrows(t *testing.T) {
	var seen []sighting
	for at := time.Duration(0); at <= time.Hour; at += 10 * time.Second {
		// It starts large, is larger in an outage, and else grows by a tenth of what
		// it is.
		s := sighting{at: at, settled: at < 30*time.Minute || at > 32*time.Minute, values: map[string]float64{
			"process_resident_memory_bytes": 100e6 * (1 + 0.1*at.Hours()), "go_goroutines": 50, "process_open_fds": 30,
		}}
		if at < 3*time.Minute {
			s.values["process_resident_memory_bytes"] = 1e9
		}
		if !s.settled {
			s.values["go_goroutines"] = 70
		}
		seen = append(seen, s)
	}

	growing, table := tableOf(seen, time.Hour)

	assert.Equal(t, []string{"process_resident_memory_bytes"}, growing)
	assert.Regexp(t, `process_resident_memory_bytes +1010\d{5} +105\d{6} +110000000 .* \+9\.5 % ± 0\.0 % +GROWS`, table)
	assert.Regexp(t, `go_goroutines +50 +50 +50 +70 +\+0\.0 % ± 0\.0 % +flat`, table)
}

func TestAReportSaysThatTheMachineIsTooSlow(t *testing.T) {
	var seen []sighting
	for at := time.Duration(0); at <= time.Hour; at += 10 * time.Second {
		seen = append(seen, sighting{at: at, settled: at < 20*time.Minute, values: map[string]float64{}})
	}

	_, table := tableOf(seen, time.Hour)

	assert.Contains(t, table, "this machine is too slow for the traffic")
}

func TestALedgerTellsWhatWasLostDoubledAndOutOfOrder(t *testing.T) {
	l := newLedger(2)
	for range 4 {
		l.next(1)
	}
	arrive := func(seq int) { l.accept(stepOf(1, seq), idOf(stepOf(1, seq))) }
	arrive(0)
	arrive(0)
	assert.EqualValues(t, 3, l.backlog())
	assert.ErrorContains(t, l.fault(), "3 did not arrive")
	arrive(1)
	arrive(2)
	arrive(3)
	require.NoError(t, l.fault())
	assert.EqualValues(t, 1, l.resent)

	l.next(0)
	l.next(0)
	l.accept(stepOf(0, 1), idOf(stepOf(0, 1)))
	assert.ErrorContains(t, l.fault(), "1 were lost or overtaken")
	l = newLedger(1)
	l.next(0)
	l.accept(stepOf(0, 0), "another")
	assert.ErrorContains(t, l.fault(), "1 have another id")
	l.accept(stepOf(0, 7), "soak-0-7")
	l.accept(stepOf(7, 0), "soak-7-0")
	assert.ErrorContains(t, l.fault(), "2 were never sent")
}

func TestTrafficHasDaysAndBursts(t *testing.T) {
	c := newCurve(1000, time.Hour, rand.New(rand.NewPCG(1, 1)))
	sum, least, most := 0.0, math.Inf(1), 0.0
	for at := time.Duration(0); at < time.Hour; at += time.Second {
		rate := c.rate(at)
		sum, least, most = sum+rate, min(least, rate), max(most, rate)
	}

	assert.InDelta(t, 1000, sum/3600, 200, "the mean, and the bursts")
	assert.InDelta(t, 300, least, 1, "the night")
	assert.Greater(t, most, 2000.0, "a burst")
	assert.InDelta(t, c.rate(time.Minute), c.rate(21*time.Minute), 1e-6, "the same the next day")
}

func stepOf(person, seq int) ordeal.Step { return ordeal.Step{Person: person, Seq: seq} }
