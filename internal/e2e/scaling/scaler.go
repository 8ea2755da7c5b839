package scaling

import (
	"math"
	"time"
)

// A Scaler decides by the lag of a consumer group how many processes that has
// to have, as two do together in Kubernetes: KEDA's scaler for Kafka, which says
// what the lag is worth, and the HorizontalPodAutoscaler.
//
// https://keda.sh/docs/latest/scalers/apache-kafka/
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
type Scaler struct {
	// LagOfOne is the lag for which there is to be one process: lagThreshold.
	LagOfOne int
	// Min and Max are the fewest processes and the most.
	Min, Max int
	// Idle is for how long processes were not needed before they go:
	// stabilizationWindowSeconds.
	Idle time.Duration

	advices []advice
}

type advice struct {
	at   time.Time
	size int
}

const (
	// tolerance is by how much the lag of one may be off before anything changes.
	tolerance = 0.1
	// More processes at a time are doubled, or so many.
	atOnce = 4
)

// Size is how many processes there are to be now, with such a lag of each
// partition. No more than there are partitions with lag: limitToPartitionsWithLag.
func (s *Scaler) Size(now time.Time, size int, lags []int) int {
	wanted := s.advise(size, lags)
	s.advices = append(s.advices, advice{now, wanted})
	for now.Sub(s.advices[0].at) > s.Idle {
		s.advices = s.advices[1:]
	}
	if wanted > size {
		return min(wanted, max(2*size, size+atOnce))
	}
	for _, a := range s.advices {
		wanted = max(wanted, min(a.size, size))
	}
	return wanted
}

// advise is what the lag asks for at the moment.
func (s *Scaler) advise(size int, lags []int) int {
	behind := 0
	for _, lag := range lags {
		if lag > 0 {
			behind++
		}
	}
	lag := min(Sum(lags), behind*s.LagOfOne)
	wanted := size
	if use := float64(lag) / float64(size*s.LagOfOne); math.Abs(use-1) > tolerance {
		wanted = (lag + s.LagOfOne - 1) / s.LagOfOne
	}
	return min(max(wanted, s.Min), s.Max)
}

// Sum is the lag of a group, by that of its partitions.
func Sum(lags []int) (sum int) {
	for _, lag := range lags {
		sum += lag
	}
	return sum
}
