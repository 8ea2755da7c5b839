package contender

import (
	"fmt"
	"time"

	"benthos-segment/bench/internal/corpus"
)

// Axis is one thing that grows while the rest stays as it is.
type Axis struct {
	ID, Title, Unit string
	Points          []Place
}

// Place is one value on an axis.
type Place struct {
	X         float64
	contender Contender
}

// Contenders returns one for each place.
func (a Axis) Contenders() []Contender {
	all := make([]Contender, len(a.Points))
	for i, place := range a.Points {
		all[i] = place.contender
		all[i].ID = fmt.Sprintf("%s_%g", a.ID, place.X)
		all[i].Name = fmt.Sprintf("%s: %g %s", a.Title, place.X, a.Unit)
		all[i].Group, all[i].Against = Ours, all[i].ID
	}
	return all
}

// Axes are what the cost of an event might depend on.
func Axes() []Axis {
	return []Axis{
		axis("size", "size of an event", "bytes", []int{300, 1000, 3000, 10_000, 31_000}, func(bytes int) Contender {
			// Larger events are fewer, so that each place reads about as much.
			return Contender{Share: min(1, 3000/float64(bytes)), Shape: corpus.Shape{Bytes: bytes}, Form: corpus.Form{Record: max(10, min(300, 450_000/bytes))}, command: pipeline([]string{Batched, "segment"})}
		}),
		axis("batch", "events in a batch", "events", []int{1, 10, 100, 1000, 10_000}, func(count int) Contender {
			return Contender{Share: min(1, 0.2*float64(count)), Form: corpus.Form{Record: min(count, 1000)}, command: pipeline([]string{Batched, "segment_batching"}, fmt.Sprintf("COUNT=%d", count))}
		}),
		axis("latency", "latency of the sink", "ms", []int{0, 5, 50, 200, 500}, func(ms int) Contender {
			return Contender{Share: 1, Latency: time.Duration(ms) * time.Millisecond, Form: corpus.Batched, command: pipeline([]string{Batched, "segment"})}
		}),
		axis("people", "people", "persons", []int{1, 100, 10_000, 1_000_000}, func(people int) Contender {
			return Contender{Share: 1, Shape: corpus.Shape{People: people}, Form: corpus.Batched, command: pipeline([]string{Batched, "segment"})}
		}),
		axis("keys", "write keys", "keys", []int{1, 10, 100, 1000}, func(keys int) Contender {
			return Contender{Share: 1 / (1 + float64(keys)/200), Form: corpus.Batched, command: pipeline([]string{Batched, "segment_keys"}, fmt.Sprintf("KEYS=%d", keys))}
		}),
	}
}

func axis(id, title, unit string, values []int, make func(int) Contender) Axis {
	axis := Axis{ID: id, Title: title, Unit: unit}
	for _, value := range values {
		axis.Points = append(axis.Points, Place{X: float64(value), contender: make(value)})
	}
	return axis
}
