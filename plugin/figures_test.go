package plugin_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// figures is a metrics exporter that adds up what it is told.
type figures struct {
	mu   sync.Mutex
	sums map[string]int64
	// series holds what gauges were set to, and what timers have taken.
	series map[string][]int64
}

// of returns the sum of a metric, with its label values after its name.
func (f *figures) of(name string, labelValues ...string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sums[figureName(name, labelValues)]
}

// seriesOf returns what a gauge was set to, or what a timer has taken.
func (f *figures) seriesOf(name string) []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.series[name])
}

// all returns what the output itself has counted.
func (f *figures) all() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	ours := maps.Clone(f.sums)
	maps.DeleteFunc(ours, func(name string, _ int64) bool { return !strings.HasPrefix(name, "segment_") })
	return ours
}

func figureName(name string, labelValues []string) string {
	return strings.Join(append([]string{name}, labelValues...), " ")
}

// figure is a metric with its label values.
type figure struct {
	all  *figures
	name string
}

func (f figure) Incr(count int64) {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	if f.all.sums == nil {
		f.all.sums = make(map[string]int64)
	}
	f.all.sums[f.name] += count
}

func (f figure) IncrFloat64(count float64) { f.Incr(int64(count)) }
func (f figure) SetFloat64(value float64)  { f.Set(int64(value)) }

func (f figure) Timing(taken int64) {
	f.Incr(1)
	f.Set(taken)
}

func (f figure) Set(value int64) {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	if f.all.series == nil {
		f.all.series = make(map[string][]int64)
	}
	f.all.series[f.name] = append(f.all.series[f.name], value)
}

// with names a metric. The engine puts the labels of the component first;
// the last ones are those of the metric itself.
func (f *figures) with(name string, labelKeys, labelValues []string) figure {
	var own []string
	for i, key := range labelKeys {
		if key != "label" && key != "path" && key != "stream" {
			own = append(own, labelValues[i])
		}
	}
	return figure{all: f, name: figureName(name, own)}
}

func (f *figures) NewCounterCtor(name string, labelKeys ...string) service.MetricsExporterCounterCtor {
	return func(labelValues ...string) service.MetricsExporterCounter {
		return f.with(name, labelKeys, labelValues)
	}
}

func (f *figures) NewTimerCtor(name string, labelKeys ...string) service.MetricsExporterTimerCtor {
	return func(labelValues ...string) service.MetricsExporterTimer {
		return f.with(name, labelKeys, labelValues)
	}
}

func (f *figures) NewGaugeCtor(name string, labelKeys ...string) service.MetricsExporterGaugeCtor {
	return func(labelValues ...string) service.MetricsExporterGauge {
		return f.with(name, labelKeys, labelValues)
	}
}

func (*figures) Close(context.Context) error { return nil }
