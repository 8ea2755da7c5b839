package soak

import "math"

// growth is by how much something grows in an hour, and how sure that is: the
// true value lies within margin of it in 95 of 100 soaks.
type growth struct{ slope, margin float64 }

// fewest is how many sightings say anything.
const fewest = 60

// growthOf fits a line to what was seen, with the wave of a day taken off: what
// is kept goes with the traffic. The hours are those of the values.
//
// What is seen now says much about what is seen next, so that there is less to
// learn from many sightings than their number promises. The standard error
// allows for that as Newey and West do, since the usual one would be far too
// sure. https://doi.org/10.2307/1913610
func growthOf(hours, values []float64, day float64) growth {
	n := len(hours)
	if n < fewest {
		return growth{0, math.Inf(1)}
	}
	line := append([]float64(nil), hours...)
	rest := append([]float64(nil), values...)
	// What does not change and what changes with the day is taken off both.
	for _, wave := range waves(hours, day) {
		line, rest = without(line, wave), without(rest, wave)
	}
	square := dot(line, line)
	if square == 0 {
		return growth{0, math.Inf(1)}
	}
	slope := dot(line, rest) / square
	scores := make([]float64, n)
	for i := range scores {
		scores[i] = line[i] * (rest[i] - slope*line[i])
	}
	return growth{slope, confidence(n) * math.Sqrt(longRunVariance(scores)) / square}
}

// waves are the level, and two shapes of a day, at right angles to each other.
func waves(hours []float64, day float64) [][]float64 {
	level, sine, cosine := make([]float64, len(hours)), make([]float64, len(hours)), make([]float64, len(hours))
	for i, at := range hours {
		phase := 2 * math.Pi * at / day
		level[i], sine[i], cosine[i] = 1, math.Sin(phase), math.Cos(phase)
	}
	sine = without(sine, level)
	cosine = without(without(cosine, level), sine)
	return [][]float64{level, sine, cosine}
}

// without takes off what a series has of another one.
func without(series, other []float64) []float64 {
	square := dot(other, other)
	if square < 1e-12 {
		return series
	}
	share := dot(series, other) / square
	rest := make([]float64, len(series))
	for i := range series {
		rest[i] = series[i] - share*other[i]
	}
	return rest
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// longRunVariance is that of the sum of a series whose neighbours are alike.
// What each has of the one before is taken off first and put back at the end.
// https://doi.org/10.2307/2951574
func longRunVariance(series []float64) float64 {
	before, after := series[:len(series)-1], series[1:]
	alike := dot(before, after) / max(dot(before, before), math.SmallestNonzeroFloat64)
	alike = min(max(alike, 0), mostAlike)
	fresh := make([]float64, len(after))
	for i := range fresh {
		fresh[i] = after[i] - alike*before[i]
	}
	sum := dot(fresh, fresh)
	reach := reachOf(len(fresh))
	for lag := 1; lag <= reach && lag < len(fresh); lag++ {
		weight := 1 - float64(lag)/float64(reach+1)
		sum += 2 * weight * dot(fresh[lag:], fresh[:len(fresh)-lag])
	}
	return max(sum, 0) / ((1 - alike) * (1 - alike))
}

// mostAlike bounds what is put back.
const mostAlike = 0.97

func reachOf(n int) int { return int(math.Ceil(math.Sqrt(float64(n)))) }

// confidence is how many standard errors 95 % are, by how many neighbours the
// standard error looks at, and with caution: on series that are made up, of
// which each value has four fifths of the one before, it is 91 % without.
// https://doi.org/10.1017/S0266466605050565
func confidence(n int) float64 {
	b := float64(reachOf(n)) / float64(n)
	return caution * (1.96 + 2.9694*b + 0.4160*b*b - 0.5324*b*b*b)
}

const caution = 1.25

// verdict is what growth means for something of which there is so much.
type verdict string

const (
	flat   verdict = "flat"
	grows  verdict = "GROWS"
	unsure verdict = "too short to tell"
)

// tolerable is the growth in an hour that counts as none, as a part of what is
// there.
const tolerable = 0.05

func (g growth) verdict(level float64) verdict {
	bound := tolerable * level
	switch {
	case g.slope-g.margin > bound:
		return grows
	case g.slope+g.margin <= bound:
		return flat
	default:
		return unsure
	}
}
