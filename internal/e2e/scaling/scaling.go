// Package scaling says what more processes than a machine has cores would do: it
// shares the events of many people over partitions, the partitions over
// processes, and gives each process a core.
package scaling

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Group is what is simulated.
type Group struct {
	People     int
	Partitions int
	// Skew is how uneven people are, the exponent of a Zipf distribution: with 0
	// all are alike, with 1 a few do most.
	Skew float64
	// Cost is what an event takes of a core.
	Cost time.Duration
}

// Rates returns how many events a second each number of processes does, if none
// of their partitions is to lag behind.
//
// A partition gets what its people do. The process whose partitions get the most
// is the first that cannot follow, so that it says what all of them can do.
func (g Group) Rates(processes ...int) []float64 {
	shares := g.shares()
	rates := make([]float64, len(processes))
	for i, n := range processes {
		rates[i] = 1 / (slices.Max(assign(shares, n)) * g.Cost.Seconds())
	}
	return rates
}

// shares are what part of all events each partition gets.
func (g Group) shares() []float64 {
	rng := rand.New(rand.NewPCG(1, 1))
	weights := make([]float64, g.Partitions)
	total := 0.0
	for person := range g.People {
		weight := 1.0
		if g.Skew > 0 {
			weight = math.Pow(float64(1+rng.IntN(g.People)), -g.Skew)
		}
		weights[partitionOf(person, g.Partitions)] += weight
		total += weight
	}
	for i := range weights {
		weights[i] /= total
	}
	return weights
}

// partitionOf is a hash of a person's key, as producers take one.
func partitionOf(person, partitions int) int {
	hash := fnv.New32a()
	_, _ = hash.Write(strconv.AppendInt([]byte("cus_"), int64(person), 10)) // which never fails
	return int(hash.Sum32() % uint32(partitions))
}

// assign gives each process as many partitions as any other, or one more, as the
// group does: it does not know which are busy.
func assign(shares []float64, processes int) []float64 {
	loads := make([]float64, processes)
	for partition, share := range shares {
		loads[partition%processes] += share
	}
	return loads
}

// Table compares groups: what they do, and how far that is from linear.
func Table(processes []int, groups ...Group) string {
	rates := make([][]float64, len(groups))
	for i, g := range groups {
		rates[i] = g.Rates(processes...)
	}
	var b strings.Builder
	for i, n := range processes {
		most := (groups[0].Partitions + n - 1) / n
		fmt.Fprintf(&b, "| %d | %d |", n, most)
		for _, of := range rates {
			linear := of[0] * float64(n) / float64(processes[0])
			fmt.Fprintf(&b, " %.0f | %.0f %% |", of[i], 100*of[i]/linear)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
