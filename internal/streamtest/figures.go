package streamtest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Figures is a metrics exporter that adds up what it is told. A figure has the
// name of its metric, with its label values after it: "segment_requests 200". The
// zero value is ready to use.
type Figures struct {
	mu   sync.Mutex
	sums map[string]int64
	// series holds what gauges were set to, and what timers have taken.
	series map[string][]int64
}

var _ service.MetricsExporter = (*Figures)(nil)

// Register makes it the metrics exporter figures.
func (f *Figures) Register(env *service.Environment) error {
	return env.RegisterMetricsExporter("figures", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return f, nil })
}

// Add counts. Nothing is no figure: a counter that starts at 0 has not counted.
func (f *Figures) Add(name string, n int64) {
	if n == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sums == nil {
		f.sums = make(map[string]int64)
	}
	f.sums[name] += n
}

func (f *Figures) note(name string, value int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.series == nil {
		f.series = make(map[string][]int64)
	}
	f.series[name] = append(f.series[name], value)
}

// Sum returns what a counter has come to, or how often a timer was used.
func (f *Figures) Sum(name string, labelValues ...string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sums[nameOf(name, labelValues)]
}

// Sums returns everything that was counted, by the engine too.
func (f *Figures) Sums() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.sums)
}

// Own returns what the output itself has counted.
func (f *Figures) Own() map[string]int64 {
	own := f.Sums()
	maps.DeleteFunc(own, func(name string, _ int64) bool { return !strings.HasPrefix(name, "segment_") })
	return own
}

// Series returns what a gauge was set to, or what a timer has taken.
func (f *Figures) Series(name string) []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.series[name])
}

// Last returns what a gauge was set to last.
func (f *Figures) Last(name string) int64 {
	series := f.Series(name)
	if len(series) == 0 {
		return 0
	}
	return series[len(series)-1]
}

// Reset forgets what was counted.
func (f *Figures) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sums = nil
}

func nameOf(name string, labelValues []string) string {
	return strings.Join(append([]string{name}, labelValues...), " ")
}

// figure is a metric with its label values.
type figure struct {
	all  *Figures
	name string
}

func (f figure) Incr(count int64)          { f.all.Add(f.name, count) }
func (f figure) IncrFloat64(count float64) { f.Incr(int64(count)) }
func (f figure) Set(value int64)           { f.all.note(f.name, value) }
func (f figure) SetFloat64(value float64)  { f.Set(int64(value)) }

func (f figure) Timing(taken int64) {
	f.Incr(1)
	f.Set(taken)
}

// with names a metric by the labels that are its own, without those that the
// engine puts before them.
func (f *Figures) with(name string, keys, values []string) figure {
	var own []string
	for i, key := range keys {
		if key != "label" && key != "path" && key != "stream" {
			own = append(own, values[i])
		}
	}
	return figure{all: f, name: nameOf(name, own)}
}

// NewCounterCtor makes counters.
func (f *Figures) NewCounterCtor(name string, keys ...string) service.MetricsExporterCounterCtor {
	return func(values ...string) service.MetricsExporterCounter { return f.with(name, keys, values) }
}

// NewTimerCtor makes timers.
func (f *Figures) NewTimerCtor(name string, keys ...string) service.MetricsExporterTimerCtor {
	return func(values ...string) service.MetricsExporterTimer { return f.with(name, keys, values) }
}

// NewGaugeCtor makes gauges.
func (f *Figures) NewGaugeCtor(name string, keys ...string) service.MetricsExporterGaugeCtor {
	return func(values ...string) service.MetricsExporterGauge { return f.with(name, keys, values) }
}

// Close does nothing.
func (*Figures) Close(context.Context) error { return nil }
