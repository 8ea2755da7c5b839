package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestASoakSaysByHowMuchWhatIsKeptGrows(t *testing.T) {
	began := time.Now()
	var seen []sighting
	for at := time.Duration(0); at <= time.Hour; at += soakPause {
		// It starts large, and goes on to grow by a tenth in an hour.
		size := 100e6 * (1 + 0.1*at.Hours())
		if at < soakStart {
			size = 1e9
		}
		seen = append(seen, sighting{began.Add(at), map[string]float64{
			"process_resident_memory_bytes": size, "go_goroutines": 50, "segment_calls_sent": 5000 * at.Seconds(),
		}})
	}

	said := growthOf(seen)

	assert.Contains(t, said, "1h0m0s, 18000000 calls (5000 a second)")
	assert.Regexp(t, `process_resident_memory_bytes +100500000 +105250000 +110000000 +\+9\.5 %`, said)
	assert.Regexp(t, `go_goroutines +50 +50 +50 +\+0\.0 %`, said)
}
