package scaling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// spread is a lag of so many events over so many partitions.
func spread(lag, partitions int) []int {
	lags := make([]int, 40)
	for p := range partitions {
		lags[p] = lag / partitions
	}
	return lags
}

func TestTheLagSaysHowManyProcessesThereAreToBe(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		lags []int
		want int
	}{
		"no lag leaves the fewest":                       {size: 1, lags: spread(0, 1), want: 1},
		"one more for what one too many is":              {size: 1, lags: spread(320, 40), want: 2},
		"at most doubled, or four more":                  {size: 1, lags: spread(2000, 40), want: 5},
		"the next look doubles":                          {size: 5, lags: spread(2000, 40), want: 10},
		"never more than the most":                       {size: 8, lags: spread(40_000, 40), want: 10},
		"no more than partitions with lag":               {size: 1, lags: spread(2000, 2), want: 2},
		"a tenth more is as good as none: keda#4791":     {size: 9, lags: spread(1960, 40), want: 9},
		"more than a tenth is not":                       {size: 9, lags: spread(2000, 40), want: 10},
		"commits ahead of what is known are no lag":      {size: 1, lags: []int{-5}, want: 1},
		"few events in many partitions ask for nobody":   {size: 1, lags: spread(40, 40), want: 1},
		"less asked for leaves all, for as long as idle": {size: 6, lags: spread(1200, 40), want: 6},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Scaler{LagOfOne: 200, Min: 1, Max: 10, Idle: time.Minute}
			assert.Equal(t, c.want, s.Size(time.Now(), c.size, c.lags))
		})
	}
}

func TestProcessesGoOnlyWhenTheyWereNotNeededForLong(t *testing.T) {
	s := &Scaler{LagOfOne: 200, Min: 1, Max: 10, Idle: time.Minute}
	at := time.Now()
	look := func(after time.Duration, size, lag int) int {
		at = at.Add(after)
		return s.Size(at, size, spread(lag, 40))
	}
	assert.Equal(t, 5, look(0, 1, 2000))
	assert.Equal(t, 10, look(15*time.Second, 5, 2000))
	assert.Equal(t, 10, look(15*time.Second, 10, 0))
	assert.Equal(t, 10, look(40*time.Second, 10, 600), "ten were asked for within the minute")
	assert.Equal(t, 3, look(15*time.Second, 10, 0), "three were")
	assert.Equal(t, 3, look(40*time.Second, 3, 0))
	assert.Equal(t, 1, look(15*time.Second, 3, 0))
	assert.Equal(t, 1, look(time.Hour, 1, 0))
}
